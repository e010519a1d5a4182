import Testing

@testable import Portal

private let url = "https://login.example.com/.well-known/jwks.json"

@Suite("The public signing keys")
struct KeySetTests {
    private static let keys = #"{"keys":[{"kty":"EC","kid":"a"}]}"#
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal(jwks: { Self.keys })
    }

    @Test("They are served to everybody and may be kept for five minutes", arguments: ["GET", "HEAD"])
    func served(method: String) async {
        var browser = Browser(portal)
        let answer = await browser.get(url, method: method, accept: "application/json")
        #expect(answer.status == 200)
        #expect(answer.values(of: "Content-Type") == ["application/jwk-set+json"])
        #expect(answer.values(of: "Cache-Control") == ["public, max-age=300"])
        #expect(answer.values(of: "X-Content-Type-Options") == ["nosniff"])
        #expect(answer.values(of: "Strict-Transport-Security") == ["max-age=31536000"])
        #expect(answer.values(of: "Set-Cookie").isEmpty)
        #expect(answer.text == Self.keys)
    }

    @Test("While there is none the answer is 503, which nobody keeps, and no empty set")
    func none() async throws {
        var browser = Browser(try TestPortal())
        let answer = await browser.get(url, accept: "application/json")
        #expect(answer.status == 503)
        #expect(answer.values(of: "Content-Type") == ["application/problem+json"])
        #expect(answer.values(of: "Cache-Control") == ["no-store"])
    }

    @Test("A cache that keeps them keeps no cookie with them")
    func noCookie() async {
        var browser = Browser(portal)
        let pair = "__Host-gatehouse=\(wellFormed); __Host-gatehouse=\(wellFormed)"
        #expect(await browser.get(url, more: [("Cookie", pair)]).values(of: "Set-Cookie").isEmpty)
        let login = await browser.get("https://login.example.com/login", more: [("Cookie", pair)])
        #expect(login.values(of: "Set-Cookie").contains { $0.hasPrefix("__Host-gatehouse=;") })
    }

    @Test("They are read only, and live on the portal's host alone")
    func elsewhere() async {
        var browser = Browser(portal)
        #expect(await browser.post(url, []).values(of: "Allow") == ["GET, HEAD"])
        #expect(await browser.get("https://crm.example.com/.well-known/jwks.json").status == 404)
        #expect(await browser.get("https://login.example.com/.well-known/change-password").status == 404)
    }
}
