import NIOCore
import NIOPosix
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Requests and their responses")
    struct Flow {
        @Test("one connection carries many requests, each judged on its own")
        func keepAlive() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target)") }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                for index in 0..<20 {
                    let response = try await client.exchange(gateway.request("GET /\(index)"))
                    #expect(response?.bodyText == "to /\(index)")
                }
                #expect(try await client.exchange(gateway.request("GET /admin/x"))?.status == 403)
                #expect(try await client.exchange(gateway.request("GET /x", cookie: "a=b"))?.status == 401)
                #expect(
                    try await client.exchange(gateway.request("GET /admin/x", cookie: gateway.bob))?.bodyText
                        == "to /admin/x"
                )
                #expect(backend.state.value.connections.count == 1)
            }
        }

        @Test("pipelined requests are answered in order, each by its own rule")
        func pipelining() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target)") }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send(
                    gateway.request("GET /1") + gateway.request("POST /2", body: "GET /admin HTTP/1.1\r\n\r\n")
                        + gateway.request("GET /admin/3")
                        + gateway.request("GET /4", cookie: "x=y") + gateway.request("GET /.gatehouse/5")
                        + gateway.request("GET /public/6", cookie: "x=y")
                        + gateway.request("GET /7")
                )
                let responses = try await client.responses(7)
                #expect(responses.map(\.status) == [200, 200, 403, 401, 200, 200, 200])
                #expect(responses[0].bodyText == "to /1" && responses[6].bodyText == "to /7")
                #expect(responses[4].values("x-path") == ["/.gatehouse/5"])
                #expect(backend.state.value.requests.map(\.target) == ["/1", "/2", "/public/6", "/7"])
                #expect(backend.state.value.requests[2].values("Remote-User").isEmpty)
            }
        }

        @Test("bytes behind an upgrade are a request of their own", arguments: ["websocket", "h2c", "foo"])
        func upgrade(_ protocolName: String) async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target)") }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send(
                    gateway.request(
                        "GET /ws",
                        fields:
                            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: \(protocolName)\r\nHTTP2-Settings: AAA\r\nSec-WebSocket-Key: x\r\n"
                    )
                        + gateway.request("GET /admin/secret")
                )
                let responses = try await client.responses(2)
                #expect(responses.map(\.status) == [200, 403])
                let requests = backend.state.value.requests
                #expect(requests.map(\.target) == ["/ws"])
                #expect(requests[0].values("upgrade").isEmpty && requests[0].values("connection").isEmpty)
            }
        }

        @Test("an upstream cannot switch protocols unasked")
        func unaskedSwitch() async throws {
            let backend = try await RecordingBackend.start {
                $0.connection.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send(
                    gateway.request("GET /a", fields: "Connection: Upgrade\r\nUpgrade: x\r\n")
                        + gateway.request("GET /admin/b")
                )
                #expect(try await client.responses(2).map(\.status) == [502, 403])
            }
        }

        /// The shape of answer `number` with this nonce.
        private static func answer(_ request: RecordingBackend.Request) {
            let nonce = request.values("X-Nonce").first ?? "none"
            let connection = request.connection
            let interim = request.number % 5 == 0 ? "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" : ""
            let body = "nonce \(nonce) " + String(decoding: request.body, as: UTF8.self)
            switch request.target {
            case "/204": connection.write("\(interim)HTTP/1.1 204 No Content\r\nX-Nonce: \(nonce)\r\n\r\n")
            case "/304":
                connection.write(
                    "\(interim)HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nX-Nonce: \(nonce)\r\n\r\n"
                )
            case _ where request.method == "HEAD":
                connection.write("\(interim)HTTP/1.1 200 OK\r\nContent-Length: 77\r\nX-Nonce: \(nonce)\r\n\r\n")
            case "/chunked":
                let size = String(body.utf8.count, radix: 16)
                connection.write(
                    "\(interim)HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Nonce: \(nonce)\r\n\r\n\(size)\r\n\(body)\r\n0\r\n\r\n"
                )
            case "/close":
                connection.write("\(interim)HTTP/1.1 200 OK\r\nConnection: close\r\nX-Nonce: \(nonce)\r\n\r\n\(body)")
                connection.raw.close()
            default:
                connection.write(
                    "\(interim)HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nX-Nonce: \(nonce)\r\n\r\n\(body)"
                )
            }
        }

        @Test("10,000 mixed requests: each client gets its own answer")
        func nonces() async throws {
            let backend = try await RecordingBackend.start { Self.answer($0) }
            try await withGateway(backend, threads: 2) { gateway in
                let wrong = Observed(0)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            let client = try await gateway.connect()
                            for index in 0..<500 {
                                let nonce = "\(number)-\(index)"
                                let response = try await Self.ask(
                                    client,
                                    gateway,
                                    nonce,
                                    kind: (index * 7 + number * 3) % 11
                                )
                                let isOwn =
                                    response?.values("X-Nonce") == [nonce]
                                    && (response?.body.isEmpty == true
                                        || response?.bodyText.hasPrefix("nonce \(nonce) ") == true)
                                if !isOwn { wrong.update { $0 += 1 } }
                            }
                            client.close()
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(wrong.value == 0)
                #expect(backend.state.value.requests.count == 10_000)
            }
        }

        private static func ask(_ client: RawConnection, _ gateway: Gateway, _ nonce: String, kind: Int) async throws
            -> RawResponse?
        {
            let field = "X-Nonce: \(nonce)\r\n"
            switch kind {
            case 0: return try await client.exchange(gateway.request("HEAD /a", fields: field))
            case 1: return try await client.exchange(gateway.request("GET /204", fields: field))
            case 2: return try await client.exchange(gateway.request("GET /304", fields: field))
            case 3: return try await client.exchange(gateway.request("HEAD /204", fields: field))
            case 4:
                client.send(gateway.request("POST /a", fields: field + "Expect: 100-continue\r\nContent-Length: 5\r\n"))
                try await client.read(until: "100 Continue")
                client.send("hello")
                return try await client.response()
            case 5:
                return try await client.exchange(
                    gateway.request("POST /chunked", fields: field, body: "body of \(nonce)")
                )
            case 6:
                return try await client.exchange(
                    gateway.request("POST /a", fields: field + "Transfer-Encoding: chunked\r\n")
                        + "3\r\nabc\r\n0\r\n\r\n"
                )
            case 7: return try await client.exchange(gateway.request("GET /close", fields: field))
            case 8: return try await client.exchange(gateway.request("POST /204", fields: field, body: "x"))
            default: return try await client.exchange(gateway.request("GET /a", fields: field))
            }
        }

        @Test("chunks go through, both ways, with the trailers left out")
        func chunks() async throws {
            let backend = try await RecordingBackend.start {
                $0.connection.write(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;x=y\r\nabc\r\n00a\r\n0123456789\r\n0\r\nX-T: evil\r\nRemote-User: evil\r\n\r\n"
                )
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                let response = try await client.exchange(
                    gateway.request("POST /a", fields: "Transfer-Encoding: chunked\r\nTrailer: Remote-User\r\n")
                        + "2;ext=1\r\nhe\r\n0003\r\nllo\r\n0\r\nRemote-User: evil\r\n\r\n"
                )
                #expect(response?.bodyText == "abc0123456789")
                let sent = try await backend.requests(1)[0]
                #expect(String(decoding: sent.body, as: UTF8.self) == "hello")
                #expect(!sent.connection.raw.inbox.value.text.contains("evil"))
                #expect(!sent.connection.raw.inbox.value.text.contains("ext"))
                #expect(try await client.exchange(gateway.request("GET /b"))?.bodyText == "abc0123456789")
            }
        }

        @Test("a response until the connection's end is whole for a new client and an old one")
        func untilClose() async throws {
            let backend = try await RecordingBackend.start {
                $0.connection.write("HTTP/1.0 200 OK\r\n\r\nuntil the end")
                $0.connection.raw.close()
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                let response = try await client.exchange(gateway.request("GET /a"))
                #expect(response?.bodyText == "until the end")
                #expect(try await client.exchange(gateway.request("GET /b"))?.bodyText == "until the end")
                let old = try await gateway.connect()
                old.send("GET /c HTTP/1.0\r\nHost: app.test\r\nCookie: \(gateway.alice)\r\n\r\n")
                let inbox = try await old.readToEnd()
                #expect(inbox.text.hasSuffix("\r\n\r\nuntil the end"))
                #expect(!inbox.text.lowercased().contains("transfer-encoding"))
                #expect(inbox.end != .broken)
            }
        }

        @Test("an HTTP/1.0 client gets chunks as plain content and its connection's end")
        func oldClient() async throws {
            let backend = try await RecordingBackend.start {
                $0.connection.write(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                )
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send(
                    "GET /a HTTP/1.0\r\nHost: app.test\r\nCookie: \(gateway.alice)\r\nConnection: keep-alive\r\n\r\n"
                )
                let inbox = try await client.readToEnd()
                #expect(inbox.text.hasSuffix("\r\n\r\nabcde"))
                #expect(inbox.end != .broken)
            }
        }

        @Test("a client that has said its last word is still answered, all it asked")
        func halfClosed() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target) \($0.body.count)") }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send(
                    gateway.request("POST /1", body: "hello") + gateway.request("GET /2") + gateway.request("GET /3")
                )
                client.finishSending()
                let inbox = try await client.readToEnd()
                #expect(RawResponse.parse(inbox.bytes).responses.map(\.bodyText) == ["to /1 5", "to /2 0", "to /3 0"])
            }
        }

        @Test("content that came before the client's last word is not cut off while its session is looked up")
        func halfClosedWhileWaiting() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target) \($0.body.count)") }
            let held = Observed<[@Sendable () -> Void]>([])
            var conditions = Conditions()
            conditions.store = { HoldingStore(inner: $0, held: held) }
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("POST /1", body: "hello") + gateway.request("GET /public/2", cookie: "x=y"))
                client.finishSending()
                try await held.wait("the look-up") { $0.count == 1 }
                try await gateway.seesWhatWasSent()
                held.value[0]()
                let inbox = try await client.readToEnd()
                #expect(RawResponse.parse(inbox.bytes).responses.map(\.bodyText) == ["to /1 5", "to /public/2 0"])
                // The same with content that is not whole.
                let cut = try await gateway.connect()
                cut.send(gateway.request("POST /3", fields: "Content-Length: 9\r\n") + "part")
                cut.finishSending()
                try await held.wait("the look-up") { $0.count == 2 }
                try await gateway.seesWhatWasSent()
                held.value[1]()
                #expect(try await cut.readToEnd().bytes.isEmpty)
                #expect(backend.state.value.requests.map(\.target) == ["/1", "/public/2"])
            }
        }

        @Test("Expect: 100-continue is answered here and not passed on")
        func expectation() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("got \($0.body.count)") }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("PUT /a", fields: "Expect: 100-continue\r\nContent-Length: 5\r\n"))
                try await client.read(until: "HTTP/1.1 100 Continue\r\n\r\n")
                client.send("hello")
                #expect(try await client.response()?.bodyText == "got 5")
                #expect(try await backend.requests(1)[0].values("expect").isEmpty)
                // Refused before its content: the connection cannot go on, for nobody knows whether the content comes.
                client.send(gateway.request("PUT /admin/a", fields: "Expect: 100-continue\r\nContent-Length: 5\r\n"))
                let refused = try await client.response()
                #expect(refused?.status == 403)
                #expect(refused?.values("connection") == ["close"])
                try await client.readToEnd()
            }
        }

        @Test("an early response is passed on; a small rest is read away, a large one ends the connection")
        func earlyResponse() async throws {
            let backend = try await RecordingBackend.start(
                hooks: .init(onHead: {
                    if $0.target != "/b" { $0.connection.answer("too large", status: "413 Content Too Large") }
                }),
                { if $0.target == "/b" { $0.connection.answer("b") } }
            )
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("POST /a", fields: "Content-Length: 30000\r\n"))
                #expect(try await client.response()?.status == 413)
                client.send(String(repeating: "x", count: 30_000) + gateway.request("GET /b"))
                #expect(try await client.response()?.bodyText == "b")
                #expect(backend.state.value.connections.count == 2, "the one with the unread request is not used again")
                client.send(gateway.request("POST /a", fields: "Content-Length: 1000000\r\n"))
                #expect(try await client.response()?.status == 413)
                client.send(String(repeating: "GET /admin HTTP/1.1\r\nHost: app.test\r\n\r\n", count: 5_000))
                let inbox = try await client.readToEnd()
                #expect(inbox.bytes.isEmpty, "no answer to what was content: \(inbox)")
            }
        }

        @Test("a request that is refused with content behind it leaves no request in that content")
        func unreadContent() async throws {
            let backend = try await RecordingBackend.start { $0.connection.answer("to \($0.target)") }
            try await withGateway(backend) { gateway in
                let smuggled = gateway.request("GET /smuggled")
                let client = try await gateway.connect()
                client.send(gateway.request("POST /a", body: smuggled, cookie: "x=y") + gateway.request("GET /next"))
                let responses = try await client.responses(2)
                #expect(responses.map(\.status) == [401, 200])
                #expect(backend.state.value.requests.map(\.target) == ["/next"])
                let large = try await gateway.connect()
                large.send(
                    gateway.request("POST /a", fields: "Content-Length: 1000000\r\n", cookie: "x=y")
                        + String(repeating: smuggled, count: 1000)
                )
                let inbox = try await large.readToEnd()
                #expect(RawResponse.parse(inbox.bytes).responses.map(\.status) == [401])
                #expect(backend.state.value.requests.map(\.target) == ["/next"])
            }
        }

        @Test("the portal gets its requests whole, and what it says cannot break a line")
        func portal() async throws {
            let backend = try await RecordingBackend.start()
            let responder = Gateway.responder { request, promise in
                promise.succeed(
                    LocalResponse(
                        status: request.path == "/empty" ? 204 : 200,
                        fields: [("X-Good", "1"), ("X-Bad", "a\r\nSet-Cookie: evil=1")],
                        body: ByteBuffer(
                            string:
                                "\(request.method) \(request.path) \(request.query ?? "-") \(String(buffer: request.body))"
                        )
                    )
                )
                return true
            }
            try await withGateway(backend, responder: responder) { gateway in
                let client = try await gateway.connect()
                let page = try #require(
                    try await client.exchange(gateway.request("GET /login?rd=x", host: "login.test"))
                )
                #expect(page.bodyText == "GET /login rd=x ")
                #expect(page.values("x-good") == ["1"])
                #expect(!page.head.contains("evil"))
                #expect(
                    try await client.exchange(gateway.request("POST /login", host: "login.test", body: "a=b"))?.bodyText
                        == "POST /login - a=b"
                )
                let head = try await client.exchange(gateway.request("HEAD /login", host: "login.test"))
                #expect(head?.values("content-length") == ["14"])
                #expect(try await client.exchange(gateway.request("GET /empty", host: "login.test"))?.status == 204)
                client.send(gateway.request("POST /login", host: "login.test", fields: "Content-Length: 70000\r\n"))
                #expect(try await client.response()?.status == 413)
                try await client.readToEnd()
                #expect(backend.state.value.connections.isEmpty)
            }
        }
    }
}
