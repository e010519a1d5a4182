import Audit
import GatehouseCore
import Sessions
import Testing

@testable import Portal

private let login = "https://login.example.com/login"
private let agent = (name: "User-Agent", value: "Mozilla/5.0 (X11)")

@Suite("What is put on record")
struct SignInAuditTests {
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal(limits: SignInLimits())
    }

    private var sessions: [Session] {
        get async throws { try await portal.store.sessions(of: nil, near: loop) }
    }

    @Test("A sign-in is on record with all that is known, and so is its session")
    func success() async throws {
        var browser = Browser(portal)
        browser.fields = [agent]
        _ = await browser.signIn(" ALICE", password: "right")
        #expect(portal.trail.lines == ["sign_in.succeeded password", "session.created -"])
        let session = try #require(try await sessions.first)
        #expect(session.client == SessionClient(address: "192.0.2.7", userAgent: agent.value))
        for event in portal.trail.events {
            #expect(event.outcome == .success)
            #expect(event.subject == SubjectID(realm: "staff", immutableID: "id-of-alice"))
            #expect(event.directory == "staff")
            #expect(event.session == session.id)
            #expect(event.address == SourceAddress("192.0.2.7"))
            #expect(event.userAgent == agent.value)
            #expect(event.requestID != nil)
        }
        #expect(portal.trail.events[0].login == "alice")
    }

    @Test(
        "A failure is on record with its reason, and with the person where there is one",
        arguments: [
            ("alice", "wrong", "wrong_password", "id-of-alice", "alice"),
            (" ＡＬＩＣＥ", "wrong", "wrong_password", "id-of-alice", "alice"),
            ("gh\nost", "right", "invalid_name", nil, nil),
            ("ghost\"\\", "right", "unknown_name", nil, "ghost\"\\"),
            ("locked", "right", "account_locked", "id-of-locked", "locked"),
            ("disabled", "right", "account_locked", "id-of-disabled", "disabled"),
            ("expired", "right", "password_expired", "id-of-expired", "expired"),
            ("", "right", "invalid_name", nil, nil), ("alice", "", "invalid_password", nil, "alice"),
        ] as [(String, String, String, String?, String?)]
    )
    func failure(user: String, password: String, reason: String, subject: String?, name: String?) async {
        var browser = Browser(portal)
        _ = await browser.signIn(user, password: password)
        #expect(portal.trail.lines == ["sign_in.failed \(reason)"])
        let event = portal.trail.events.first
        #expect(event?.outcome == .failure)
        #expect(event?.subject?.immutableID == subject)
        #expect(event?.directory == (subject == nil ? nil : "staff"))
        #expect(event?.login == name)
        #expect(event?.session == nil)
        #expect(event?.address == SourceAddress("192.0.2.7"))
        #expect(portal.signIns.values == ["staff failed"])
    }

    @Test("A lock is on record when it begins, and each attempt that it keeps out")
    func locked() async {
        var browser = Browser(portal)
        for _ in 1...5 { _ = await browser.signIn(password: "wrong") }
        _ = await browser.signIn()
        let failed = Array(repeating: "sign_in.failed wrong_password", count: 5)
        let locked = Array(repeating: "sign_in.locked account_throttled", count: 2)
        #expect(portal.trail.lines == failed + locked)
        #expect(portal.trail.events[5].subject?.immutableID == "id-of-alice")
        #expect(portal.trail.events[6].subject == nil)
        #expect(portal.trail.events[6].login == "alice")
        #expect(
            portal.signIns.values == Array(repeating: "staff failed", count: 4) + ["staff locked", "staff locked"]
        )
    }

    @Test("With several directories, one is named where the person is known alone")
    func directories() async throws {
        let portal = try TestPortal(factsDigests: ["staff": "v1", "partners": "v1"])
        var browser = Browser(portal)
        _ = await browser.signIn("ghost")
        _ = await browser.signIn("alice", password: "wrong")
        #expect(portal.signIns.values == ["_unknown failed", "staff failed"])
    }

    @Test("No password is ever on record or in the log")
    func noPassword() async {
        var browser = Browser(portal)
        for user in ["alice", "ghost", "outage", ""] { _ = await browser.signIn(user, password: "hunter2-äöü") }
        #expect(!portal.trail.events.isEmpty)
        let all = portal.trail.events.map { String(reflecting: $0) } + portal.log.lines
        #expect(!all.contains { $0.contains("hunter2") })
    }

    @Test(
        "What a browser says of itself is cut, and two words are none",
        arguments: [
            ([String(repeating: "x", count: 300)], String(repeating: "x", count: 256)), (["a", "b"], nil), ([], nil),
            ([""], nil),
        ] as [([String], String?)]
    )
    func userAgent(values: [String], kept: String?) async throws {
        var browser = Browser(portal)
        browser.fields = values.map { (name: "user-agent", value: $0) }
        _ = await browser.signIn()
        #expect(portal.trail.events.first?.userAgent == kept)
        #expect(try await sessions.first?.client.userAgent == kept ?? "")
    }

    @Test("An address that is not known is none")
    func noAddress() async throws {
        var browser = Browser(portal)
        browser.address = .unspecified
        _ = await browser.signIn()
        let event = try #require(portal.trail.events.first)
        #expect(event.address == nil)
        #expect(try await sessions.first?.client.address.isEmpty == true)
    }

    @Test("While the trail cannot be written nobody signs in, no directory is asked, nothing is counted")
    func unwritable() async throws {
        let asked = Recorder<String>()
        let portal = try TestPortal { name, _, _ in
            asked.append(name.description)
            throw TestPortal.DirectoryIsDown()
        }
        portal.trail.becomeUnwritable()
        var browser = Browser(portal)
        let answer = await browser.signIn()
        #expect(answer.status == 503)
        #expect(answer.text.contains("Sign-in is not available at the moment."))
        #expect(answer.text.contains("value=\"alice\""))
        #expect(asked.values.isEmpty)
        #expect(portal.signIns.values == ["staff unavailable"])
        #expect(portal.log.lines.contains { $0.hasPrefix("Nobody can sign in while the audit trail cannot") })
    }

    @Test("A sign-in that cannot be put on record is none: no cookie, no session")
    func commitFails() async throws {
        portal.trail.refuseCommits()
        var browser = Browser(portal)
        let answer = await browser.signIn()
        #expect(answer.status == 503)
        #expect(browser.cookie("__Host-gatehouse") == nil)
        #expect(try await sessions.isEmpty)
        #expect(portal.trail.events.isEmpty)
        #expect(portal.signIns.values == ["staff unavailable"])
    }

    @Test("The session that a sign-in replaces is on record as ended")
    func replaced() async throws {
        var browser = Browser(portal)
        let form = await browser.get(login)
        let cookie = browser.cookie("__Host-gatehouse-login")
        _ = await browser.signIn()
        let first = try #require(try await sessions.first).id
        browser.jar["login.example.com"]?["__Host-gatehouse-login"] = cookie
        let fields = [("username", "bob"), ("password", "right"), ("csrf", form.hidden("csrf") ?? "")]
        #expect(await browser.post(login, fields).status == 303)
        #expect(
            portal.trail.lines.suffix(3) == [
                "session.ended replaced", "sign_in.succeeded password", "session.created -",
            ]
        )
        #expect(portal.trail.events(.sessionEnded).map(\.session) == [first])
    }

    @Test("A sign-out is on record before it is answered, once")
    func signOut() async throws {
        var browser = Browser(portal)
        browser.fields = [agent]
        _ = await browser.signIn()
        let session = try #require(try await sessions.first)
        _ = await browser.post("https://login.example.com/logout", [])
        _ = await browser.post("https://login.example.com/logout", [])
        let ended = portal.trail.events(.sessionEnded)
        #expect(ended.map(\.reason) == ["signed_out"])
        #expect(ended[0].session == session.id)
        #expect(ended[0].subject == session.subject.id)
        #expect(ended[0].userAgent == agent.value)
        #expect(ended[0].details.isEmpty)
    }

    @Test("To sign out is never refused: where the trail cannot be written now, it keeps the event")
    func signOutCommitFails() async throws {
        var browser = Browser(portal)
        _ = await browser.signIn()
        portal.trail.refuseCommits()
        #expect(await browser.post("https://login.example.com/logout", []).status == 303)
        #expect(try await sessions.isEmpty)
        #expect(portal.trail.events(.sessionEnded).count == 1)
        #expect(await browser.get("https://login.example.com/").status == 303)
    }

    @Test("Leaving one application is on record with its name, everywhere without one")
    func leaving() async throws {
        for scope in ["here", "everywhere"] {
            var browser = Browser(portal)
            let secret = SessionToken.random()
            browser.jar["crm.example.com"] = ["__Host-gatehouse-return": secret.text]
            let state = ReturnState(key: portal.key).state(of: secret, host: "crm.example.com")
            let ticket = await browser.signIn(query: "?rd=https%3A%2F%2Fcrm.example.com%2F&state=\(state)")
            _ = await browser.get(ticket.location ?? "")
            _ = await browser.post("https://crm.example.com/.gatehouse/sign-out", [("scope", scope)])
        }
        let ended = portal.trail.events(.sessionEnded)
        #expect(ended.map(\.reason) == ["signed_out", "signed_out"])
        #expect(ended.map(\.app) == ["crm", nil])
        #expect(ended[0].details == [.init("scope", "app"), .init("host", "crm.example.com")])
        #expect(ended[1].details.isEmpty)
    }
}
