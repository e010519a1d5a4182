import GatehouseCore
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Trusted proxies in front")
    struct Trust {
        private static let testimony =
            "X-Forwarded-For: 192.0.2.5, 127.0.0.9\r\nX-Forwarded-Host: two.test:8443\r\nX-Forwarded-Proto: http\r\n"

        @Test("what a trusted proxy says decides, is passed on once and is on record")
        func believed() async throws {
            let backend = try await RecordingBackend.start()
            let two = try await RecordingBackend.start()
            try await withGateway(backend, more: [two.port], conditions: .trusting("127.0.0.0/8")) { gateway in
                let client = try await gateway.connect()
                let inside = gateway.request("GET /inside/a", fields: Self.testimony, cookie: "a=b")
                #expect(try await client.exchange(inside)?.status == 200)
                let sent = try await two.requests(1)[0]
                #expect(sent.fields.foldedValues("x-forwarded-for") == ["192.0.2.5"])
                #expect(sent.fields.foldedValues("x-forwarded-host") == ["two.test:8443"])
                #expect(sent.fields.foldedValues("x-forwarded-proto") == ["http"])
                #expect(sent.values("Host") == ["two.test:8443"])
                let record = try await gateway.records.wait("the record") { $0.count == 1 }[0]
                #expect(record.address == SourceAddress("192.0.2.5"))
                #expect(record.host == "two.test")
                #expect(backend.state.value.requests.isEmpty)
            }
            await two.stop()
        }

        @Test("from anyone else it is nothing, and goes no further")
        func strangers() async throws {
            let backend = try await RecordingBackend.start()
            for conditions in [Conditions(), .trusting("192.0.2.0/24", "::1/128"), .trusting(unixSockets: true)] {
                try await withGateway(backend, conditions: conditions, stopsBackend: false) { gateway in
                    let client = try await gateway.connect()
                    #expect(
                        try await client.exchange(gateway.request("GET /inside/a", fields: Self.testimony))?.status
                            == 403
                    )
                    let count = backend.state.value.requests.count
                    #expect(
                        try await client.exchange(gateway.request("GET /a", fields: Self.testimony))?.status == 200
                    )
                    let sent = try await backend.requests(count + 1)[count]
                    #expect(sent.fields.foldedValues("x-forwarded-for") == ["127.0.0.1"])
                    #expect(sent.fields.foldedValues("x-forwarded-host") == ["app.test"])
                    #expect(sent.fields.foldedValues("x-forwarded-proto") == ["https"])
                    let records = try await gateway.records.wait("the records") { $0.count == 2 }
                    #expect(records.map(\.address) == [SourceAddress("127.0.0.1"), SourceAddress("127.0.0.1")])
                }
            }
            await backend.stop()
        }

        @Test("a kept connection carries many clients' requests, each judged by its own address")
        func perRequest() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend, conditions: .trusting("127.0.0.0/8")) { gateway in
                let client = try await gateway.connect()
                let rows: [(String, String, Int)] = [
                    ("X-Forwarded-For: 192.0.2.5\r\n", "192.0.2.5", 200),
                    ("X-Forwarded-For: 192.0.2.5\r\n", "192.0.2.5", 200),
                    ("X-Forwarded-For: 198.51.100.7\r\n", "198.51.100.7", 403),
                    ("X-Forwarded-For: 192.0.2.5, 198.51.100.7\r\n", "198.51.100.7", 403),
                    ("X-Forwarded-For: 192.0.2.5, nonsense\r\n", "127.0.0.1", 403),
                    ("X-Forwarded-For: nonsense, 192.0.2.6\r\n", "192.0.2.6", 200),
                    ("X_Forwarded_For: 192.0.2.5\r\n", "127.0.0.1", 403), ("", "127.0.0.1", 403),
                ]
                for (index, (fields, address, status)) in rows.enumerated() {
                    let response = try await client.exchange(gateway.request("GET /inside/a", fields: fields))
                    #expect(response?.status == status, "\(fields)")
                    let records = try await gateway.records.wait("the record") { $0.count == index + 1 }
                    #expect(records[index].address == SourceAddress(address), "\(fields)")
                }
                let sent = backend.state.value.requests.map { $0.values("X-Forwarded-For") }
                #expect(sent == [["192.0.2.5"], ["192.0.2.5"], ["192.0.2.6"]])
            }
        }

        @Test("a host that is none of ours is 421 from a trusted proxy too, and on record as it was said")
        func unknownHost() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend, conditions: .trusting("127.0.0.0/8")) { gateway in
                let client = try await gateway.connect()
                let fields = "X-Forwarded-Host: evil.test\r\nX-Forwarded-For: 192.0.2.5\r\n"
                #expect(try await client.exchange(gateway.request("GET /public/a", fields: fields))?.status == 421)
                let record = try await gateway.records.wait("the record") { $0.count == 1 }[0]
                #expect(record.host == "evil.test")
                #expect(record.address == SourceAddress("192.0.2.5"))
                #expect(backend.state.value.connections.isEmpty)
            }
        }

        @Test("the portal learns the client's address, and its own host by what the proxy says")
        func portal() async throws {
            let backend = try await RecordingBackend.start()
            let responder = Gateway.responder { request, promise in
                promise.succeed(
                    LocalResponse(
                        status: 200,
                        fields: [],
                        body: ByteBuffer(string: "\(request.host) \(request.address?.description ?? "-")")
                    )
                )
                return true
            }
            try await withGateway(backend, conditions: .trusting("127.0.0.0/8"), responder: responder) { gateway in
                let client = try await gateway.connect()
                let fields = "X-Forwarded-Host: login.test\r\nX-Forwarded-For: 2001:db8::7\r\n"
                let response = try await client.exchange(gateway.request("GET /login", fields: fields))
                #expect(response?.bodyText == "login.test 2001:db8::7")
            }
        }

        @Test(
            "a Unix socket's client is unknown, unless such sockets are trusted and somebody says",
            arguments: [true, false]
        )
        func unixSocket(_ isTrusted: Bool) async throws {
            let backend = try await RecordingBackend.start()
            let path = "/tmp/gatehouse-\(getpid())-\(isTrusted).sock"
            defer { _ = unsafe unlink(path) }
            try await withGateway(backend, conditions: .trusting(unixSockets: isTrusted)) { gateway in
                _ = try await gateway.server.listen(.unixSocket(path: path))
                let client = try await RawConnection.open(to: SocketAddress(unixDomainSocketPath: path))
                let inside = gateway.request("GET /inside/a", fields: "X-Forwarded-For: 192.0.2.5\r\n")
                #expect(try await client.exchange(inside)?.status == (isTrusted ? 200 : 403))
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200)
                let records = try await gateway.records.wait("the records") { $0.count == 2 }
                #expect(records.map(\.address) == [isTrusted ? SourceAddress("192.0.2.5") : nil, nil])
                #expect(backend.state.value.requests.last?.values("X-Forwarded-For") == [])
                client.close()
            }
        }

        @Test("a listener that others reach closes everybody but trusted proxies, at once")
        func openListener() async throws {
            let backend = try await RecordingBackend.start()
            for (conditions, isServed) in [
                (Conditions(), false), (.trusting("192.0.2.0/24"), false), (.trusting("127.0.0.0/8"), true),
            ] {
                try await withGateway(backend, conditions: conditions, stopsBackend: false) { gateway in
                    let address = try await gateway.server.listen(.ip("0.0.0.0", port: 0))
                    let client = try await RawConnection.open(try #require(address?.port))
                    client.send(gateway.request("GET /public/a"))
                    if isServed {
                        #expect(try await client.response()?.status == 200)
                    } else {
                        #expect(try await client.readToEnd().bytes.isEmpty)
                        #expect(gateway.records.value.isEmpty)
                    }
                    client.close()
                    let inside = try await gateway.connect()
                    #expect(try await inside.exchange(gateway.request("GET /a"))?.status == 200)
                }
            }
            #expect(backend.state.value.requests.count == 4)
            await backend.stop()
        }

        @Test("whose trust a reload withdraws is believed no more, and on such a listener not served any more")
        func withdrawn() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend, conditions: .trusting("127.0.0.0/8")) { gateway in
                let address = try await gateway.server.listen(.ip("0.0.0.0", port: 0))
                let outside = try await RawConnection.open(try #require(address?.port))
                let inside = try await gateway.connect()
                let request = gateway.request("GET /inside/a", fields: "X-Forwarded-For: 192.0.2.5\r\n")
                #expect(try await outside.exchange(request)?.status == 200)
                #expect(try await inside.exchange(request)?.status == 200)
                await gateway.server.install(try World.snapshot(number: 2, upstreams: [backend.port]))
                try await outside.readToEnd()
                #expect(try await inside.exchange(request)?.status == 403)
            }
        }
    }
}
