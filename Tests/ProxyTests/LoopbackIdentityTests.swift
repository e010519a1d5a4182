import GatehouseCore
import NIOCore
import NIOPosix
import Sessions
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Who is asking")
    struct Identity {
        @Test(
            "identity fields arrive once, and what a client forges never",
            arguments: ["GET /a", "POST /a", "OPTIONS /a", "GET /public/a"]
        )
        func spoofing(_ line: String) async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                let forged = ForwardedRequestTests.spoofs.map { "\($0): evil\r\n\($0.lowercased()): evil\r\n" }.joined()
                // In two requests, because a head has at most 100 fields.
                let lines = forged.split(separator: "\r\n").map { $0 + "\r\n" }
                for part in [lines.prefix(60).joined(), lines.dropFirst(60).joined()] {
                    let response = try await client.exchange(
                        gateway.request(line, fields: part + "Connection: x-xrm-user, Remote-User, x-forwarded-for\r\n")
                    )
                    #expect(response?.status == 200)
                }
                let anonymous = line.contains("public") || line.hasPrefix("OPTIONS")
                if anonymous {
                    #expect(
                        try await client.exchange(
                            gateway.request(line, fields: lines.prefix(60).joined(), cookie: "a=b")
                        )?.status == 200
                    )
                }
                for (index, request) in try await backend.requests(anonymous ? 3 : 2).enumerated() {
                    #expect(!request.head.contains("evil"), "\(request.head)")
                    let expected = index == 2 ? [] : ["alice"]
                    #expect(request.fields.foldedValues("remote-user") == expected)
                    #expect(request.fields.foldedValues("x-xrm-user") == expected)
                    #expect(request.fields.foldedValues("x-xrm-roles") == expected.map { _ in "user" })
                    #expect(request.fields.foldedValues("x-crm-mail") == expected.map { "\($0)@example.com" })
                    #expect(request.fields.foldedValues("x-forwarded-for") == ["127.0.0.1"])
                    #expect(request.fields.foldedValues("x-forwarded-host") == ["app.test"])
                    #expect(request.fields.foldedValues("x-request-id").count == 1)
                    #expect(request.fields.foldedValues("host") == ["app.test"])
                    #expect(!request.head.contains("gatehouse"), "the session cookie stays here")
                }
            }
        }

        @Test(
            "an anonymous request at a protected path does not reach the upstream",
            arguments: ["GET /a", "HEAD /a", "POST /a", "PUT /admin/x", "GET /x/%2e%2e/admin"]
        )
        func anonymous(_ line: String) async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                let token = SessionToken.random().text
                for cookie in [
                    "a=b", "__Host-gatehouse=short", "__Host-gatehouse=\(token)", "\(gateway.alice)x",
                    "\(gateway.alice); \(gateway.bob)", String(gateway.alice.dropLast()),
                ] {
                    let response = try #require(
                        try await client.exchange(
                            gateway.request(
                                line,
                                fields: "Sec-Fetch-Mode: navigate\r\nRange: bytes=0-1\r\n",
                                cookie: cookie
                            )
                        )
                    )
                    #expect([302, 303, 401].contains(response.status), "\(response)")
                    #expect(
                        response.values("location").first?.hasPrefix(
                            "https://login.test/login?rd=https%3A%2F%2Fapp.test%2F"
                        ) == true
                    )
                    let deleted = response.values("set-cookie").contains { $0.hasPrefix("__Host-gatehouse=;") }
                    #expect(deleted == (cookie != "a=b"))
                }
                let denied = try await client.exchange(gateway.request("GET /admin/x"))
                #expect(denied?.status == 403)
                #expect(backend.state.value.connections.isEmpty)
                #expect(try await gateway.isAlive(backend))
            }
        }

        @Test("a dead or doubled session is anonymous on a public path, and the doubled cookie is deleted")
        func publicPath() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                for (cookie, clears) in [
                    ("__Host-gatehouse=\(SessionToken.random().text)", false),
                    ("\(gateway.alice); \(gateway.bob)", true),
                ] {
                    let response = try #require(
                        try await client.exchange(gateway.request("GET /public/a", cookie: cookie))
                    )
                    #expect(response.status == 200)
                    #expect(response.values("set-cookie").contains { $0.hasPrefix("__Host-gatehouse=;") } == clears)
                }
                for request in try await backend.requests(2) { #expect(request.values("Remote-User").isEmpty) }
            }
        }

        @Test("an ended session is over on a kept connection too")
        func ended() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200)
                let sessions = try await gateway.store.sessions(of: nil, near: gateway.group.any())
                for session in sessions {
                    _ = try await gateway.store.end(
                        session.id,
                        of: session.subject.id,
                        cause: .revoked,
                        near: gateway.group.any()
                    )
                }
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 401)
                #expect(backend.state.value.requests.count == 1)
            }
        }

        @Test("what an upstream says in the gateway's name is removed")
        func upstreamFields() async throws {
            let backend = try await RecordingBackend.start { request in
                request.connection.answer(
                    "ok",
                    fields:
                        "Set-Cookie: __Host-gatehouse=evil; Path=/\r\nSet-Cookie: =gatehouse=evil\r\nSet-Cookie: app=1\r\nX-Gatehouse-Assertion: evil\r\n"
                )
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                let response = try #require(try await client.exchange(gateway.request("GET /a")))
                #expect(response.values("set-cookie") == ["app=1"])
                #expect(!response.head.contains("evil"))
            }
        }

        @Test("an exchange that waits for its session keeps the configuration that it began with")
        func reloadInBetween() async throws {
            let backend = try await RecordingBackend.start()
            let held = Observed<[@Sendable () -> Void]>([])
            var conditions = Conditions()
            conditions.store = { HoldingStore(inner: $0, held: held) }
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("GET /a"))
                try await held.wait("the look-up") { $0.count == 1 }
                await gateway.server.install(try World.snapshot(number: 2, upstreams: []))
                held.value[0]()
                let response = try await client.response()
                #expect(response?.status == 200)
                #expect(try await backend.requests(1)[0].values("Remote-User") == ["alice"])
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 421)
            }
        }

        @Test("a store that fails is 503 with a time to come back, nothing is forwarded, and the cookie stays")
        func failingStore() async throws {
            let backend = try await RecordingBackend.start()
            let held = Observed<[@Sendable () -> Void]>([])
            var conditions = Conditions()
            conditions.store = { HoldingStore(inner: $0, held: held, fails: true) }
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("GET /a"))
                try await held.wait("the look-up") { $0.count == 1 }.first?()
                let response = try #require(try await client.response())
                #expect(response.status == 503)
                #expect(response.values("Retry-After") == ["2"])
                #expect(response.values("Set-Cookie").isEmpty)
                #expect(backend.state.value.connections.isEmpty)
                let records = try await gateway.records.wait("the record") { $0.count == 1 }
                #expect(records[0].reason == "the session store failed")
                // A public path is no way round it: who asks is not known.
                client.send(gateway.request("GET /public/a"))
                try await held.wait("the look-up") { $0.count == 2 }.last?()
                #expect(try await client.response()?.status == 503)
            }
        }
    }

    @Suite("Requests that are no requests")
    struct Malformed {
        @Test("a malformed request is answered with 400, the connection ends, and the upstream hears nothing")
        func refused() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let fields = "Cookie: \(gateway.alice)\r\n"
                for (request, status) in Self.requests(fields) {
                    let client = try await gateway.connect()
                    // What stands behind must not be taken for a request.
                    client.send(request + "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n")
                    let inbox = try await client.readToEnd()
                    let responses = RawResponse.parse(inbox.bytes).responses
                    #expect(responses.count == 1, "\(request.debugDescription): \(responses)")
                    #expect(responses.first?.status == status, "\(request.debugDescription)")
                    #expect(responses.first?.values("connection") == ["close"])
                    client.close()
                }
                #expect(backend.state.value.connections.isEmpty)
                #expect(try await gateway.isAlive(backend))
                #expect(!backend.state.value.requests.contains { $0.target == "/smuggled" })
                #expect(gateway.records.value.count { $0.outcome == .refused } == Self.requests(fields).count)
            }
        }

        static func requests(_ fields: String) -> [(String, Int)] {
            func post(_ more: String, _ body: String) -> String {
                "POST /a HTTP/1.1\r\nHost: app.test\r\n\(fields)\(more)\r\n\(body)"
            }
            return [
                (post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
                (post("Transfer-Encoding:\r\nContent-Length: 3\r\n", "abc"), 400),
                (post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"), 400),
                (post("Transfer-Encoding: chunked \r\n", "0\r\n\r\n"), 400),
                (post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400),
                (post("Content-Length: +3\r\n", "abc"), 400),
                (post("X : y\r\n", ""), 400), (post("X: y\r\n z\r\n", ""), 400), (post("X: y\n", ""), 400),
                (post("X: \u{0}\r\n", ""), 400),
                (post("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"), 400),
                (post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"), 400),
                (post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"), 400),
                (
                    post(
                        "Transfer-Encoding: chunked\r\n",
                        "3;" + String(repeating: "x", count: 300) + "\r\nabc\r\n0\r\n\r\n"
                    ), 400
                ),
                (post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\nContent-Length: 1\r\n\r\n"), 400),
                (post("Expect: 100-continue, x\r\nContent-Length: 1\r\n", ""), 417),
                (post("Host: app.test\r\n", ""), 400),
                ("GET /a#b HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n", 400),
                ("GET  /a HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n", 400),
                ("GET /a%00 HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n", 400),
                ("GET /a\\b HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n", 400),
                ("GET * HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n", 400),
                ("GET http://evil/ HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n", 400),
                ("SOURCE / ICE/1.0\r\nHost: app.test\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
                ("GET / HTTP/1.1\nHost: app.test\n\n", 400),
                ("GET / HTTP/3.0\r\nHost: app.test\r\n\r\n", 505), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
                ("GET / HTTP/1.1\r\nHost: evil.test\r\n\(fields)\r\n", 421),
                ("CONNECT app.test:443 HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n", 405),
                ("TRACE / HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n", 405),
                ("GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\nHost: app.test\r\n\r\n", 414),
                (post(String(repeating: "a: b\r\n", count: 101), ""), 431),
                (post("X: " + String(repeating: "b", count: 66_000) + "\r\n", ""), 431),
            ]
        }

        @Test("a refused HEAD gets no content")
        func refusedHead() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send("HEAD / HTTP/1.1\r\nHost: evil.test\r\n\r\n")
                let inbox = try await client.readToEnd()
                #expect(inbox.text.hasPrefix("HTTP/1.1 421 "))
                #expect(inbox.text.hasSuffix("\r\n\r\n"))
            }
        }

        @Test("content that turns bad on the way never ends at the upstream")
        func badOnTheWay() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                for bad in [
                    "3\nabc\r\n0\r\n\r\n", "G\r\n", "\r\n0\r\n\r\n", "3\r\nabcX\r\n0\r\n\r\n",
                    "0\r\nTransfer-Encoding: x\r\n\r\n", "0\n\r\n",
                ] {
                    let before = backend.state.value.connections.count
                    let client = try await gateway.connect()
                    client.send(gateway.request("POST /a", fields: "Transfer-Encoding: chunked\r\n") + "5\r\nfirst\r\n")
                    let state = try await backend.state.wait("the first chunk") {
                        $0.connections.count > before
                            && $0.connections[before].raw.inbox.value.text.hasSuffix("first\r\n")
                    }
                    client.send(bad)
                    let upstream = try await state.connections[before].raw.inbox.wait("the cut") { $0.isOver }
                    #expect(!upstream.text.hasSuffix("0\r\n\r\n"), "\(upstream.text.suffix(40).debugDescription)")
                    let inbox = try await client.readToEnd()
                    #expect(inbox.text.hasPrefix("HTTP/1.1 400 "))
                    client.close()
                }
                #expect(backend.state.value.requests.isEmpty)
                #expect(try await gateway.isAlive(backend))
            }
        }
    }
}
