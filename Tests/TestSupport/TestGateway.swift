internal import NIOCore

/// The real executable, started with a configuration of the test's.
package final class TestGateway: Sendable {
    package let port: UInt16
    /// Where `/healthz`, `/readyz` and `/metrics` answer.
    package let operationsPort: UInt16
    package let folder: TemporaryFolder
    package let configurationFile: String
    private let process: ChildProcess

    package var portal: String { "http://login.gw.localhost:\(port)" }
    package func app(_ name: String) -> String { "http://\(name).gw.localhost:\(port)" }
    /// The gateway's own secret; another node that shares the Redis is given this file.
    package var keyFile: String { folder.file("gateway.key") }
    package var auditFile: String { folder.file("audit.jsonl") }

    /// How many event loops a gateway has that is not told otherwise; each has a connection to Redis.
    package static let eventLoops = System.coreCount

    /// What `scripts/test` has just built; else what stands in the package's own build folder.
    package static let executable = TestEnvironment.value("GATEHOUSE_TEST_EXECUTABLE") ?? ".build/debug/gatehouse"

    /// How a test's gateway differs from the usual one.
    package struct Options: Sendable {
        /// Of the first node, where this is another one of the same gateway: the key is shared, and so is the portal's address.
        package var sharedWith: TestGateway?
        /// Keys of `server`, as `trusted_proxies: ["127.0.0.1"]`, a line each.
        package var serverLines: [String] = []
        package var environment: [String: String] = [:]
        package var drainDelay = "0s"
        /// Key files of before a rotation.
        package var previousKeys: [String] = []
        /// Addresses besides the one of 127.0.0.1.
        package var alsoListensOn: [String] = []

        package init() {}
    }

    /// - Parameter configuration: YAML without `server`, `keys` and `second_factors`.
    ///   - descriptors: how many files and sockets the process may have open; `nil` is as many as the tests.
    ///   - isLogRead: `false` gives it a standard error that nobody reads: a pipe that is full soon.
    package static func start(
        _ configuration: String,
        port: UInt16 = FreePort.takeOne(),
        descriptors: Int? = nil,
        isLogRead: Bool = true,
        options: Options = Options()
    ) async throws -> TestGateway {
        let folder = TemporaryFolder()
        let operationsPort = FreePort.takeOne()
        let server = Self.server(port, operationsPort: operationsPort, options)
        let file = folder.write(server + configuration, to: "gatehouse.yaml")
        return try await ChildProcess.offPool {
            let limit = descriptors.map { ["/usr/bin/prlimit", "--nofile=\($0):\($0)"] } ?? []
            let unread = [
                "/bin/sh", "-c", "mkfifo \"$0\" && exec 3<>\"$0\" && exec \"$@\" 2>&3", folder.file("stderr"),
            ]
            let command = (isLogRead ? [] : unread) + limit + [executable, "serve", "--config", file]
            let process = try ChildProcess(
                command[0],
                Array(command.dropFirst()),
                environment: options.environment,
                output: folder.file("gatehouse.log")
            )
            for _ in 0..<1500 {
                if (try? ByteStream(port: port)) != nil, (try? ByteStream(port: operationsPort)) != nil {
                    return TestGateway(
                        port: port,
                        operationsPort: operationsPort,
                        folder: folder,
                        configurationFile: file,
                        process: process
                    )
                }
                guard process.isRunning else { break }
                Pause.milliseconds(10)
            }
            throw ChildProcess.Failure(
                description: "the gateway does not run:\n\(contents(of: folder.file("gatehouse.log")))"
            )
        }
    }

    package static func server(
        _ port: UInt16,
        operationsPort: UInt16? = nil,
        _ options: Options = Options()
    ) -> String {
        let addresses = ["127.0.0.1:\(port)"] + options.alsoListensOn
        let lines = options.serverLines + (operationsPort.map { ["operations_listen: \"127.0.0.1:\($0)\""] } ?? [])
        let previous = options.previousKeys.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            server:
              listen: [\(addresses.map { "\"\($0)\"" }.joined(separator: ", "))]
              public_url: http://login.gw.localhost:\(options.sharedWith?.port ?? port)
              drain_delay: \(options.drainDelay)
            \(lines.map { "  \($0)\n" }.joined())
            keys: { file: \(options.sharedWith?.keyFile ?? "gateway.key"), previous: [\(previous)] }
            second_factors: { required: false }

            """
    }

    private init(
        port: UInt16,
        operationsPort: UInt16,
        folder: TemporaryFolder,
        configurationFile: String,
        process: ChildProcess
    ) {
        self.port = port
        self.operationsPort = operationsPort
        self.folder = folder
        self.configurationFile = configurationFile
        self.process = process
    }

    /// Writes another configuration in the place of the one that it was started with, for a reload.
    package func rewrite(_ change: (String) -> String) {
        folder.write(change(contents(of: configurationFile)), to: "gatehouse.yaml")
    }

    /// What the operations listener answers.
    package func operations(_ path: String) async throws -> WebResponse {
        let port = operationsPort
        return try await ChildProcess.offPool {
            let stream = try ByteStream(port: port, timeout: 10)
            try stream.write("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return try stream.readResponse(toHead: false)
        }
    }

    package var log: String { contents(of: folder.file("gatehouse.log")) }
    package var isRunning: Bool { process.isRunning }
    /// How it ended by itself; see ``ChildProcess/exitStatus``.
    package var exitStatus: Int32? { process.exitStatus }
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
