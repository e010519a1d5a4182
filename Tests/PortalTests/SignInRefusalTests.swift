import Directory
import GatehouseCore
import NIOCore
import Testing

@testable import Portal

private let login = "https://login.example.com/login"

@Suite("Refused sign-ins")
struct SignInRefusalTests {
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal()
    }

    private static let alike: [(user: String, password: String)] = [
        ("alice", "wrong"), ("ghost", "right"), ("locked", "right"), ("disabled", "right"), ("alice", ""),
        ("", "right"),
        ("", ""), ("alice", "a\0b"), ("alice", String(repeating: "x", count: 1025)), ("al\u{1}ce", "right"),
    ]

    @Test("All look the same: words, status, length and fields")
    func alike() async {
        var seen: Set<String> = []
        for (user, password) in Self.alike {
            var browser = Browser(portal)
            // One sign-in cookie for all: the value of `csrf` belongs to it.
            browser.jar["login.example.com"] = ["__Host-gatehouse-login": wellFormed]
            let answer = await browser.signIn(user, password: password)
            #expect(answer.status == 401)
            #expect(answer.values(of: "Set-Cookie").isEmpty)
            // What differs is what was typed, and which field the cursor stands in.
            let text = answer.text.replacing("value=\"\(user)\"", with: "value=\"\"").replacing(" autofocus", with: "")
            seen.insert(answer.fields.map { "\($0.name): \($0.value)" }.joined(separator: "\n") + text)
        }
        #expect(seen.count == 1)
        let text = seen.first ?? ""
        #expect(text.contains("That user name or password is not right. Check both and try again."))
        #expect(text.contains("<title>Error: Sign in"))
        #expect(text.contains("role=\"alert\" id=\"problem\""))
        #expect(text.contains("aria-invalid=\"true\" aria-describedby=\"problem\""))
    }

    @Test("All are answered at the common moment")
    func moment() async {
        for (user, password) in Self.alike {
            var browser = Browser(portal)
            let before = portal.time.now
            _ = await browser.signIn(user, password: password)
            let waking = portal.time.wakings.last ?? before
            #expect(waking - before >= .milliseconds(250) && waking - before < .milliseconds(270), "\(user)")
        }
        #expect(portal.time.wakings.count == Self.alike.count)
    }

    @Test("A slow directory moves the moment for unknown names too")
    func slow() async throws {
        let time = ManualTime()
        let slow = try TestPortal(time: time) { name, _, _ in
            guard name.description == "alice" else { return .rejected(Rejection(.unknownName)) }
            time.advance(by: .milliseconds(600))
            let subject = SubjectID(realm: "staff", immutableID: "1")
            return .rejected(Rejection(.wrongPassword, subject: subject, bindDuration: .milliseconds(600)))
        }
        for user in ["alice", "ghost"] {
            var browser = Browser(slow)
            let before = slow.time.now
            _ = await browser.signIn(user, password: "wrong")
            let waking = slow.time.wakings.last ?? before
            #expect(waking - before >= .milliseconds(600) && waking - before < .milliseconds(620), "\(user)")
        }
    }

    @Test("A sign-in that succeeds waits for nothing")
    func noDelay() async {
        var browser = Browser(portal)
        _ = await browser.signIn()
        #expect(portal.time.wakings.isEmpty)
    }

    @Test("The password's bytes reach the directory unchanged")
    func bytes() async throws {
        let seen = Recorder<[UInt8]>()
        let portal = try TestPortal { _, password, _ in
            seen.append(password.withBytes { $0 })
            return .rejected(Rejection(.wrongPassword))
        }
        var browser = Browser(portal)
        _ = await browser.signIn(password: "  p+a%s&=ö\u{301} \t")
        #expect(seen.values == [Array("  p+a%s&=ö\u{301} \t".utf8)])
    }

    @Test("A name or password that is none never reaches the directory")
    func notAsked() async throws {
        let seen = Recorder<String>()
        let portal = try TestPortal { name, _, _ in
            seen.append(name.description)
            return .rejected(Rejection(.unknownName))
        }
        for (user, password) in [
            ("", "a"), ("alice", ""), (String(repeating: "a", count: 129), "a"), ("a\u{200E}b", "a"),
        ] {
            var browser = Browser(portal)
            #expect(await browser.signIn(user, password: password).status == 401)
        }
        #expect(seen.values.isEmpty)
    }

    @Test(
        "An expired password is told after it was right",
        arguments: [("expired", "Your password has expired."), ("reset", "Your password must be changed")]
    )
    func expired(user: String, sentence: String) async {
        var browser = Browser(portal)
        let wrong = await browser.signIn(user, password: "wrong")
        #expect(!wrong.text.contains(sentence))
        let right = await browser.signIn(user)
        #expect(right.status == 401)
        #expect(right.text.contains(sentence))
        #expect(browser.cookie("__Host-gatehouse") == nil)
    }

    @Test("When the directory cannot answer, the page says so, keeps the name and counts nothing")
    func outage() async {
        var browser = Browser(portal)
        let answer = await browser.signIn("outage")
        #expect(answer.status == 503)
        #expect(answer.text.contains("Sign-in is not available at the moment."))
        #expect(answer.text.contains("value=\"outage\""))
        #expect(answer.text.contains("Reference <code>"))
        #expect(portal.trail.events.isEmpty)
        #expect(portal.signIns.values == ["staff unavailable"])
    }

    @Test("A directory that cannot answer is told at the common moment too")
    func outageMoment() async {
        var browser = Browser(portal)
        let before = portal.time.now
        _ = await browser.signIn("outage")
        #expect(portal.time.wakings.count == 1)
        let waking = portal.time.wakings.last ?? before
        #expect(waking - before >= .milliseconds(250) && waking - before < .milliseconds(270))
    }

    @Test("Waiting for a connection never moves the moment, nor does a locked account")
    func strangersDoNotMoveIt() async throws {
        let time = ManualTime()
        let subject = SubjectID(realm: "staff", immutableID: "1")
        let busy = try TestPortal(time: time) { name, _, _ in
            switch name.description {
            case "alice":
                time.advance(by: .seconds(2))
                return .rejected(Rejection(.wrongPassword, subject: subject, bindDuration: .milliseconds(17)))
            case "locked":
                time.advance(by: .seconds(2))
                return .rejected(Rejection(.accountLocked, subject: subject, bindDuration: .seconds(2)))
            default: return .rejected(Rejection(.unknownName))
            }
        }
        for user in ["alice", "locked", "ghost"] {
            var browser = Browser(busy)
            let before = time.now
            _ = await browser.signIn(user, password: "wrong")
            guard user == "ghost" else { continue }
            let waking = time.wakings.last ?? before
            #expect(waking - before >= .milliseconds(250) && waking - before < .milliseconds(270))
        }
    }

    @Test("Where the wait comes before a slow bind, a name that nobody has is answered as late as one that exists")
    func queueAndSlowBind() async throws {
        let time = ManualTime()
        let queued = try TestPortal(time: time) { name, _, _ in
            time.advance(by: .milliseconds(300))
            guard name.description == "alice" else { return .rejected(Rejection(.unknownName)) }
            time.advance(by: .milliseconds(600))
            let subject = SubjectID(realm: "staff", immutableID: "1")
            return .rejected(Rejection(.wrongPassword, subject: subject, bindDuration: .milliseconds(600)))
        }
        for user in ["alice", "ghost"] {
            var browser = Browser(queued)
            let before = time.now
            _ = await browser.signIn(user, password: "wrong")
            let waking = time.wakings.last ?? before
            #expect(waking - before >= .milliseconds(900) && waking - before < .milliseconds(920), "\(user)")
        }
    }

    @Test("A form without its cookie comes again, the name kept")
    func stale() async {
        var browser = Browser(portal)
        let form = await browser.get(login)
        let fields = [("username", "al\"ice"), ("password", "right"), ("csrf", form.hidden("csrf") ?? "")]
        browser.jar = [:]
        let answer = await browser.post(login, fields)
        #expect(answer.status == 403)
        #expect(answer.text.contains("This page was open for too long"))
        #expect(answer.text.contains("value=\"al&quot;ice\""))
        #expect(!answer.text.contains("right\""))
        #expect(browser.cookie("__Host-gatehouse-login") != nil)
    }

    @Test("A form of yesterday comes again")
    func old() async {
        var browser = Browser(portal)
        let form = await browser.get(login)
        portal.time.advance(by: .seconds(2 * 3600))
        let fields = [("username", "alice"), ("password", "right"), ("csrf", form.hidden("csrf") ?? "")]
        #expect(await browser.post(login, fields).status == 403)
    }

    @Test(
        "A form of another site is refused even with a good value",
        arguments: [
            ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Origin", "https://evil.example"),
            ("Origin", "null"),
        ]
    )
    func otherSite(name: String, value: String) async {
        var browser = Browser(portal)
        let form = await browser.get(login)
        let fields = [("username", "alice"), ("password", "right"), ("csrf", form.hidden("csrf") ?? "")]
        let answer = await browser.post(login, fields, more: [(name: name, value: value)])
        #expect(answer.status == 403)
        #expect(browser.cookie("__Host-gatehouse") == nil)
    }

    @Test(
        "What is no such form is refused",
        arguments: [
            ("username=a&username=b&password=c", "application/x-www-form-urlencoded", 400),
            ("username=a&password=b&password=c", "application/x-www-form-urlencoded", 400),
            ("username=a&rd=b&rd=c", "application/x-www-form-urlencoded", 400),
            ("csrf=a&csrf=b", "application/x-www-form-urlencoded", 400),
            ("username=%zz", "application/x-www-form-urlencoded", 400),
            ("{}", "application/json", 415), ("a=b", "text/plain", 415),
            ("a=b", "multipart/form-data; boundary=x", 415),
            (String(repeating: "a", count: 64 * 1024 + 1), "application/x-www-form-urlencoded", 413),
        ]
    )
    func malformed(body: String, type: String, status: Int) async {
        var browser = Browser(portal)
        #expect(await browser.post(login, raw: body, type: type).status == status)
    }
}
