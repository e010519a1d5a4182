import Cryptography
import GatehouseCore
import HTTPWire
import Policy
import Sessions
import Testing

@testable import Proxy

@Suite("Challenges (docs/contract.md, Anonymous at a protected path)")
struct ChallengeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let method: String
        let fields: String
        let expected: Int
        var testDescription: String { "\(method) \(fields.debugDescription)" }
    }

    static let navigate = "Sec-Fetch-Mode: navigate\r\n"
    static let html = "Accept: text/html,application/xhtml+xml\r\n"

    @Test(
        "who walks is led to the sign-in page, who calls is told 401",
        arguments: [
            Row(method: "GET", fields: navigate, expected: 302), Row(method: "HEAD", fields: navigate, expected: 302),
            Row(method: "POST", fields: navigate, expected: 303), Row(method: "PUT", fields: navigate, expected: 401),
            Row(method: "DELETE", fields: navigate, expected: 401),
            Row(method: "OPTIONS", fields: navigate, expected: 401),
            Row(method: "PROPFIND", fields: navigate, expected: 401), Row(method: "GET", fields: html, expected: 302),
            Row(method: "HEAD", fields: html, expected: 302), Row(method: "POST", fields: html, expected: 303),
            Row(method: "PATCH", fields: html, expected: 401), Row(method: "GET", fields: "", expected: 401),
            Row(method: "GET", fields: "Accept: */*\r\n", expected: 401),
            Row(method: "GET", fields: "Accept: application/json\r\n", expected: 401),
            Row(method: "GET", fields: "Accept: application/json, TEXT/HTML;q=0.5\r\n", expected: 302),
            Row(method: "GET", fields: "Accept: a/b\r\nAccept: text/html\r\n", expected: 302),
            Row(method: "GET", fields: "Accept: text/htmlx\r\n", expected: 401),
            Row(method: "GET", fields: "Sec-Fetch-Mode: cors\r\n" + html, expected: 401),
            Row(method: "GET", fields: "Sec-Fetch-Mode: no-cors\r\n" + html, expected: 401),
            Row(method: "GET", fields: "Sec-Fetch-Mode: websocket\r\n", expected: 401),
            Row(method: "GET", fields: navigate + "Accept: application/json\r\n", expected: 302),
            Row(method: "GET", fields: navigate + "X-Requested-With: XMLHttpRequest\r\n", expected: 401),
            Row(method: "GET", fields: html + "X-Requested-With:\r\n", expected: 401),
            Row(method: "POST", fields: html + "X-Requested-With: fetch\r\n", expected: 401),
        ]
    )
    func forms(_ row: Row) throws {
        switch try challenge("\(row.method) /a", fields: row.fields).form {
        case .redirect(let status): #expect(status == row.expected)
        case .unauthorized: #expect(row.expected == 401)
        }
    }

    private func challenge(_ line: String, fields: String) throws -> Challenge {
        let snapshot = try World.snapshot(upstreams: [1])
        let head = try Wire.request("\(line) HTTP/1.1\r\nHost: App.Test:8443\r\n\(fields)\r\n")
        let key = try #require(GatewayKey(bytes: [UInt8](repeating: 1, count: 32)))
        return Challenge(
            try CanonicalRequest(head, snapshot.routes),
            head,
            app: snapshot.routes.apps[0],
            routes: snapshot.routes,
            cookies: Wire.cookies,
            returnState: ReturnState(key: key)
        )
    }

    @Test("the address carries where the visit was going and a state; the browser gets the secret half once")
    func location() throws {
        let first = try challenge("GET /x/../a%20b?q=1&rd=//evil", fields: Self.navigate)
        #expect(
            first.location.hasPrefix(
                "https://login.test/login?rd=https%3A%2F%2Fapp.test%2Fa%2520b%3Fq%3D1%26rd%3D%2F%2Fevil&state="
            )
        )
        let cookie = try #require(first.setCookie)
        #expect(cookie.hasPrefix("__Host-gatehouse-return="))
        #expect(cookie.contains("; Secure") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
        let held = cookie.prefix { $0 != ";" }
        let second = try challenge("GET /b", fields: Self.navigate + "Cookie: \(held)\r\n")
        #expect(second.setCookie == nil)
        #expect(second.location.suffix(43) == first.location.suffix(43))
        let other = try challenge("GET /b", fields: Self.navigate + "Cookie: __Host-gatehouse-return=short\r\n")
        #expect(other.setCookie != nil)
        #expect(other.location.suffix(43) != first.location.suffix(43))
    }

    @Test("nothing in the address can end its line")
    func escapes() {
        #expect(percentEncoded("a b\r\n/%\u{E4}~") == "a%20b%0D%0A%2F%25%C3%A4~")
    }
}
