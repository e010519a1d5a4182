import GatehouseCore
import NIOCore
import Sessions
import Testing

@testable import Portal

@Suite("The portal as a whole")
struct PortalServiceTests {
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal()
    }

    @Test(
        "Every page carries the security fields",
        arguments: ["/login", "/nothing", "/logout", "/"]
    )
    func securityFields(path: String) async {
        var browser = Browser(portal)
        if path != "/login" { _ = await browser.signIn() }
        let page = await browser.get("https://login.example.com" + path)
        #expect(page.values(of: "Content-Type") == ["text/html; charset=utf-8"])
        #expect(
            page.values(of: "Content-Security-Policy") == [
                "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
            ]
        )
        #expect(page.values(of: "Strict-Transport-Security") == ["max-age=31536000"])
        #expect(page.values(of: "X-Content-Type-Options") == ["nosniff"])
        #expect(page.values(of: "X-Frame-Options") == ["DENY"])
        #expect(page.values(of: "Cache-Control") == ["no-store"])
        #expect(page.values(of: "Referrer-Policy") == ["same-origin"])
        #expect(page.values(of: "Permissions-Policy").count == 1)
    }

    @Test("Unknown paths are 404, in the form that was asked for")
    func notFound() async {
        var browser = Browser(portal)
        let page = await browser.get("https://login.example.com/.gatehouse/callback")
        #expect(page.status == 404)
        #expect(page.text.contains("There is no such page"))
        let document = await browser.get("https://crm.example.com/.gatehouse/nothing", accept: "application/json")
        #expect(document.status == 404)
        #expect(document.values(of: "Content-Type") == ["application/problem+json"])
        #expect(await browser.get("https://crm.example.com/login").status == 404)
        #expect(await browser.get("https://login.example.com/LOGIN").status == 404)
    }

    @Test(
        "Another method is 405 and says which there are",
        arguments: [
            ("https://login.example.com/login", "PUT", "GET, HEAD, POST"),
            ("https://login.example.com/", "POST", "GET, HEAD"),
            ("https://login.example.com/robots.txt", "DELETE", "GET, HEAD"),
            ("https://login.example.com/login", "PROPFIND", "GET, HEAD, POST"),
            ("https://login.example.com/login", "get", "GET, HEAD, POST"),
            ("https://crm.example.com/.gatehouse/callback", "POST", "GET"),
            ("https://crm.example.com/.gatehouse/whoami", "OPTIONS", "GET, HEAD"),
        ]
    )
    func methods(url: String, method: String, allow: String) async {
        var browser = Browser(portal)
        let answer = await browser.get(url, method: method)
        #expect(answer.status == 405)
        #expect(answer.values(of: "Allow") == [allow])
    }

    @Test("HEAD answers as GET does")
    func head() async {
        var browser = Browser(portal)
        _ = await browser.get("https://login.example.com/login")
        let get = await browser.get("https://login.example.com/login")
        let head = await browser.get("https://login.example.com/login", method: "HEAD")
        #expect(head.status == 200)
        #expect(head.body == get.body)
    }

    @Test("The style sheet is served on every host, for ever")
    func assets() async {
        var browser = Browser(portal)
        for host in ["https://login.example.com", "https://crm.example.com", "https://wiki.example.com:8443"] {
            let sheet = await browser.get(host + Assets.stylesheet.path, accept: "text/css")
            #expect(sheet.status == 200)
            #expect(sheet.values(of: "Content-Type") == ["text/css; charset=utf-8"])
            #expect(sheet.values(of: "Cache-Control") == ["public, max-age=31536000, immutable"])
            #expect(await browser.get(host + Assets.icon.path).values(of: "Content-Type") == ["image/svg+xml"])
        }
        #expect(await browser.get("https://crm.example.com/.gatehouse/assets/style-0000000000000000.css").status == 404)
    }

    @Test("Robots stay outside, and there is an icon")
    func files() async {
        var browser = Browser(portal)
        #expect(await browser.get("https://login.example.com/robots.txt").text == "User-agent: *\nDisallow: /\n")
        #expect(
            await browser.get("https://login.example.com/favicon.ico").values(of: "Content-Type") == ["image/svg+xml"]
        )
        #expect(await browser.get("https://crm.example.com/robots.txt").status == 404)
    }

    @Test("When the store cannot answer, sign-in says so and everything else is 503")
    func storeIsDown() async throws {
        var browser = Browser(try TestPortal(store: DeadStore()))
        let form = await browser.get("https://login.example.com/login")
        #expect(form.status == 200)
        browser.jar["login.example.com"]?["__Host-gatehouse"] = wellFormed
        #expect(await browser.get("https://login.example.com/").status == 503)
        #expect(await browser.get("https://login.example.com/login").text.contains("Sign-in is not available"))
        browser.jar["login.example.com"]?["__Host-gatehouse"] = nil
        let answer = await browser.signIn()
        #expect(answer.status == 503)
        #expect(answer.text.contains("Sign-in is not available at the moment."))
        #expect(browser.cookie("__Host-gatehouse") == nil)
    }

    @Test("Over plain HTTP there is no HSTS, and cookies lose prefix and Secure")
    func plain() async throws {
        let portal = try TestPortal(scheme: .http, portal: Origin("http://login.gw.localhost:8080")!)
        var browser = Browser(portal)
        let page = await browser.get("http://login.gw.localhost:8080/login")
        #expect(page.values(of: "Strict-Transport-Security").isEmpty)
        #expect(page.values(of: "Set-Cookie")[0].hasPrefix("gatehouse-login="))
        #expect(!page.values(of: "Set-Cookie")[0].contains("Secure"))
    }

    @Test("The language is the reader's")
    func language() async throws {
        let german = MessageLanguage(tag: "de", texts: [.signInTitle: "Anmelden"])
        var browser = Browser(try TestPortal(catalogue: MessageCatalogue([.english, german])))
        let page = await browser.get(
            "https://login.example.com/login",
            more: [("Accept-Language", "de-CH,de;q=0.9,en;q=0.8")]
        )
        #expect(page.text.contains("<html lang=\"de\" dir=\"ltr\">"))
        #expect(page.text.contains("<h1>Anmelden</h1>"))
        #expect(page.text.contains("User name"))
    }
}

/// A store behind which nothing answers.
struct DeadStore: SessionStore {
    struct Down: Error {}

    let clock = WallClock.system

    func create(_ beginning: SessionBeginning, on eventLoop: any EventLoop) -> EventLoopFuture<Session> {
        eventLoop.makeFailedFuture(Down())
    }

    func lookUp(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        eventLoop.makeFailedFuture(Down())
    }

    func keep(_ ticket: Ticket, on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        eventLoop.makeFailedFuture(Down())
    }

    func redeem(
        _ ticket: TokenDigest,
        host: String,
        state: String,
        token: TokenDigest,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<TicketRedemption> {
        eventLoop.makeFailedFuture(Down())
    }

    func end(
        _ session: SessionID,
        of subject: SubjectID,
        cause: SessionEnd,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        eventLoop.makeFailedFuture(Down())
    }

    func endAll(of subject: SubjectID, cause: SessionEnd, on eventLoop: any EventLoop) -> EventLoopFuture<Int> {
        eventLoop.makeFailedFuture(Down())
    }

    func rotate(
        _ session: SessionID,
        of subject: SubjectID,
        token: TokenDigest,
        host: String,
        authenticationMethods: [String],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Session?> {
        eventLoop.makeFailedFuture(Down())
    }

    func renew(_ session: SessionID, facts: SessionFacts, on eventLoop: any EventLoop) -> EventLoopFuture<Session?> {
        eventLoop.makeFailedFuture(Down())
    }

    func drop(_ token: TokenDigest, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        eventLoop.makeFailedFuture(Down())
    }

    func sessions(of subject: SubjectID?, on eventLoop: any EventLoop) -> EventLoopFuture<[Session]> {
        eventLoop.makeFailedFuture(Down())
    }
}
