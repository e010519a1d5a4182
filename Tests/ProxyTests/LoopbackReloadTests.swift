import GatehouseCore
import NIOCore
import NIOPosix
import Policy
import Sessions
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Reload")
    struct Reload {
        /// Begins to answer and leaves the rest to the test.
        private static func streamingBackend() async throws -> RecordingBackend {
            try await RecordingBackend.start {
                if $0.target.hasPrefix("/stream") || $0.target.hasSuffix("stream") {
                    $0.connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
                } else {
                    $0.connection.answer("ok")
                }
            }
        }

        private static func stream(_ gateway: Gateway, _ path: String, cookie: String? = nil) async throws
            -> RawConnection
        {
            let client = try await gateway.connect()
            client.send(gateway.request("GET \(path)", cookie: cookie))
            try await client.read(until: "first")
            return client
        }

        private static func rules(_ rules: [Rule]) -> Conditions {
            var conditions = Conditions()
            conditions.change = { $0.rules = rules }
            return conditions
        }

        @Test("what is still permitted goes on untouched, what is not is cut off and on record")
        func judgedAnew() async throws {
            let backend = try await Self.streamingBackend()
            try await withGateway(backend) { gateway in
                let kept = try await Self.stream(gateway, "/stream")
                let cut = try await Self.stream(gateway, "/admin/stream", cookie: gateway.bob)
                let open = try await Self.stream(gateway, "/public/stream", cookie: "a=b")
                let upstreams = backend.state.value.requests.map(\.connection)
                await gateway.server.install(
                    try World.snapshot(
                        number: 2,
                        upstreams: [backend.port],
                        Self.rules([
                            try World.rule("/admin/**", audience: .nobody),
                            try World.rule("/public/**", audience: .signedIn), try World.rule("/**", roles: ["user"]),
                        ])
                    )
                )
                for (client, upstream) in [(cut, upstreams[1]), (open, upstreams[2])] {
                    let inbox = try await client.readToEnd()
                    #expect(!inbox.text.hasSuffix("0\r\n\r\n"), "a cut does not look like an end")
                    try await upstream.raw.inbox.wait("the upstream's end") { $0.isOver }
                }
                let records = try await gateway.records.wait("the records") { $0.count == 2 }
                #expect(records.map(\.reason) == ["no longer permitted", "no longer permitted"])
                #expect(records.map(\.outcome) == [.failed, .failed])
                upstreams[0].write("4\r\nlast\r\n0\r\n\r\n")
                #expect(try await kept.response()?.bodyText == "firstlast")
                #expect(try await kept.exchange(gateway.request("GET /a"))?.status == 200)
            }
        }

        @Test("an exchange is cut when its answer is still awaited, or its content on the way")
        func unanswered() async throws {
            let backend = try await RecordingBackend.start { _ in }
            try await withGateway(backend) { gateway in
                let waiting = try await gateway.connect()
                waiting.send(gateway.request("GET /a"))
                try await backend.requests(1)
                let sending = try await gateway.connect()
                sending.send(gateway.request("POST /b", fields: "Content-Length: 10\r\n") + "half")
                try await backend.state.wait("the half") {
                    $0.connections.count == 2 && $0.connections[1].raw.inbox.value.text.hasSuffix("half")
                }
                await gateway.server.install(
                    try World.snapshot(
                        number: 2,
                        upstreams: [backend.port],
                        Self.rules([try World.rule("/**", roles: ["admin"])])
                    )
                )
                #expect(try await waiting.readToEnd().bytes.isEmpty)
                #expect(try await sending.readToEnd().bytes.isEmpty)
                #expect(backend.state.value.requests.count == 1, "half a request is none")
            }
        }

        @Test(
            "a host, a path or a directory that is gone takes its streams along",
            arguments: ["host", "owner", "directory", "form"]
        )
        func gone(_ what: String) async throws {
            let backend = try await Self.streamingBackend()
            var before = Conditions()
            before.change = { if what == "form" { $0.mergeSlashes = false } }
            try await withGateway(backend, conditions: before) { gateway in
                let client = try await Self.stream(gateway, "/x//stream")
                var after = Conditions()
                switch what {
                case "host": after.change = { $0.hosts = ["elsewhere.test"] }
                case "owner": after.change = { $0.name = "another" }
                case "directory": after.factsDigests = ["partners": "digest-1"]
                default: break
                }
                // "form": the path went with both slashes to the app, and now one of them would be left out.
                await gateway.server.install(try World.snapshot(number: 2, upstreams: [backend.port], after))
                try await client.readToEnd()
                let record = try await gateway.records.wait("the record") { $0.count == 1 }[0]
                #expect(record.reason == "no longer permitted")
            }
        }

        @Test(
            "a stream of somebody who has to be read anew is judged by what is said then",
            arguments: ["user", "nothing", "over", "failure"]
        )
        func refreshed(_ answer: String) async throws {
            let backend = try await Self.streamingBackend()
            let asked = Observed(0)
            var conditions = Conditions()
            conditions.refresh = { session, eventLoop in
                asked.update { $0 += 1 }
                switch answer {
                case "over": return eventLoop.makeSucceededFuture(nil)
                case "failure": return eventLoop.makeFailedFuture(Conditions.NoDirectory())
                default:
                    let renewed = Session(
                        id: session.id,
                        facts: World.facts("alice", role: answer, digest: "digest-2"),
                        authenticationMethods: session.authenticationMethods,
                        createdAt: session.createdAt,
                        absoluteEnd: session.absoluteEnd,
                        idleEnd: session.idleEnd
                    )
                    return eventLoop.makeSucceededFuture(renewed)
                }
            }
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await Self.stream(gateway, "/stream")
                let upstream = backend.state.value.requests[0].connection
                conditions.factsDigests = ["staff": "digest-2"]
                await gateway.server.install(try World.snapshot(number: 2, upstreams: [backend.port], conditions))
                if answer == "user" || answer == "failure" {
                    try await gateway.seesWhatWasSent()
                    upstream.write("0\r\n\r\n")
                    #expect(try await client.response()?.bodyText == "first")
                } else {
                    try await client.readToEnd()
                    try await upstream.raw.inbox.wait("the upstream's end") { $0.isOver }
                }
                #expect(asked.value == 1)
            }
        }

        @Test("an exchange that waited during the reload is judged anew once it is a stream")
        func waiting() async throws {
            let backend = try await Self.streamingBackend()
            let held = Observed<[@Sendable () -> Void]>([])
            var conditions = Conditions()
            conditions.store = { HoldingStore(inner: $0, held: held) }
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("GET /stream"))
                try await held.wait("the look-up") { $0.count == 1 }
                let denied = Self.rules([try World.rule("/**", audience: .nobody)])
                await gateway.server.install(try World.snapshot(number: 2, upstreams: [backend.port], denied))
                held.value[0]()
                try await client.read(until: "first")
                try await client.readToEnd()
                let record = try await gateway.records.wait("the record") { $0.count == 1 }[0]
                #expect(record.reason == "no longer permitted")
            }
        }

        @Test("a stream to an upstream that moved goes on; idle connections to it close, and this one when it is done")
        func upstreams() async throws {
            let backend = try await Self.streamingBackend()
            let second = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await Self.stream(gateway, "/stream")
                let other = try await gateway.connect()
                #expect(try await other.exchange(gateway.request("GET /a"))?.status == 200)
                let connections = backend.state.value.connections
                #expect(connections.count == 2)
                await gateway.server.install(try World.snapshot(number: 2, upstreams: [second.port]))
                try await connections[1].raw.inbox.wait("the idle connection's end", seconds: 20) { $0.isOver }
                #expect(!connections[0].raw.inbox.value.isOver)
                connections[0].write("0\r\n\r\n")
                #expect(try await client.response()?.bodyText == "first")
                try await connections[0].raw.inbox.wait("the other's end", seconds: 20) { $0.isOver }
                #expect(try await other.exchange(gateway.request("GET /a"))?.status == 200)
                #expect(second.state.value.requests.count == 1)
                // One that stays named is kept.
                await gateway.server.install(try World.snapshot(number: 3, upstreams: [second.port]))
                #expect(try await other.exchange(gateway.request("GET /b"))?.status == 200)
                #expect(second.state.value.connections.count == 1)
            }
            await second.stop()
        }

        @Test("reloads under load fail no request")
        func underLoad() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target)") }
            try await withGateway(backend, threads: 2) { gateway in
                let isDone = Observed(false)
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<8 {
                        group.addTask {
                            let client = try await gateway.connect()
                            var count = 0
                            while !isDone.value || count < 100 {
                                let response = try await client.exchange(gateway.request("GET /\(number)-\(count)"))
                                #expect(response?.bodyText == "to /\(number)-\(count)")
                                guard response != nil else { break }
                                count += 1
                            }
                            client.close()
                            return count
                        }
                    }
                    for number in 2..<102 {
                        await gateway.server.install(
                            try World.snapshot(number: UInt64(number), upstreams: [backend.port])
                        )
                    }
                    isDone.update { $0 = true }
                    for try await count in group { #expect(count >= 100) }
                }
                #expect(gateway.records.value.allSatisfy { $0.outcome == .forwarded })
            }
        }
    }
}
