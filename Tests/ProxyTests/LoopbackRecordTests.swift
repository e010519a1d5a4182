import GatehouseCore
import NIOCore
import NIOPosix
import Policy
import Sessions
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Activity and records")
    struct Records {
        @Test("requests at passive paths, read as they are judged, are no activity", arguments: [true, false])
        func passive(_ answersAtOnce: Bool) async throws {
            let backend = try await RecordingBackend.start()
            let touches = Observed<[Bool]>([])
            var conditions = Conditions()
            conditions.passive = [try PathPattern("/poll/**"), try PathPattern("/status")]
            conditions.store = { TouchNotingStore(inner: $0, touches: touches, answersAtOnce: answersAtOnce) }
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                let rows: [(String, Bool)] = [
                    ("/a", true), ("/poll/1", false), ("/poll", false), ("/polls", true), ("/x/../poll/1", false),
                    ("/p%6Fll/1?a", false), ("/poll/../a", true), ("/poll/%2e%2e/a", true), ("/status", false),
                    ("/status/a", true), ("/a?/poll/1", true), ("//poll//1", false), ("/POLL/1", true),
                ]
                for (path, _) in rows {
                    #expect(try await client.exchange(gateway.request("GET \(path)"))?.status == 200, "\(path)")
                }
                #expect(touches.value == rows.map(\.1))
            }
        }

        @Test("without passive paths each request is activity")
        func active() async throws {
            let backend = try await RecordingBackend.start()
            let touches = Observed<[Bool]>([])
            var conditions = Conditions()
            conditions.store = { TouchNotingStore(inner: $0, touches: touches, answersAtOnce: true) }
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                #expect(try await client.exchange(gateway.request("GET /poll/1"))?.status == 200)
                #expect(touches.value == [true])
            }
        }

        @Test("a denied request is on record with who, and with what", arguments: [true, false])
        func denied(_ auditsPermitted: Bool) async throws {
            let backend = try await RecordingBackend.start()
            var conditions = Conditions()
            conditions.auditsPermitted = auditsPermitted
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                let fields = "User-Agent: Agent/1.0\r\n"
                for line in ["GET /admin/a", "GET /a", "PROPFIND /a", "DELETE /public/a"] {
                    _ = try await client.exchange(gateway.request(line, fields: fields))
                }
                _ = try await client.exchange(gateway.request("GET /a", fields: fields, cookie: "a=b"))
                let records = try await gateway.records.wait("the records") { $0.count == 5 }
                #expect(records.map(\.outcome) == [.denied, .forwarded, .forwarded, .forwarded, .challenged])
                let alice = SubjectID(realm: "staff", immutableID: "id-of-alice")
                #expect(records.map(\.subject) == [alice, alice, alice, alice, nil])
                #expect(records.map(\.directory) == ["staff", "staff", "staff", "staff", nil])
                #expect(records.map(\.methodName) == [.get, .get, .other, .delete, .get])
                #expect(records.map(\.method) == ["GET", "GET", "PROPFIND", "DELETE", "GET"])
                #expect(records.allSatisfy { $0.auditsPermitted == auditsPermitted })
                let agent = auditsPermitted ? "Agent/1.0" : nil
                #expect(records.map(\.userAgent) == ["Agent/1.0", agent, agent, agent, agent])
                #expect(records[0].rule == 2)
            }
        }

        @Test("a user agent is cut at 256 bytes, whatever they are")
        func userAgents() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                let agents: [[UInt8]] = [
                    [], Array("a".utf8), [UInt8](repeating: 0x61, count: 256), [UInt8](repeating: 0x61, count: 257),
                    [UInt8](repeating: 0xFF, count: 200), [UInt8](repeating: 0x61, count: 255) + Array("é".utf8),
                    Array(String(repeating: "é", count: 4000).utf8), [UInt8](repeating: 0xFF, count: 60_000),
                ]
                for (index, agent) in agents.enumerated() {
                    let head = gateway.request("GET /admin/a").utf8.dropLast(2) + Array("User-Agent: ".utf8)
                    client.send(bytes: head + agent + Array("\r\n\r\n".utf8))
                    #expect(try await client.response()?.status == 403)
                    let records = try await gateway.records.wait("the record") { $0.count == index + 1 }
                    let text = try #require(records[index].userAgent)
                    #expect(text.utf8.count <= 256)
                    #expect(text.utf8.count >= min(agent.count, 254), "\(index)")
                    if String(validating: agent, as: UTF8.self) != nil, agent.count <= 256 {
                        #expect(Array(text.utf8) == agent)
                    }
                }
            }
        }

        @Test("what never became a request has a record with bounded names")
        func refused() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                for text in [
                    "get / HTTP/1.1\r\nHost: app.test\r\n\r\n", "nonsense\r\n\r\n",
                    "TRACE / HTTP/1.1\r\nHost: app.test\r\n\r\n", "POST / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
                ] {
                    let client = try await gateway.connect()
                    client.send(text)
                    try await client.readToEnd()
                    client.close()
                }
                let records = try await gateway.records.wait("the records") { $0.count == 4 }
                #expect(records.map(\.methodName) == [.other, .other, .trace, .post])
                #expect(records.allSatisfy { $0.subject == nil && $0.userAgent == nil && !$0.auditsPermitted })
            }
        }

        @Test("open connections are counted, and those that are gone are not")
        func openConnections() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend, threads: 2) { gateway in
                #expect(gateway.server.openConnections == 0)
                var clients: [RawConnection] = []
                for index in 1...5 {
                    clients.append(try await gateway.connect())
                    #expect(try await clients[index - 1].exchange(gateway.request("GET /a"))?.status == 200)
                    #expect(gateway.server.openConnections == index)
                }
                for client in clients { client.close() }
                await gateway.server.shutDown(within: .seconds(60))
                #expect(gateway.server.openConnections == 0)
            }
        }
    }
}
