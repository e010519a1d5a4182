/// The real executable, started with a configuration of the test's.
package final class TestGateway: Sendable {
    package let port: UInt16
    package let folder: TemporaryFolder
    package let configurationFile: String
    private let process: ChildProcess

    package var portal: String { "http://login.gw.localhost:\(port)" }
    package func app(_ name: String) -> String { "http://\(name).gw.localhost:\(port)" }

    /// What `scripts/test` has just built; else what stands in the package's own build folder.
    package static let executable = TestEnvironment.value("GATEHOUSE_TEST_EXECUTABLE") ?? ".build/debug/gatehouse"

    /// - Parameter configuration: YAML without `server` and `keys`.
    ///   - descriptors: how many files and sockets the process may have open; `nil` is as many as the tests.
    ///   - isLogRead: `false` gives it a standard error that nobody reads: a pipe that is full soon.
    package static func start(
        _ configuration: String,
        port: UInt16 = FreePort.takeOne(),
        descriptors: Int? = nil,
        isLogRead: Bool = true
    ) async throws -> TestGateway {
        let folder = TemporaryFolder()
        let file = folder.write(Self.server(port) + configuration, to: "gatehouse.yaml")
        return try await ChildProcess.offPool {
            let limit = descriptors.map { ["/usr/bin/prlimit", "--nofile=\($0):\($0)"] } ?? []
            let unread = [
                "/bin/sh", "-c", "mkfifo \"$0\" && exec 3<>\"$0\" && exec \"$@\" 2>&3", folder.file("stderr"),
            ]
            let command = (isLogRead ? [] : unread) + limit + [executable, "serve", "--config", file]
            let process = try ChildProcess(
                command[0],
                Array(command.dropFirst()),
                output: folder.file("gatehouse.log")
            )
            for _ in 0..<1500 {
                if (try? ByteStream(port: port)) != nil {
                    return TestGateway(port: port, folder: folder, configurationFile: file, process: process)
                }
                guard process.isRunning else { break }
                Pause.milliseconds(10)
            }
            throw ChildProcess.Failure(
                description: "the gateway does not run:\n\(contents(of: folder.file("gatehouse.log")))"
            )
        }
    }

    package static func server(_ port: UInt16) -> String {
        """
        server:
          listen: ["127.0.0.1:\(port)"]
          public_url: http://login.gw.localhost:\(port)
        keys: { file: gateway.key }
        second_factors: { required: false }

        """
    }

    private init(port: UInt16, folder: TemporaryFolder, configurationFile: String, process: ChildProcess) {
        self.port = port
        self.folder = folder
        self.configurationFile = configurationFile
        self.process = process
    }

    package var log: String { contents(of: folder.file("gatehouse.log")) }
    package var isRunning: Bool { process.isRunning }
    package func send(_ signal: Int32) { process.send(signal) }
    package func stop() async throws { try await ChildProcess.offPool { self.process.stop() } }

    /// Runs another command of the executable with this gateway's configuration.
    package func command(_ arguments: [String]) async throws -> (status: Int32, output: String) {
        try await Self.command([arguments[0], "--config", configurationFile] + arguments.dropFirst())
    }

    package static func command(_ arguments: [String]) async throws -> (status: Int32, output: String) {
        try await ChildProcess.offPool {
            let folder = TemporaryFolder()
            let status = try ChildProcess.run(executable, arguments, output: folder.file("out"))
            return (status, contents(of: folder.file("out")))
        }
    }
}
