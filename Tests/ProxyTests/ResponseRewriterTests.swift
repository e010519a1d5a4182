import HTTPWire
import NIOCore
import Testing

@testable import Proxy

@Suite("Responses for the client")
struct ResponseRewriterTests {
    private func rewrite(
        _ text: String,
        answersHead: Bool = false,
        client: Int = 1,
        keepsAlive: Bool = true,
        clears: Bool = false
    ) throws -> ResponseRewriter.Result {
        ResponseRewriter.rewrite(
            try Wire.response(text, answersHead: answersHead),
            clientMinorVersion: client,
            keepsAlive: keepsAlive,
            cookies: Wire.cookies,
            clearsSessionCookie: clears,
            allocator: ByteBufferAllocator()
        )
    }

    @Test(
        "an upstream sets no cookie of ours",
        arguments: [
            "__Host-gatehouse=x; Path=/", "__host-GATEHOUSE=x", "gatehouse=x", "__Secure-gatehouse=x; Domain=test",
            "__Host-gatehouse-login=x", "__Host-gatehouse-return=", "__Host-gatehouse-device", " __Host-gatehouse =x",
            "=__Host-gatehouse=x", "==__Host-gatehouse=x", "= __Host-gatehouse=x",
        ]
    )
    func cookies(_ cookie: String) throws {
        let result = try rewrite(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: \(cookie)\r\nContent-Length: 0\r\n\r\n"
        )
        #expect(Wire.fields(result.head).values("set-cookie") == ["a=b"])
        #expect(result.removedFields == 1)
    }

    @Test(
        "an upstream says nothing in the gateway's name",
        arguments: ["X-Gatehouse-Assertion", "x-gatehouse-anything", "X-GATEHOUSE-"]
    )
    func gatewayFields(_ name: String) throws {
        let result = try rewrite("HTTP/1.1 200 OK\r\n\(name): x\r\nX-Gate: y\r\nContent-Length: 0\r\n\r\n")
        #expect(Wire.fields(result.head).values(name).isEmpty)
        #expect(Wire.fields(result.head).values("x-gate") == ["y"])
        #expect(result.removedFields == 1)
    }

    @Test("hop-by-hop fields stay behind, and those that Connection names")
    func hopByHop() throws {
        let result = try rewrite(
            "HTTP/1.1 200 OK\r\nConnection: keep-alive, x-mine\r\nX-Mine: a\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nTrailer: X\r\n"
                + "Content-Length: 0\r\nETag: \"x\"\r\n\r\n"
        )
        #expect(Wire.fields(result.head).map(\.name) == ["ETag", "Content-Length"])
    }

    struct Framing: Sendable {
        let response: String
        var answersHead = false
        var client = 1
        var keepsAlive = true
        let fields: [String]
        var isChunked = false
        var closes = false
        var isCloseDelimited = false
    }

    @Test(
        "the framing is written anew",
        arguments: [
            Framing(response: "200 OK\r\nContent-Length: 003\r\n", fields: ["Content-Length: 3"]),
            Framing(
                response: "200 OK\r\nContent-Length: 3\r\n",
                keepsAlive: false,
                fields: ["Content-Length: 3", "Connection: close"],
                closes: true
            ),
            Framing(
                response: "200 OK\r\nTransfer-Encoding: chunked\r\n",
                fields: ["Transfer-Encoding: chunked"],
                isChunked: true
            ),
            Framing(response: "200 OK\r\n", fields: ["Transfer-Encoding: chunked"], isChunked: true),
            Framing(
                response: "200 OK\r\n",
                client: 0,
                fields: ["Connection: close"],
                closes: true,
                isCloseDelimited: true
            ),
            Framing(
                response: "200 OK\r\nTransfer-Encoding: chunked\r\n",
                client: 0,
                fields: ["Connection: close"],
                closes: true,
                isCloseDelimited: true
            ),
            Framing(response: "200 OK\r\nContent-Length: 5\r\n", answersHead: true, fields: ["Content-Length: 5"]),
            Framing(response: "200 OK\r\nTransfer-Encoding: chunked\r\n", answersHead: true, fields: []),
            Framing(response: "304 Not Modified\r\nContent-Length: 5\r\n", fields: ["Content-Length: 5"]),
            Framing(response: "204 No Content\r\nContent-Length: 5\r\n", fields: []),
        ]
    )
    func framing(_ row: Framing) throws {
        let result = try rewrite(
            "HTTP/1.1 \(row.response)\r\n",
            answersHead: row.answersHead,
            client: row.client,
            keepsAlive: row.keepsAlive
        )
        #expect(Wire.fields(result.head).map { "\($0.name): \($0.value)" } == row.fields)
        #expect(result.isChunked == row.isChunked)
        #expect(result.closes == row.closes)
        #expect(result.isCloseDelimited == row.isCloseDelimited)
    }

    @Test("a request with several session cookies has them deleted, also by an upstream's answer")
    func clears() throws {
        let result = try rewrite("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", clears: true)
        let cookies = Wire.fields(result.head).values("set-cookie")
        #expect(cookies.count == 1)
        #expect(cookies.first?.hasPrefix("__Host-gatehouse=; Path=/; Max-Age=0") == true)
    }
}
