import GatehouseCore
import NIOCore
import Sessions
import Testing

@testable import Portal

private let login = "https://login.example.com/login"

@Suite("Sign-in")
struct SignInTests {
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal()
    }

    @Test("The form names the app that the visit goes to")
    func form() async {
        var browser = Browser(portal)
        let page = await browser.get(login + "?rd=https%3A%2F%2Fcrm.example.com%2Fa%3Fb%3D1%26c&state=" + wellFormed)
        #expect(page.status == 200)
        #expect(page.text.contains("Sign in to continue to <strong>Customer &lt;Relations&gt;</strong>"))
        #expect(page.hidden("rd") == "https://crm.example.com/a?b=1&c")
        #expect(page.hidden("state") == wellFormed)
        #expect(page.values(of: "Content-Security-Policy")[0].hasSuffix("form-action 'self' https://crm.example.com"))
        #expect(page.values(of: "Set-Cookie").count == 1)
        #expect(browser.cookie("__Host-gatehouse-login") != nil)
    }

    @Test("Tabs share one sign-in cookie, and a malformed one is replaced")
    func loginCookie() async {
        var browser = Browser(portal)
        _ = await browser.get(login)
        #expect(await browser.get(login).values(of: "Set-Cookie").isEmpty)
        browser.jar["login.example.com"]?["__Host-gatehouse-login"] = "planted"
        #expect(await browser.get(login).values(of: "Set-Cookie").count == 1)
    }

    @Test("A place that is not known leaves no trace in the form")
    func unknownPlace() async {
        var browser = Browser(portal)
        let page = await browser.get(login + "?rd=https%3A%2F%2Fevil.example%2F&state=%22%3E%3Cb%3E&retry=1")
        #expect(!page.text.contains("evil.example"))
        #expect(page.hidden("rd")?.isEmpty == true)
        #expect(page.hidden("state")?.isEmpty == true)
        #expect(page.hidden("retry")?.isEmpty == true)
        #expect(page.values(of: "Content-Security-Policy")[0].hasSuffix("form-action 'self'"))
    }

    @Test("The right password leads to the launcher with a fresh session cookie")
    func success() async {
        var browser = Browser(portal)
        browser.jar["login.example.com"] = ["__Host-gatehouse": wellFormed]
        let answer = await browser.signIn("  ALICE ")
        #expect(answer.status == 303)
        #expect(answer.location == "https://login.example.com/")
        #expect(browser.cookie("__Host-gatehouse") != wellFormed)
        #expect(browser.cookie("__Host-gatehouse-login") == nil)
        #expect(await browser.get("https://login.example.com/").status == 200)
        #expect(portal.signIns.values == ["staff succeeded"])
    }

    @Test("A sign-in cookie that somebody planted never stands for a session")
    func fixation() async {
        var browser = Browser(portal)
        _ = await browser.get(login)
        let planted = browser.cookie("__Host-gatehouse-login")
        _ = await browser.signIn()
        #expect(browser.cookie("__Host-gatehouse") != planted)
        browser.jar["login.example.com"] = ["__Host-gatehouse": planted ?? ""]
        #expect(await browser.get("https://login.example.com/").status == 303)
    }

    @Test("With an app and a state it leads to the app's callback with a ticket")
    func ticket() async {
        var browser = Browser(portal)
        let answer = await browser.signIn(query: "?rd=https%3A%2F%2Fcrm.example.com%2Fa&state=" + wellFormed)
        let location = answer.location ?? ""
        #expect(location.hasPrefix("https://crm.example.com/.gatehouse/callback?ticket="))
        #expect(!location.contains("retry"))
        #expect(answer.values(of: "Referrer-Policy") == ["no-referrer"])
        #expect(answer.values(of: "Cache-Control") == ["no-store"])
    }

    @Test("Without a state it leads to the app, which asks again with one")
    func noState() async {
        var browser = Browser(portal)
        #expect(
            await browser.signIn(query: "?rd=https%3A%2F%2Fcrm.example.com%2Fa").location == "https://crm.example.com/a"
        )
    }

    @Test("A live session goes on at once, also after Back")
    func goesOn() async {
        var browser = Browser(portal)
        let form = await browser.get(login)
        _ = await browser.signIn()
        #expect(await browser.get(login).location == "https://login.example.com/")
        let onward = await browser.get(login + "?rd=https%3A%2F%2Fcrm.example.com%2Fa&retry=1&state=" + wellFormed)
        #expect(onward.location?.hasPrefix("https://crm.example.com/.gatehouse/callback?ticket=") == true)
        #expect(onward.location?.hasSuffix("&retry=1") == true)
        let old = [("username", "alice"), ("password", "right"), ("csrf", form.hidden("csrf") ?? "")]
        let again = await browser.post(login, old)
        #expect(again.status == 303)
        #expect(again.location == "https://login.example.com/")
    }

    @Test("A new sign-in in the same browser ends the session before it")
    func replaced() async throws {
        var browser = Browser(portal)
        _ = await browser.get(login)
        let form = browser.jar["login.example.com"]
        _ = await browser.signIn()
        let first = browser.cookie("__Host-gatehouse")
        // The form of another tab, opened before.
        browser.jar["login.example.com"]?.merge(form ?? [:]) { $1 }
        let secret = try #require(SessionToken(Array((browser.cookie("__Host-gatehouse-login") ?? "").utf8)))
        let csrf = FormProtection(key: portal.key, clock: portal.time.wallClock).value(for: .signIn, secret: secret)
        let answer = await browser.post(login, [("username", "bob"), ("password", "right"), ("csrf", csrf)])
        #expect(answer.status == 303)
        let now = browser.jar
        browser.jar["login.example.com"] = ["__Host-gatehouse": first ?? ""]
        #expect(await browser.get("https://login.example.com/").status == 303)
        browser.jar = now
        #expect(await browser.get("https://login.example.com/").text.contains(">bob<"))
    }

    @Test("The page can be used without script and found by password managers")
    func fields() async {
        var browser = Browser(portal)
        let page = await browser.get(login).text
        for part in [
            "<html lang=\"en\"", "<label for=\"username\">", "<label for=\"password\">", "autocomplete=\"username\"",
            "autocomplete=\"current-password\"", "autocapitalize=\"none\"", "spellcheck=\"false\"", " autofocus",
            "Need help? Contact your service desk.",
        ] { #expect(page.contains(part), "\(part)") }
        #expect(page.split(separator: "class=\"primary\"").count == 2)
        #expect(page.split(separator: "<h1").count == 2)
        #expect(!page.contains("<script"))
    }

    @Test("After a sign-out the page says so")
    func signedOut() async {
        var browser = Browser(portal)
        #expect(
            await browser.get(login + "?signed_out=1").text.contains(
                "<p class=\"status\" role=\"status\">You are signed out."
            )
        )
    }
}

/// The form of a state; whose it is, only the callback can tell.
let wellFormed = String(repeating: "A", count: 43)
