import GatehouseCore
import Testing

@testable import Portal

private let logout = "https://login.example.com/logout"

@Suite("Sign-out")
struct SignOutTests {
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal()
    }

    @Test("GET asks and changes nothing")
    func asks() async {
        var browser = Browser(portal)
        _ = await browser.signIn()
        let page = await browser.get(logout)
        #expect(page.status == 200)
        #expect(page.text.contains("<form method=\"post\" action=\"/logout\">"))
        #expect(await browser.get("https://login.example.com/").status == 200)
    }

    @Test("POST ends the session and takes the cookie away")
    func ends() async {
        var browser = Browser(portal)
        _ = await browser.signIn()
        let token = browser.cookie("__Host-gatehouse")
        let answer = await browser.post(logout, [])
        #expect(answer.status == 303)
        #expect(answer.location == "https://login.example.com/login?signed_out=1")
        #expect(browser.cookie("__Host-gatehouse") == nil)
        browser.jar["login.example.com"] = ["__Host-gatehouse": token ?? ""]
        #expect(await browser.get("https://login.example.com/").status == 303)
    }

    @Test("A browser that says nothing about its forms needs the hidden value")
    func hiddenValue() async {
        var browser = Browser(portal)
        _ = await browser.signIn()
        let page = await browser.get(logout)
        #expect(await browser.post(logout, [], more: []).status == 403)
        #expect(await browser.post(logout, [("csrf", wellFormed)], more: []).status == 403)
        #expect(await browser.get("https://login.example.com/").status == 200)
        #expect(await browser.post(logout, [("csrf", page.hidden("csrf") ?? "")], more: []).status == 303)
    }

    @Test("Another site cannot sign anybody out")
    func otherSite() async {
        var browser = Browser(portal)
        _ = await browser.signIn()
        let answer = await browser.post(logout, [], more: [("Origin", "https://evil.example")])
        #expect(answer.status == 403)
        #expect(answer.text.contains("Nothing was changed"))
        #expect(await browser.get("https://login.example.com/").status == 200)
    }

    @Test("Without a session both lead to the sign-in page")
    func noSession() async {
        var browser = Browser(portal)
        #expect(await browser.get(logout).location == "https://login.example.com/login")
        #expect(await browser.post(logout, []).location == "https://login.example.com/login")
    }
}
