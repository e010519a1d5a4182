import NIOCore
import NIOPosix
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Stopping")
    struct Stopping {
        @Test("running exchanges end, idle connections close, new ones are refused")
        func graceful() async throws {
            let backend = try await RecordingBackend.start { if $0.target == "/ok" { $0.connection.answer("ok") } }
            try await withGateway(backend) { gateway in
                let idle = try await gateway.connect()
                #expect(try await idle.exchange(gateway.request("GET /ok"))?.status == 200)
                let busy = try await gateway.connect()
                busy.send(gateway.request("GET /slow"))
                let request = try await backend.requests(2)[1]
                async let stopped: Void = gateway.server.shutDown(within: .seconds(60))
                try await idle.readToEnd()
                await #expect(throws: (any Error).self) { _ = try await gateway.connect() }
                request.connection.answer("done")
                let response = try await busy.response()
                #expect(response?.bodyText == "done")
                #expect(response?.values("connection") == ["close"])
                await stopped
                for connection in backend.state.value.connections {
                    // Sooner than an idle connection to an upstream grows too old.
                    try await connection.raw.inbox.wait("the upstream's end", seconds: 30) { $0.isOver }
                }
            }
        }

        @Test("what does not end in time is cut")
        func cut() async throws {
            let backend = try await RecordingBackend.start { _ in }
            try await withGateway(backend) { gateway in
                let busy = try await gateway.connect()
                busy.send(gateway.request("GET /slow"))
                try await backend.requests(1)
                await gateway.server.shutDown(within: .milliseconds(100))
                #expect(try await busy.readToEnd().bytes.isEmpty)
                try await backend.state.value.connections[0].raw.inbox.wait("the upstream's end") { $0.isOver }
            }
        }

        @Test("a draining server serves old and new connections, and each answer is its connection's last")
        func draining() async throws {
            let backend = try await RecordingBackend.start {
                if !$0.target.hasPrefix("/slow") { $0.connection.answer("to \($0.target)") }
            }
            try await withGateway(backend) { gateway in
                let idle = try await gateway.connect()
                #expect(try await idle.exchange(gateway.request("GET /ok"))?.values("connection") == [])
                let silent = try await gateway.connect()
                let busy = try await gateway.connect()
                busy.send(gateway.request("GET /slow"))
                let slow = try await backend.requests(2)[1]
                await gateway.server.beginDraining()
                let new = try await gateway.connect()
                #expect(!idle.inbox.value.isOver && !silent.inbox.value.isOver)
                slow.connection.answer("done")
                let lines = [("GET /a", 200), ("GET /admin/a", 403), ("GET /.gatehouse/whoami", 200)]
                for (client, (line, status)) in zip([new, idle, silent], lines) {
                    let response = try await client.exchange(gateway.request(line))
                    #expect(response?.status == status)
                    #expect(response?.values("connection") == ["close"])
                    try await client.readToEnd()
                }
                let late = try await busy.response()
                #expect(late?.bodyText == "done" && late?.values("connection") == ["close"])
                try await busy.readToEnd()
                let again = try await gateway.connect()
                #expect(try await again.exchange(gateway.request("GET /b"))?.bodyText == "to /b")
            }
        }

        @Test(
            "requests that came together are all answered, the last one with the word that it is the last",
            arguments: [true, false]
        )
        func pipelined(_ isStopping: Bool) async throws {
            let backend = try await RecordingBackend.start {
                if $0.target != "/1" { $0.connection.answer("to \($0.target)") }
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send((1...4).map { gateway.request("GET /\($0)") }.joined())
                let first = try await backend.requests(1)[0]
                try await gateway.seesWhatWasSent()
                await gateway.server.beginDraining()
                async let stopped: Void = isStopping ? gateway.server.shutDown(within: .seconds(30)) : ()
                first.connection.answer("to /1")
                let inbox = try await client.readToEnd()
                let responses = RawResponse.parse(inbox.bytes).responses
                #expect(responses.map(\.bodyText) == ["to /1", "to /2", "to /3", "to /4"])
                #expect(responses.map { $0.values("connection") } == [[], [], [], ["close"]])
                client.close()
                await stopped
            }
        }

        @Test("a request that has begun to arrive is served by a server that stops")
        func begun() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target)") }
            try await withGateway(backend) { gateway in
                let begun = try await gateway.connect()
                begun.send("GET /a HTTP/1.1\r\nHost: app.test\r\n")
                let idle = try await gateway.connect()
                try await gateway.seesWhatWasSent()
                async let stopped: Void = gateway.server.shutDown(within: .seconds(60))
                try await idle.readToEnd()
                begun.send("Cookie: \(gateway.alice)\r\n\r\n")
                let response = try await begun.response()
                #expect(response?.bodyText == "to /a")
                #expect(response?.values("connection") == ["close"])
                begun.close()
                await stopped
                #expect(gateway.server.openConnections == 0)
            }
        }

        @Test("a long answer that was begun before goes on to its end")
        func streaming() async throws {
            let backend = try await RecordingBackend.start {
                $0.connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst")
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("GET /a"))
                try await client.read(until: "first")
                await gateway.server.beginDraining()
                async let stopped: Void = gateway.server.shutDown(within: .seconds(60))
                await #expect(throws: (any Error).self) {
                    // As long as the listener is open.
                    while true { try await gateway.connect().close() }
                }
                backend.state.value.connections[0].write("last")
                #expect(try await client.response()?.bodyText == "firstlast")
                // Nobody told the client that it was the last: but nothing more comes.
                try await client.readToEnd()
                client.close()
                await stopped
            }
        }

        @Test("draining under load fails no request")
        func underLoad() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target)") }
            try await withGateway(backend, threads: 2) { gateway in
                let served = Observed(0)
                let isDone = Observed(false)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<8 {
                        group.addTask {
                            var client = try await gateway.connect()
                            var count = 0
                            while !isDone.value {
                                let response = try await client.exchange(gateway.request("GET /\(number)-\(count)"))
                                #expect(response?.bodyText == "to /\(number)-\(count)")
                                guard let response else { break }
                                count += 1
                                served.update { $0 += 1 }
                                guard response.values("connection") == ["close"] else { continue }
                                client.close()
                                client = try await gateway.connect()
                            }
                            client.close()
                        }
                    }
                    try await served.wait("some requests") { $0 > 500 }
                    await gateway.server.beginDraining()
                    let before = served.value
                    try await served.wait("more requests") { $0 > before + 500 }
                    isDone.update { $0 = true }
                    try await group.waitForAll()
                }
                await gateway.server.shutDown(within: .seconds(30))
            }
        }
    }
}
