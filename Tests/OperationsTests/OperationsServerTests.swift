import NIOCore
import TestSupport
import Testing

@testable import Operations

@Suite("The operations listener")
struct OperationsServerTests {
    @Test("health, readiness and metrics answer")
    func pages() async throws {
        try await TestedOperations.run { server in
            let health = try await server.get("/healthz")
            #expect(health.status == 200 && health.body == "{\"status\":\"ok\"}\n")
            #expect(health.value("content-type") == "application/json")
            #expect(health.value("cache-control") == "no-store")
            #expect(health.value("date")?.hasSuffix(" GMT") == true)
            let starting = try await server.get("/readyz")
            #expect(starting.status == 503 && starting.body == "{\"status\":\"starting\",\"degraded\":[]}\n")
            server.readiness.enter(.serving)
            server.readiness.set(check: "directory", name: "staff", problem: "no answer")
            let ready = try await server.get("/readyz?verbose")
            #expect(ready.status == 200)
            #expect(
                ready.body == "{\"status\":\"ready\",\"degraded\":[{\"check\":\"directory\",\"name\":\"staff\","
                    + "\"problem\":\"no answer\"}]}\n"
            )
            server.readiness.enter(.draining)
            #expect(try await server.get("/readyz").status == 503)
            #expect(try await server.get("/healthz").status == 200)
            let metrics = try await server.get("http://gateway.example/metrics")
            #expect(metrics.status == 200)
            #expect(metrics.value("content-type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.body.contains("\nsteps_total 0\n"))
        }
    }

    @Test("HEAD says what GET would, without the content")
    func head() async throws {
        try await TestedOperations.run { server in
            for path in ["/healthz", "/readyz", "/nowhere"] {
                let get = try await server.get(path)
                let head = try await server.exchange("HEAD \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                let end = try #require(head.firstRange(of: "\r\n\r\n"))
                #expect(head.hasPrefix("HTTP/1.1 \(get.status) "))
                #expect(head.contains("Content-Length: \(get.body.utf8.count)\r\n"))
                #expect(end.upperBound == head.endIndex)
            }
        }
    }

    @Test(
        "what is not offered is refused",
        arguments: [
            ("GET / HTTP/1.1", 404), ("GET /healthz/ HTTP/1.1", 404), ("GET /HEALTHZ HTTP/1.1", 404),
            ("GET //metrics HTTP/1.1", 404), ("GET /healthz%20 HTTP/1.1", 404), ("OPTIONS * HTTP/1.1", 404),
            ("POST /nowhere HTTP/1.1", 404), ("POST /metrics HTTP/1.1", 405), ("OPTIONS /readyz HTTP/1.1", 405),
            ("get /healthz HTTP/1.1", 405), ("CONNECT x:1 HTTP/1.1", 404), ("TRACE /healthz HTTP/1.1", 405),
        ]
    )
    func refused(line: String, status: Int) async throws {
        try await TestedOperations.run { server in
            let text = try await server.exchange("\(line)\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(text)")
            #expect(text.contains("Allow: GET, HEAD\r\n") == (status == 405))
        }
    }

    struct BadRequest: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let status: Int

        init(_ name: String, _ status: Int, _ text: String) {
            testDescription = name
            self.status = status
            self.text = text
        }
    }

    private static let badRequests = [
        BadRequest("no Host", 400, "GET /healthz HTTP/1.1\r\n\r\n"),
        BadRequest("bare line feeds", 400, "GET /healthz HTTP/1.1\nHost: x\n\n"),
        BadRequest("no version", 400, "GET /healthz\r\n\r\n"),
        BadRequest("a TLS hello", 400, "\u{16}\u{3}\u{1}\r\n\r\n"),
        BadRequest("HTTP/2.0", 505, "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n"),
        BadRequest("a long target", 414, "GET /\(String(repeating: "a", count: 3_000)) HTTP/1.1\r\nHost: x\r\n\r\n"),
        BadRequest(
            "a large head",
            431,
            "GET / HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n"
        ),
        BadRequest("many fields", 431, "GET / HTTP/1.1\r\nHost: x\r\n\(String(repeating: "X: y\r\n", count: 120))\r\n"),
        BadRequest(
            "two framings",
            400,
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        ),
        BadRequest("content", 413, "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
        BadRequest("no chunk", 413, "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        BadRequest("Expect", 413, "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
        BadRequest("HTTP/1.0", 200, "GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n"),
    ]

    @Test("a request that is none, or that brings content, ends the connection with its answer", arguments: badRequests)
    func bad(request: BadRequest) async throws {
        try await TestedOperations.run { server in
            // The second request must not be looked at.
            let text = try await server.exchange(request.text + "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 \(request.status) "), "\(text.prefix(200))")
            #expect(text.contains("Connection: close\r\n"))
            #expect(text.count(of: "HTTP/1.1 ") == 1)
        }
    }

    @Test("an address that is taken, or that this machine does not have, is said in words")
    func listenErrors() async throws {
        try await TestedOperations.run { server in
            let taken = await #expect(throws: OperationsError.self) {
                try await server.server.listen(on: SocketAddress(ipAddress: "127.0.0.1", port: Int(server.port)))
            }
            #expect(taken?.code == .listen)
            #expect(
                taken?.description == "cannot listen on 127.0.0.1:\(server.port) (server.operations_listen): "
                    + "the address is in use by another process"
            )
            let anywhere = try await server.server.listen(on: SocketAddress(ipAddress: "127.0.0.1", port: 0))
            #expect(anywhere?.port.map { $0 > 0 } == true)
            let foreign = await #expect(throws: OperationsError.self) {
                try await server.server.listen(on: SocketAddress(ipAddress: "2001:db8::1", port: 9180))
            }
            #expect(foreign?.description.hasPrefix("cannot listen on [2001:db8::1]:9180 ") == true)
        }
    }

    @Test("a Unix socket is for owner and group, and takes the place of one that nobody listens on")
    func unixSocket() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("operations.sock")
        try await TestedOperations.run { server in
            try await server.server.listen(on: SocketAddress(unixDomainSocketPath: path))
            let curl = ["-s", "--unix-socket", path, "http://x/healthz"]
            let output = folder.file("answer")
            let status = try await ChildProcess.offPool { try ChildProcess.run("/usr/bin/curl", curl, output: output) }
            #expect(status == 0 && contents(of: output) == "{\"status\":\"ok\"}\n")
            try ChildProcess.run("/usr/bin/stat", ["--format", "%a", path], output: folder.file("mode"))
            #expect(contents(of: folder.file("mode")) == "660\n")
        }
        try await TestedOperations.run { try await $0.server.listen(on: SocketAddress(unixDomainSocketPath: path)) }
    }

    @Test("a shut-down server has closed what was open, and opens nothing more")
    func shutDown() async throws {
        try await TestedOperations.run { server in
            let stream = try ByteStream(port: server.port)
            try stream.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await ChildProcess.offPool { try stream.readResponse() }.status == 200)
            await server.server.shutDown()
            #expect(try await ChildProcess.offPool { try stream.readToEnd() } == "")
            #expect(throws: ByteStream.Failure.self) { try ByteStream(port: server.port) }
            #expect(try await server.server.listen(on: SocketAddress(ipAddress: "127.0.0.1", port: 0)) == nil)
        }
    }
}
