import Glibc
import TestSupport
import Testing

@Suite("systemd hears how the service is")
struct OperationsSystemdTests {
    @Test("READY at the start, RELOADING and READY around a reload, WATCHDOG as long as it lives, STOPPING at the end")
    func notifications() async throws {
        let systemd = try await Systemd.start()
        var options = TestGateway.Options()
        options.environment = ["NOTIFY_SOCKET": systemd.socket, "WATCHDOG_USEC": "400000"]
        let house = try await House.openAudited(options: options)
        #expect(await Poll.until { systemd.messages.contains { $0.hasPrefix("READY=1 ") } })
        #expect(await Poll.until(within: .seconds(5)) { systemd.messages.count { $0 == "WATCHDOG=1" } >= 3 })

        #expect(try await house.gateway.reload { $0.changing("title: Customer Relations", to: "title: Other") })
        #expect(await Poll.until { systemd.messages.count { $0.hasPrefix("READY=1 ") } == 2 })
        #expect(try await !house.gateway.reload { "\($0)nonsense: 1\n" })
        #expect(await Poll.until { systemd.messages.count { $0.hasPrefix("READY=1 ") } == 3 })
        let states = systemd.messages.compactMap { message in
            ["READY=1", "RELOADING=1"].first { message.hasPrefix($0) }
        }
        #expect(states == ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"])
        let reloading = systemd.messages.filter { $0.hasPrefix("RELOADING=1") }
        #expect(reloading.allSatisfy { $0.contains(" MONOTONIC_USEC=") })
        try await house.gateway.stop()
        #expect(await Poll.until { systemd.messages.contains { $0.hasPrefix("STOPPING=1") } })
        #expect(house.gateway.exitStatus == 0)
    }

    /// The receiving end of sd_notify(3).
    private final class Systemd: Sendable {
        private let folder = TemporaryFolder()
        private let process: ChildProcess

        var socket: String { folder.file("notify") }
        /// What came, in its order, lines joined by a blank.
        var messages: [String] { contents(of: folder.file("messages")).split(separator: "\n").map(String.init) }

        static func start() async throws -> Systemd {
            let systemd = try Systemd()
            guard await Poll.until({ unsafe access(systemd.socket, F_OK) == 0 }) else {
                throw ChildProcess.Failure(description: "nobody listens for notifications")
            }
            return systemd
        }

        private init() throws {
            let script = """
                import socket, sys
                end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                end.bind(sys.argv[1])
                while True:
                    print(end.recv(4096).decode().strip().replace("\\n", " "), flush=True)
                """
            process = try ChildProcess(
                TestEnvironment.python,
                ["-c", script, folder.file("notify")],
                output: folder.file("messages")
            )
        }
    }
}
