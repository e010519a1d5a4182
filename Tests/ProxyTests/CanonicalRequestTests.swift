import GatehouseCore
import HTTPWire
import Policy
import Testing

@testable import Proxy

@Suite("Canonical requests")
struct CanonicalRequestTests {
    private static func table() throws -> RouteTable {
        RouteTable(
            apps: [
                try World.app("app", hosts: ["app.test"]),
                try World.app("keep", hosts: ["keep.test"], encodedSlash: .keep),
                try World.app("raw", hosts: ["raw.test"], mergeSlashes: false),
                try World.app("crm", hosts: ["shared.test"], paths: ["/crm"]),
                try World.app("wiki", hosts: ["shared.test"], paths: ["/wiki"]),
            ],
            roles: World.roles,
            portal: World.portal
        )
    }

    private func outcome(_ line: String, host: String) throws -> String {
        let head = try Wire.request("\(line) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        let table = try Self.table()
        do throws(CanonicalRequest.Refusal) {
            let request = try CanonicalRequest(head, table)
            let query = request.queryText(head).map { "?\($0)" } ?? ""
            switch request.owner {
            case .portal: return "portal \(request.pathText(head))\(query)"
            case .gateway: return "gateway \(request.pathText(head))\(query)"
            case .app(let index): return "\(index) \(request.pathText(head))\(query)"
            }
        } catch {
            switch error {
            case .methodNotAllowed: return "405"
            case .unknownHost: return "421"
            case .bad: return "400"
            }
        }
    }

    @Test(
        "a host is a configured one, in any spelling, or 421",
        arguments: [
            ("app.test", "0 /"), ("APP.Test", "0 /"), ("app.test.", "0 /"), ("app.test:443", "0 /"),
            ("app.test:8443", "0 /"),
            ("app.test:0443", "421"), ("app.test:", "421"), ("app.test:99999", "421"), ("app.test:443443443443", "421"),
            ("app.test,evil", "421"), ("evil", "421"), ("app.test..", "421"), (".app.test", "421"),
            ("user@app.test", "421"),
            ("app.test/b", "421"), ("app.test#", "421"), ("127.0.0.1", "421"), ("a/b@c d", "421"), ("[::1]", "421"),
            ("login.test", "portal /"), ("LOGIN.test:443", "portal /"),
        ]
    )
    func hosts(_ host: String, _ expected: String) throws {
        #expect(try outcome("GET /", host: host) == expected)
    }

    @Test(
        "an absolute target names the same host or is refused",
        arguments: [
            ("GET http://app.test/a?b", "app.test", "0 /a?b"), ("GET https://app.test/a", "app.test", "0 /a"),
            ("GET HTTP://APP.test/a", "app.test", "0 /a"), ("GET http://app.test:8080/", "app.test:8080", "0 /"),
            ("GET http://evil/", "app.test", "400"), ("GET http://app.test/", "keep.test", "400"),
            ("GET http://app.test@evil/", "app.test", "400"), ("GET http://user@app.test/", "app.test", "400"),
            ("GET http://app.test", "app.test", "400"), ("GET http://app.test?a", "app.test", "400"),
            ("GET ftp://app.test/", "app.test", "400"), ("GET unix:/x", "app.test", "400"),
            ("GET *", "app.test", "400"),
            ("OPTIONS *", "app.test", "400"), ("GET app.test:443", "app.test", "400"),
            ("GET http:///a", "app.test", "400"),
            ("GET http://127.0.0.1:6379/", "127.0.0.1:6379", "421"), ("GET http://", "app.test", "400"),
            ("GET http:/app.test/", "app.test", "400"), ("GET ?a", "app.test", "400"), ("GET admin", "app.test", "400"),
        ]
    )
    func targets(_ line: String, _ host: String, _ expected: String) throws {
        #expect(try outcome(line, host: host) == expected)
    }

    @Test(
        "CONNECT and TRACE are for nobody",
        arguments: ["CONNECT app.test:443", "CONNECT /", "TRACE /", "TRACE /public/a"]
    )
    func methods(_ line: String) throws {
        #expect(try outcome(line, host: "app.test") == "405")
    }

    @Test(
        "a registered method in another case is refused, any other token is another method",
        arguments: [
            ("trace", "400"), ("get", "400"), ("Post", "400"), ("PROPFIND", nil), ("propfind", nil),
        ]
    )
    func methodCase(_ method: String, _ refusal: String?) throws {
        let found = try outcome("\(method) /public/a", host: "app.test")
        if let refusal { #expect(found.hasPrefix(refusal)) } else { #expect(!found.hasPrefix("400")) }
    }

    @Test(
        "one form of a path is judged and forwarded",
        arguments: [
            ("/", "0 /"), ("/a/b", "0 /a/b"), ("/%61dmin", "0 /admin"), ("/./admin", "0 /admin"),
            ("/x/../admin", "0 /admin"),
            ("/%2e%2e/admin", "0 /admin"), ("/.%2e/admin", "0 /admin"), ("//admin", "0 /admin"), ("/a//b", "0 /a/b"),
            ("/a%3ab", "0 /a%3Ab"), ("/admin/.", "0 /admin/"), ("/a?b=//c/../d", "0 /a?b=//c/../d"),
            ("/a?b#", "malformed"),
            ("/admin%2Fx", "400"), ("/%2fadmin", "400"), ("/x%2f..%2fadmin", "400"), ("/%5cadmin", "400"),
            ("/\\admin", "400"),
            ("/admin%00", "400"), ("/admin%0a", "400"), ("/admin%7f", "400"), ("/%zz", "400"), ("/%", "400"),
            ("/%4", "400"),
            ("/admin%c0%af", "400"), ("/%c0%2e", "400"), ("/%ed%a0%80", "400"), ("/%ff", "400"),
            ("/%c3%a4", "0 /%C3%A4"),
            ("/%2561dmin", "0 /%2561dmin"), ("/%252e%252e", "0 /%252e%252e"), ("/admin;a", "0 /admin;a"),
        ]
    )
    func paths(_ path: String, _ expected: String) throws {
        if expected == "malformed" {
            #expect(throws: WireError.malformedTarget) { try outcome("GET \(path)", host: "app.test") }
        } else {
            #expect(try outcome("GET \(path)", host: "app.test") == expected)
        }
    }

    @Test(
        "an app that keeps encoded slashes gets them, and only those",
        arguments: [("/a%2fb", "1 /a%2Fb"), ("/a%2f..%2fb", "1 /a%2F..%2Fb"), ("/a%5cb", "400"), ("/a//b", "1 /a/b")]
    )
    func encodedSlashes(_ path: String, _ expected: String) throws {
        #expect(try outcome("GET \(path)", host: "keep.test") == expected)
    }

    @Test(
        "an app that keeps double slashes gets them",
        arguments: [("/a//b", "2 /a//b"), ("//a", "2 //a"), ("/a/./b", "2 /a/b"), ("/a%2fb", "400")]
    )
    func doubleSlashes(_ path: String, _ expected: String) throws {
        #expect(try outcome("GET \(path)", host: "raw.test") == expected)
    }

    @Test(
        "apps that share a host are told apart by whole segments",
        arguments: [
            ("/crm", "3 /crm"), ("/crm/a", "3 /crm/a"), ("/wiki/../crm/a", "3 /crm/a"), ("/crmx", "400"), ("/", "400"),
            ("/%77iki", "4 /wiki"), ("/.gatehouse/whoami", "gateway /.gatehouse/whoami"),
        ]
    )
    func sharedHosts(_ path: String, _ expected: String) throws {
        #expect(try outcome("GET \(path)", host: "shared.test") == expected)
    }

    @Test(
        "the gateway's own prefix is found in its canonical form",
        arguments: [
            ("/.gatehouse/callback?ticket=t", "gateway /.gatehouse/callback?ticket=t"),
            ("/.gatehouse", "gateway /.gatehouse"),
            ("/%2egatehouse/x", "gateway /.gatehouse/x"), ("/a/../.gatehouse/x", "gateway /.gatehouse/x"),
            ("/.gatehousex", "0 /.gatehousex"), ("/.gatehouse/../a", "0 /a"),
        ]
    )
    func gatewayPrefix(_ path: String, _ expected: String) throws {
        #expect(try outcome("GET \(path)", host: "app.test") == expected)
    }
}
