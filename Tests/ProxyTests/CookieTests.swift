import GatehouseCore
import HTTPWire
import NIOCore
import Sessions
import Testing

@testable import Proxy

@Suite("Cookies")
struct CookieTests {
    private static let token = SessionToken.random()

    private func kind(_ cookies: [String]) throws -> String {
        let lines = cookies.map { "Cookie: \($0)\r\n" }.joined()
        switch Wire.cookies.session(in: try Wire.request("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n")) {
        case .none: return "none"
        case .token(let token): return token == Self.token ? "token" : "another token"
        case .malformed: return "malformed"
        case .several: return "several"
        }
    }

    @Test("the session cookie is one well-formed token, once")
    func session() throws {
        let name = "__Host-gatehouse"
        let text = Self.token.text
        for (cookies, expected) in [
            ([], "none"), ([""], "none"), ([";=;"], "none"), (["a=b; c"], "none"), (["\(name)=\(text)"], "token"),
            (["a=b; \(name)=\(text); c=d"], "token"), (["a=b", "\(name)=\(text)"], "token"),
            (["a=b;\(name)=\(text)"], "token"),
            (["\(name)=\(text.dropLast())"], "malformed"), (["\(name)=\(text)x"], "malformed"),
            (["\(name)=\"\(text)\""], "malformed"),
            (["\(name)="], "malformed"), (["\(name)=\(text)=="], "malformed"),
            (["\(name)=\(text.dropLast())!"], "malformed"),
            (["\(name)=\(text); \(name)=\(text)"], "several"), (["\(name)=\(text)", "\(name)=x"], "several"),
            (["\(name)=x; \(name)=\(text)"], "several"), (["\(name)"], "none"), (["x\(name)=\(text)"], "none"),
            (["\(name)-login=\(text)"], "none"), (["gatehouse=\(text)"], "none"),
            (["__HOST-gatehouse=\(text)"], "none"),
        ] as [([String], String)] {
            #expect(try kind(cookies) == expected, "\(cookies)")
        }
    }

    @Test("every truncation and every changed character of a token is another token or none")
    func bentTokens() throws {
        let text = Array(Self.token.text.utf8)
        for index in text.indices {
            #expect(
                try kind(["__Host-gatehouse=" + String(decoding: text.prefix(index), as: UTF8.self)]) == "malformed"
            )
            var bent = text
            bent[index] ^= 1
            let verdict = try kind(["__Host-gatehouse=" + String(decoding: bent, as: UTF8.self)])
            #expect(verdict != "token")
        }
    }

    @Test(
        "an upstream sees every cookie but ours",
        arguments: [
            ("a=b", "a=b"), ("a=b; __Host-gatehouse=x; c=d", "a=b; c=d"), ("__Host-gatehouse=x", ""),
            ("__HOST-GATEHOUSE=x; a=b", "a=b"),
            ("__Host-gatehouse-login=x;__Host-gatehouse-return=y;__Host-gatehouse-device=z;k=v", "k=v"),
            ("gatehouse=x; a=b", "a=b"),
            ("__Secure-gatehouse=x; a", "a"), (" __Host-gatehouse =x; a=b", "a=b"), ("__Host-gatehouse", ""),
            ("=__Host-gatehouse=x; a=b", "a=b"),
            ("__Host-gatehousex=1", "__Host-gatehousex=1"), ("a=__Host-gatehouse", "a=__Host-gatehouse"),
            ("a=b;; ;c=d;", "a=b; c=d"),
        ]
    )
    func foreign(_ cookie: String, _ expected: String) throws {
        let head = try Wire.request("GET / HTTP/1.1\r\nHost: a\r\nCookie: \(cookie)\r\n\r\n")
        var buffer = ByteBuffer()
        for field in head.fields where field.kind == .cookie {
            Wire.cookies.writeForeign(field, head.bytes.readableBytesUInt8Span, into: &buffer)
        }
        #expect(String(buffer: buffer) == (expected.isEmpty ? "" : "Cookie: \(expected)\r\n"))
    }

    @Test("8,000 cookies are read in a moment")
    func many() throws {
        let cookies = String(repeating: "a=b;=;", count: 4000) + "__Host-gatehouse=\(Self.token.text)"
        let start = ContinuousClock.now
        #expect(try kind([cookies]) == "token")
        #expect(ContinuousClock.now - start < .seconds(5))
    }
}
