import GatehouseCore
import HTTPWire
import NIOCore
import Policy
import Testing

@testable import Proxy

@Suite("What a trusted proxy says of a request (docs/security-rules.md, rule 3)")
struct ClientAddressTests {
    private static let trusted = Conditions.trusting("10.0.0.0/8", "2001:db8:aaaa::/48", "192.168.7.7/32").trusted

    private func testimony(_ fields: String, trusted: TrustedProxies = trusted) throws -> ProxyTestimony {
        let head = try Wire.request("GET / HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n")
        return ProxyTestimony(head, trusted: trusted)
    }

    private func host(_ fields: String) throws -> String? {
        let head = try Wire.request("GET / HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n")
        return ProxyTestimony(head, trusted: Self.trusted).host.map { head.text($0) }
    }

    @Test(
        "the client is the first address from the right that is not trusted",
        arguments: [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, 10.0.0.1", "203.0.113.9"),
            ("203.0.113.9,10.0.0.1 ,\t10.0.0.2", "203.0.113.9"),
            ("198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
            ("203.0.113.9, 192.168.7.7", "203.0.113.9"), ("203.0.113.9, 192.168.7.8", "192.168.7.8"),
            ("2001:db8::1", "2001:db8::1"), ("2001:db8::1, 2001:db8:aaaa::5", "2001:db8::1"),
            ("2001:DB8:0::1", "2001:db8::1"), ("::ffff:203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, ::ffff:10.0.0.1", "203.0.113.9"), ("::1", "::1"), ("::", "::"),
        ]
    )
    func firstUntrusted(_ value: String, _ expected: String) throws {
        #expect(try testimony("X-Forwarded-For: \(value)\r\n").address?.description == expected)
    }

    @Test(
        "an address may bring its port and brackets",
        arguments: [
            ("203.0.113.9:1", "203.0.113.9"), ("203.0.113.9:65535", "203.0.113.9"),
            ("203.0.113.9:567, 10.0.0.1:80", "203.0.113.9"), ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"), ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
            ("[2001:db8::1]:80, [2001:db8:aaaa::1]:81", "2001:db8::1"),
        ]
    )
    func ports(_ value: String, _ expected: String) throws {
        #expect(try testimony("X-Forwarded-For: \(value)\r\n").address?.description == expected)
    }

    @Test("where all are trusted, it is the leftmost", arguments: ["10.0.0.9, 10.0.0.8", "10.0.0.9"])
    func allTrusted(_ value: String) throws {
        #expect(try testimony("X-Forwarded-For: \(value)\r\n").address?.description == "10.0.0.9")
    }

    static let unreadable: [String] = [
        "", ",", "unknown", "_hidden", "203.0.113.9 203.0.113.8", "203.0.113", "203.0.113.256", "203.0.113.009",
        "0x7f.0.0.1", "2130706433", "203.0.113.9/32", "203.0.113.9:", "203.0.113.9:0", "203.0.113.9:65536",
        "203.0.113.9:123456", "203.0.113.9:8a", "203.0.113.9:-1", "203.0.113.9:80:80", ":80", "[203.0.113.9]:80",
        "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]80", "[2001:db8::1]:", "[2001:db8::1]:x", "[]", "[]:80", "[",
        "[[::1]]", "2001:db8::1::2", "2001:db8:::1", "fe80::1%eth0", "[fe80::1%25eth0]", "\"203.0.113.9\"",
        "for=203.0.113.9", "localhost", "203.0.113.9;", "\u{e9}203.0.113.9", "٢٠٣.0.113.9", "203.0.113.9\t203",
        String(repeating: "1", count: 5000), String(repeating: ":", count: 57), "unix:",
    ]

    @Test("what is no address makes the whole as if it were not there", arguments: unreadable)
    func unparsable(_ value: String) throws {
        #expect(try testimony("X-Forwarded-For: \(value)\r\n").address == nil)
        #expect(try testimony("X-Forwarded-For: 203.0.113.9, \(value), 10.0.0.1\r\n").address == nil)
        #expect(try testimony("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: \(value)\r\n").address == nil)
    }

    @Test("a client's own words do not change which address counts", arguments: unreadable + ["10.0.0.1", "127.0.0.1"])
    func leftOfTheClient(_ value: String) throws {
        // A proxy writes whom it sees to the right of what it was sent.
        for fields in [
            "X-Forwarded-For: \(value), 203.0.113.9\r\n", "X-Forwarded-For: \(value),203.0.113.9, 10.0.0.1\r\n",
            "X-Forwarded-For: \(value)\r\nX-Forwarded-For: 203.0.113.9\r\n",
            "X-Forwarded-For: \(value)\r\nX-Forwarded-For: \(value), 203.0.113.9\r\nX-Forwarded-For: 10.0.0.1\r\n",
        ] {
            #expect(try testimony(fields).address?.description == "203.0.113.9", "\(fields)")
        }
    }

    @Test("a hundred addresses are looked at and no more; what the client put before them is not counted")
    func many() throws {
        let hundred = Array(repeating: "10.0.0.1", count: 99).joined(separator: ",")
        #expect(try testimony("X-Forwarded-For: 203.0.113.9,\(hundred)\r\n").address?.description == "203.0.113.9")
        #expect(try testimony("X-Forwarded-For: 203.0.113.9,\(hundred),10.0.0.1\r\n").address == nil)
        let fields = String(repeating: "X-Forwarded-For: 10.0.0.1\r\n", count: 90)
        #expect(try testimony(fields + "X-Forwarded-For: \(hundred)\r\n").address == nil)
        let flood = Array(repeating: "10.0.0.1", count: 5000).joined(separator: ",")
        #expect(try testimony("X-Forwarded-For: \(flood),203.0.113.9\r\n").address?.description == "203.0.113.9")
    }

    @Test(
        "other spellings of the names are somebody else's",
        arguments: ["X_Forwarded_For", "X-Forwarded_For", "X.Forwarded.For", "X-Forwarded-For2", "Forwarded-For"]
    )
    func spellings(_ name: String) throws {
        #expect(try testimony("\(name): 203.0.113.9\r\n") == ProxyTestimony())
        #expect(try testimony("x-FORWARDED-for: 203.0.113.9\r\n").address?.description == "203.0.113.9")
    }

    @Test("a network of one family trusts nobody of the other")
    func families() throws {
        let all4 = Conditions.trusting("0.0.0.0/0").trusted
        #expect(
            try testimony("X-Forwarded-For: 203.0.113.9, ::1\r\n", trusted: all4).address?.description == "::1"
        )
        #expect(
            try testimony("X-Forwarded-For: 203.0.113.9, ::ffff:1.2.3.4\r\n", trusted: all4).address?.description
                == "203.0.113.9"
        )
    }

    @Test(
        "a host is said once or not at all",
        arguments: [
            ("X-Forwarded-Host: two.test\r\n", "two.test"), ("X-Forwarded-Host:  two.test:8443 \r\n", "two.test:8443"),
            ("X-Forwarded-Host: two.test\r\nX-Forwarded-Host: two.test\r\n", nil),
            ("X-Forwarded-Host: two.test, app.test\r\n", nil), ("X-Forwarded-Host: two.test,\r\n", nil),
            ("X-Forwarded-Host: \r\n", nil), ("X-Forwarded-Host:\r\nX-Forwarded-Host: two.test\r\n", nil), ("", nil),
        ] as [(String, String?)]
    )
    func hosts(_ fields: String, _ expected: String?) throws {
        #expect(try host(fields) == expected)
    }

    @Test(
        "a scheme is http or https, said once",
        arguments: [
            ("X-Forwarded-Proto: https\r\n", .https), ("X-Forwarded-Proto: HTTP\r\n", .http),
            ("X-Forwarded-Proto: wss\r\n", nil), ("X-Forwarded-Proto: https,http\r\n", nil),
            ("X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https\r\n", nil), ("X-Forwarded-Proto:\r\n", nil),
            ("X-Forwarded-Proto: httpss\r\n", nil), ("X-Forwarded-Ssl: on\r\n", nil), ("", nil),
        ] as [(String, Origin.Scheme?)]
    )
    func schemes(_ fields: String, _ expected: Origin.Scheme?) throws {
        #expect(try testimony(fields).scheme == expected)
    }

    @Test("a forwarded host leads to its own app, and is the one that the app is told")
    func canonicalHost() throws {
        let snapshot = try World.snapshot(upstreams: [1, 2])
        func request(_ fields: String, target: String = "/a") throws -> (request: CanonicalRequest, head: RequestHead) {
            let head = try Wire.request("GET \(target) HTTP/1.1\r\nHost: app.test:81\r\n\(fields)\r\n")
            let host = ProxyTestimony(head, trusted: Self.trusted).host
            return (try CanonicalRequest(head, snapshot.routes, forwardedHost: host), head)
        }
        func told(_ found: (request: CanonicalRequest, head: RequestHead)) -> String {
            var buffer = ByteBuffer()
            found.request.writeHost(found.head, into: &buffer)
            return String(buffer: buffer)
        }
        let two = try request("X-Forwarded-Host: TWO.test.:8443\r\n")
        #expect(two.request.owner == .app(1))
        #expect(told(two) == "two.test:8443")
        #expect(told(try request("X-Forwarded-Host: two.test\r\n")) == "two.test")
        #expect(told(try request("X-Forwarded-Host: two.test, x\r\n")) == "app.test:81")
        // An absolute target is the Host field's, whatever a proxy says the browser asked for.
        #expect(try request("X-Forwarded-Host: two.test\r\n", target: "http://app.test:81/a").request.owner == .app(1))
        for bad in ["evil.test", "two.test:0", "two.test:99999", "two.test/a", "user@two.test", "two.test two.test"] {
            #expect(throws: CanonicalRequest.Refusal.self, "\(bad)") { try request("X-Forwarded-Host: \(bad)\r\n") }
        }
        #expect(throws: CanonicalRequest.Refusal.self) {
            try request("X-Forwarded-Host: two.test\r\n", target: "http://two.test/a")
        }
    }
}
