import GatehouseCore
import Sessions
import Testing

@testable import Portal

private let signOut = "https://crm.example.com/.gatehouse/sign-out"
private let whoAmI = "https://crm.example.com/.gatehouse/whoami"

@Suite("The gateway's pages on an app's host")
struct AppPagesTests {
    private let portal: TestPortal
    private var browser: Browser

    /// Begins with a session on the portal and on the app.
    init() async throws {
        portal = try TestPortal()
        browser = Browser(portal)
        let secret = SessionToken.random()
        browser.jar["crm.example.com"] = ["__Host-gatehouse-return": secret.text]
        let state = ReturnState(key: portal.key).state(of: secret, host: "crm.example.com")
        let ticket = await browser.signIn(query: "?rd=https%3A%2F%2Fcrm.example.com%2F&state=\(state)")
        _ = await browser.get(ticket.location ?? "")
    }

    @Test("Sign-out asks: everywhere, or here only")
    func asks() async {
        var browser = browser
        let page = await browser.get(signOut)
        #expect(page.status == 200)
        #expect(page.text.contains("Sign out of Customer &lt;Relations&gt;?"))
        #expect(page.text.contains("name=\"scope\" value=\"everywhere\""))
        #expect(page.text.contains("name=\"scope\" value=\"here\""))
        #expect(page.values(of: "Content-Security-Policy")[0].hasSuffix("form-action 'self' https://login.example.com"))
        #expect(await browser.get(whoAmI).status == 200)
    }

    @Test("Everywhere ends the session on all hosts")
    func everywhere() async {
        var browser = browser
        let answer = await browser.post(signOut, [("scope", "everywhere")])
        #expect(answer.status == 303)
        #expect(answer.location == "https://login.example.com/login?signed_out=1")
        #expect(browser.cookie("__Host-gatehouse", "crm.example.com") == nil)
        #expect(await browser.get("https://login.example.com/").status == 303)
    }

    @Test("Here only leaves the portal's session alone")
    func hereOnly() async {
        var browser = browser
        let token = browser.cookie("__Host-gatehouse", "crm.example.com")
        let answer = await browser.post(signOut, [("scope", "here")], more: [("Origin", "https://crm.example.com")])
        #expect(answer.status == 200)
        #expect(answer.text.contains("You left Customer &lt;Relations&gt;"))
        #expect(await browser.get("https://login.example.com/").status == 200)
        browser.jar["crm.example.com"]?["__Host-gatehouse"] = token
        #expect(await browser.get(whoAmI).status == 401)
    }

    @Test(
        "Sign-out of another site, or of who does not say, is refused",
        arguments: [
            [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")],
            [("Origin", "https://login.example.com")],
            [("Origin", "https://wiki.example.com:8443")], [("Origin", "null")], [],
        ] as [[(String, String)]]
    )
    func refused(fields: [(String, String)]) async {
        var browser = browser
        let answer = await browser.post(
            signOut,
            [("scope", "everywhere")],
            more: fields.map { (name: $0.0, value: $0.1) }
        )
        #expect(answer.status == 403)
        #expect(await browser.get(whoAmI).status == 200)
    }

    @Test("Without a session there is nothing to sign out of")
    func nothing() async {
        var stranger = Browser(portal)
        #expect(await stranger.get(signOut).text.contains("You are not signed in"))
        #expect(await stranger.post(signOut, [("scope", "everywhere")]).text.contains("You are not signed in"))
    }

    @Test("whoami tells the session as JSON")
    func whoami() async {
        var browser = browser
        portal.time.advance(by: .seconds(60))
        let answer = await browser.get(whoAmI, accept: "application/json")
        #expect(answer.values(of: "Content-Type") == ["application/json"])
        #expect(answer.values(of: "Cache-Control") == ["no-store"])
        #expect(
            answer.text == """
                {"user":"alice","name":"Alice <b>Öz</b>","organization":"Müller & Söhne","realm":"staff",\
                "roles":["sales","partner-desk"],"permissions":["leads.read"],"relations":["customers","partner-care"],\
                "factors":["pwd"],"checked_at":"2027-01-15T08:00:00.000Z","idle_seconds":840,"absolute_seconds":28740}

                """
        )
    }

    @Test("whoami tells when the directory was asked, not when the person signed in")
    func checkedAt() async throws {
        var browser = browser
        let session = try #require(try await portal.store.sessions(of: nil, near: loop).first)
        portal.time.advance(by: .seconds(60))
        let facts = SessionFacts(subject: session.subject, checkedAt: portal.time.wallClock.now(), digest: "v1")
        #expect(try await portal.store.renew(session.id, facts: facts, near: loop) != nil)
        #expect(await browser.get(whoAmI).text.contains("\"checked_at\":\"2027-01-15T08:01:00.017Z\""))
    }

    @Test("Asking whoami is no activity")
    func passive() async {
        var browser = browser
        portal.time.advance(by: .seconds(600))
        #expect(await browser.get(whoAmI).status == 200)
        portal.time.advance(by: .seconds(301))
        #expect(await browser.get(whoAmI).status == 401)
    }

    @Test("Without a session of this host whoami is a problem document")
    func stranger() async {
        var stranger = Browser(portal)
        stranger.jar["crm.example.com"] = ["__Host-gatehouse": browser.cookie("__Host-gatehouse") ?? ""]
        let answer = await stranger.get(whoAmI)
        #expect(answer.status == 401)
        #expect(answer.values(of: "Content-Type") == ["application/problem+json"])
        #expect(answer.values(of: "WWW-Authenticate") == ["Gatehouse"])
    }

    @Test("Two session cookies are no session, and the answer deletes them")
    func twoCookies() async {
        var stranger = Browser(portal)
        let token = browser.cookie("__Host-gatehouse", "crm.example.com") ?? ""
        let pair = "__Host-gatehouse=\(token); __Host-gatehouse=\(token)"
        let answer = await stranger.get(whoAmI, more: [("Cookie", pair)])
        #expect(answer.status == 401)
        #expect(
            answer.values(of: "Set-Cookie") == [
                "__Host-gatehouse=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
            ]
        )
    }
}
