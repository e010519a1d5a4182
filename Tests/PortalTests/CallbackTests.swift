import Cryptography
import GatehouseCore
import Sessions
import Testing

@testable import Portal

private let crmCookie = "__Host-gatehouse"
private let returnCookie = "__Host-gatehouse-return"

@Suite("The way from the portal to an app")
struct CallbackTests {
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal()
    }

    /// What the data plane does with an anonymous visit: the cookie, and the address of the sign-in page.
    private func challenge(_ browser: inout Browser, _ url: String = "https://crm.example.com/a?b=1") -> String {
        let secret = SessionToken.random()
        if browser.keepsCookies { browser.jar["crm.example.com", default: [:]][returnCookie] = secret.text }
        let state = ReturnState(key: portal.key).state(of: secret, host: "crm.example.com")
        return "?rd=\(percentEncoded(url))&state=\(state)"
    }

    /// Gives an app session to a browser that has a portal session.
    private func enter(_ browser: inout Browser) async -> PortalResponse {
        let query = challenge(&browser)
        let onward = await browser.get("https://login.example.com/login" + query)
        return await browser.get(onward.location ?? "")
    }

    @Test("Ticket and cookie together give the host its own session, then the deep link")
    func redeemed() async {
        var browser = Browser(portal)
        let query = challenge(&browser)
        let ticket = await browser.signIn(query: query).location ?? ""
        let answer = await browser.get(ticket)
        #expect(answer.status == 303)
        #expect(answer.location == "https://crm.example.com/a?b=1")
        let token = browser.cookie(crmCookie, "crm.example.com")
        #expect(token?.count == 43)
        #expect(token != browser.cookie(crmCookie))
        #expect(await browser.get("https://crm.example.com/.gatehouse/whoami").status == 200)
    }

    @Test("A ticket works once")
    func once() async {
        var browser = Browser(portal)
        let query = challenge(&browser)
        let ticket = await browser.signIn(query: query).location ?? ""
        _ = await browser.get(ticket)
        // Back, in the same browser: its session is there.
        #expect(await browser.get(ticket).location == "/")
        browser.jar["crm.example.com"]?[crmCookie] = nil
        let again = await browser.get(ticket)
        #expect(
            again.location?.hasPrefix("https://login.example.com/login?rd=https%3A%2F%2Fcrm.example.com%2F&state=")
                == true
        )
        #expect(again.location?.hasSuffix("&retry=1") == true)
        #expect(browser.cookie(crmCookie, "crm.example.com") == nil)
    }

    @Test("A ticket link that somebody else made signs nobody in")
    func loginCSRF() async {
        var attacker = Browser(portal)
        let query = challenge(&attacker)
        let ticket = await attacker.signIn("bob", query: query).location ?? ""
        var victim = Browser(portal)
        _ = challenge(&victim)
        let answer = await victim.get(ticket)
        #expect(answer.location?.hasPrefix("https://login.example.com/login?") == true)
        #expect(victim.cookie(crmCookie, "crm.example.com") == nil)
        // Tried with the wrong cookie it is used up.
        #expect(await attacker.get(ticket).location?.hasPrefix("https://login.example.com/login?") == true)
    }

    @Test("A ticket of one host is worth nothing on another")
    func otherHost() async {
        var browser = Browser(portal)
        let query = challenge(&browser)
        let ticket = await browser.signIn(query: query).location ?? ""
        browser.jar["wiki.example.com"] = browser.jar["crm.example.com"]
        let moved = ticket.replacing("https://crm.example.com", with: "https://wiki.example.com:8443")
        #expect(await browser.get(moved).location?.hasPrefix("https://login.example.com/login?") == true)
        #expect(browser.cookie(crmCookie, "wiki.example.com") == nil)
    }

    @Test("After 60 seconds a ticket is void")
    func expired() async {
        var browser = Browser(portal)
        let query = challenge(&browser)
        let ticket = await browser.signIn(query: query).location ?? ""
        portal.time.advance(by: .seconds(60))
        #expect(await browser.get(ticket).location?.hasSuffix("&retry=1") == true)
    }

    @Test("HEAD does not spend a ticket")
    func head() async {
        var browser = Browser(portal)
        let query = challenge(&browser)
        let ticket = await browser.signIn(query: query).location ?? ""
        let head = await browser.get(ticket, method: "HEAD")
        #expect(head.status == 405)
        #expect(head.values(of: "Allow") == ["GET"])
        #expect(await browser.get(ticket).location == "https://crm.example.com/a?b=1")
    }

    @Test("A visit that lost its cookie starts anew and arrives")
    func startsAnew() async {
        var browser = Browser(portal)
        let query = challenge(&browser)
        let ticket = await browser.signIn(query: query).location ?? ""
        browser.jar["crm.example.com"] = nil
        let refused = await browser.get(ticket)
        #expect(browser.cookie(returnCookie, "crm.example.com") != nil)
        let second = await browser.get(refused.location ?? "")
        #expect(second.location?.hasSuffix("&retry=1") == true)
        #expect(await browser.get(second.location ?? "").location == "https://crm.example.com/")
        #expect(browser.cookie(crmCookie, "crm.example.com") != nil)
    }

    @Test("A browser that keeps no cookies of the app gets a page instead of a circle")
    func noCircle() async {
        var browser = Browser(portal)
        _ = await browser.signIn()
        browser.keepsCookies = false
        var url = "https://login.example.com/login" + challenge(&browser)
        var pages = 0
        var answer = await browser.get(url)
        while let location = answer.location, pages < 10 {
            pages += 1
            url = location
            answer = await browser.get(url)
        }
        #expect(answer.status == 400)
        #expect(pages == 3)
        #expect(answer.text.contains("refuses cookies"))
        #expect(answer.text.contains("Start again"))
    }

    @Test(
        "What is no ticket starts the visit anew",
        arguments: [
            "", "?ticket=", "?ticket=x", "?ticket=" + wellFormed, "?ticket=\(wellFormed)&ticket=\(wellFormed)",
            "?ticket=%zz",
        ]
    )
    func malformed(query: String) async {
        var browser = Browser(portal)
        let answer = await browser.get("https://crm.example.com/.gatehouse/callback" + query)
        #expect(answer.status == 303)
        #expect(
            answer.location?.hasPrefix("https://login.example.com/login?rd=https%3A%2F%2Fcrm.example.com%2F&state=")
                == true
        )
    }

    @Test("A destination that is not of this host leads to the app's root")
    func destination() async throws {
        var browser = Browser(portal)
        let secret = SessionToken.random()
        browser.jar["crm.example.com"] = [returnCookie: secret.text]
        _ = await browser.signIn()
        let session = try #require(try await portal.store.sessions(of: nil, near: loop).first)
        for destination in ["https://wiki.example.com:8443/", "https://evil.example/", "javascript:alert(1)"] {
            let ticket = SessionToken.random()
            _ = try await portal.store.keep(
                Ticket(
                    digest: ticket.digest,
                    session: session.id,
                    subject: session.subject.id,
                    host: "crm.example.com",
                    state: ReturnState(key: portal.key).state(of: secret, host: "crm.example.com"),
                    destination: destination
                ),
                near: loop
            )
            let answer = await browser.get("https://crm.example.com/.gatehouse/callback?ticket=\(ticket.text)")
            #expect(answer.location == "/")
        }
    }

    @Test("Signing out at the portal ends the app's session too")
    func signOutEverywhere() async {
        var browser = Browser(portal)
        _ = await browser.signIn()
        _ = await enter(&browser)
        #expect(await browser.get("https://crm.example.com/.gatehouse/whoami").status == 200)
        _ = await browser.post("https://login.example.com/logout", [])
        #expect(await browser.get("https://crm.example.com/.gatehouse/whoami").status == 401)
    }
}
