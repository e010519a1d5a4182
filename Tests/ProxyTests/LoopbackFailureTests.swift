import NIOCore
import NIOPosix
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Upstreams that fail")
    struct Failures {
        @Test("an upstream that is not there is 502, and only for its own app")
        func refused() async throws {
            let gone = try await RecordingBackend.start()
            await gone.stop()
            let backend = try await RecordingBackend.start()
            try await withGateway(backend, more: [gone.port]) { gateway in
                let client = try await gateway.connect()
                #expect(try await client.exchange(gateway.request("GET /public/a", host: "two.test"))?.status == 502)
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200)
            }
        }

        @Test("an upstream that says nothing is 504, and its connection closes")
        func hung() async throws {
            var limits = ProxyLimits()
            limits.firstByteTimeout = .milliseconds(200)
            let backend = try await RecordingBackend.start { if $0.target == "/ok" { $0.connection.answer("ok") } }
            try await withGateway(backend, limits: limits) { gateway in
                let client = try await gateway.connect()
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 504)
                try await backend.state.value.connections[0].raw.inbox.wait("the upstream's end") { $0.isOver }
                #expect(try await client.exchange(gateway.request("GET /ok"))?.status == 200)
            }
        }

        @Test("an upstream that closes without a word is 502")
        func closed() async throws {
            let backend = try await RecordingBackend.start { request in
                if request.target == "/reset" { request.connection.raw.reset() } else { request.connection.raw.close() }
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 502)
                #expect(try await client.exchange(gateway.request("GET /reset"))?.status == 502)
                #expect(backend.state.value.requests.count == 2, "a fresh connection is not tried twice")
            }
        }

        static let garbage: [String] = [
            "hello\r\n\r\n", "220 mail.test ESMTP\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
            "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
            "HTTP/1.1 200 OK\r\nX: \u{0}\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 200 O\u{1}K\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 300) + "\r\n", "HTTP/1.1 999 X\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 17)
                + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ]

        @Test("a response that is none is 502, at once, and its connection is not used again", arguments: garbage)
        func garbled(_ garbage: String) async throws {
            let backend = try await RecordingBackend.start { request in
                if request.target == "/ok" {
                    request.connection.answer("ok")
                } else {
                    request.connection.write(garbage)
                }
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                let response = try await client.exchange(gateway.request("GET /a"))
                #expect(response?.status == 502)
                #expect(response?.bodyText == "page 502")
                try await backend.state.value.connections[0].raw.inbox.wait("the upstream's end") { $0.isOver }
                #expect(try await client.exchange(gateway.request("GET /ok"))?.bodyText == "ok")
                #expect(backend.state.value.connections.count == 2)
            }
        }

        @Test(
            "a response that breaks off never looks whole",
            arguments: [
                "Content-Length: 100\r\n\r\npart", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
                "Transfer-Encoding: chunked\r\n\r\n8\r\npart",
                "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\nX: y\r\n",
            ],
            [true, false]
        )
        func cut(_ response: String, _ isReset: Bool) async throws {
            let backend = try await RecordingBackend.start { request in
                request.connection.write("HTTP/1.1 200 OK\r\n\(response)")
            }
            try await withGateway(backend) { gateway in
                for version in ["1.1", "1.0"] {
                    let client = try await gateway.connect()
                    client.send("GET /a HTTP/\(version)\r\nHost: app.test\r\nCookie: \(gateway.alice)\r\n\r\n")
                    try await client.read(until: "part")
                    let upstream = backend.state.value.connections[backend.state.value.connections.count - 1].raw
                    if isReset { upstream.reset() } else { upstream.close() }
                    let inbox = try await client.readToEnd()
                    #expect(RawResponse.parse(inbox.bytes).responses.isEmpty, "\(inbox)")
                    // Where the end of the connection is the end of the response, only a reset says that it is not.
                    if version == "1.0", response.hasPrefix("Transfer") { #expect(inbox.end == .broken, "\(inbox)") }
                }
                #expect(gateway.records.value.map(\.outcome) == [.failed, .failed])
            }
        }

        @Test("a reset is not the end of a response that lasts until the connection's end", arguments: ["1.1", "1.0"])
        func resetUntilClose(_ version: String) async throws {
            let backend = try await RecordingBackend.start { $0.connection.write("HTTP/1.1 200 OK\r\n\r\npart") }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                client.send("GET /a HTTP/\(version)\r\nHost: app.test\r\nCookie: \(gateway.alice)\r\n\r\n")
                try await client.read(until: "part")
                backend.state.value.connections[0].raw.reset()
                let inbox = try await client.readToEnd()
                #expect(!inbox.text.hasSuffix("0\r\n\r\n"))
                if version == "1.0" { #expect(inbox.end == .broken) }
            }
        }

        @Test("a kept connection that turns out to be dead is repaired for GET, once, and not for POST")
        func stale() async throws {
            // Each connection serves one request and closes at the next.
            let backend = try await RecordingBackend.start { request in
                let earlier = request.connection.raw.inbox.value.text.components(of: "HTTP/1.1\r\n")
                if earlier > 1 {
                    request.connection.raw.close()
                } else {
                    request.connection.answer("to \(request.target)")
                }
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                #expect(try await client.exchange(gateway.request("GET /1"))?.bodyText == "to /1")
                #expect(try await client.exchange(gateway.request("GET /2"))?.bodyText == "to /2")
                #expect(backend.state.value.requests.map(\.target) == ["/1", "/2", "/2"])
                #expect(try await client.exchange(gateway.request("POST /3", body: "x"))?.status == 502)
                #expect(backend.state.value.requests.map(\.target) == ["/1", "/2", "/2", "/3"])
                #expect(try await client.exchange(gateway.request("POST /4"))?.bodyText == "to /4")
                #expect(try await client.exchange(gateway.request("POST /5"))?.status == 502)
                #expect(backend.state.value.requests.count == 6)
            }
        }

        @Test("a connection that closed while it was idle is not used")
        func idleClosed() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                #expect(try await client.exchange(gateway.request("GET /1"))?.status == 200)
                let upstream = backend.state.value.connections[0].raw
                upstream.close()
                try await upstream.inbox.wait("its end") { $0.end != nil }
                #expect(
                    try await client.exchange(gateway.request("POST /2", body: "x")).map {
                        [200, 502].contains($0.status)
                    } == true
                )
                #expect(try await client.exchange(gateway.request("GET /3"))?.status == 200)
            }
        }

        @Test("a connection with unexpected bytes on it is closed and not used again")
        func unexpectedBytes() async throws {
            let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
            let backend = try await RecordingBackend.start { request in
                switch request.target {
                case "/together": request.connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + evil)
                case "/head": request.connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                case "/204": request.connection.write("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n")
                default: request.connection.answer("ok")
                }
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                for line in ["GET /together", "HEAD /head", "GET /204"] {
                    let before = backend.state.value.connections.count
                    _ = try await client.exchange(gateway.request(line))
                    let used = backend.state.value.connections.last
                    try await used?.raw.inbox.wait("the end after \(line)") { $0.isOver }
                    #expect(try await client.exchange(gateway.request("GET /ok"))?.bodyText == "ok")
                    #expect(backend.state.value.connections.count == max(before, 1) + 1)
                    // Bytes that come later, on an idle connection.
                    backend.state.value.connections.last?.write(evil)
                    try await backend.state.value.connections.last?.raw.inbox.wait("the end of the idle one") {
                        $0.isOver
                    }
                    #expect(try await client.exchange(gateway.request("GET /ok"))?.bodyText == "ok")
                }
            }
        }

        @Test("a client that goes takes its upstream connection with it")
        func clientGone() async throws {
            let backend = try await RecordingBackend.start { request in
                if request.target == "/stream" {
                    request.connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
                }
            }
            try await withGateway(backend) { gateway in
                for target in ["/silent", "/stream"] {
                    let client = try await gateway.connect()
                    let before = backend.state.value.requests.count
                    client.send(gateway.request("GET \(target)"))
                    let request = try await backend.requests(before + 1)[before]
                    client.reset()
                    try await request.connection.raw.inbox.wait("the upstream's end") { $0.isOver }
                }
                // Cut off within its content: the upstream must not take the part for the whole.
                let client = try await gateway.connect()
                client.send(gateway.request("POST /upload", fields: "Content-Length: 100\r\n") + "part")
                let state = try await backend.state.wait("the part") {
                    $0.connections.count == 3 && $0.connections[2].raw.inbox.value.text.hasSuffix("part")
                }
                client.finishSending()
                try await state.connections[2].raw.inbox.wait("the upstream's end") { $0.isOver }
                try await client.readToEnd()
                #expect(backend.state.value.requests.count == 2)
            }
        }
    }
}

extension String {
    fileprivate func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
