import Audit
import Directory
import GatehouseCore
import NIOCore
import Sessions
import Testing

@testable import Portal

private let login = "https://login.example.com/login"

@Suite("Too many sign-ins")
struct SignInLimitTests {
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal(limits: SignInLimits())
        // Between two minutes, where rounding up hides the 17 ms of a bind.
        portal.time.advance(by: .seconds(30))
    }

    /// The answer as text, without what was typed and where the cursor stands.
    private func shape(_ answer: PortalResponse, _ user: String) -> String {
        let text = answer.text.replacing("value=\"\(user)\"", with: "value=\"\"").replacing(" autofocus", with: "")
        return answer.fields.map { "\($0.name): \($0.value)" }.joined(separator: "\n") + text
    }

    private func browser(_ portal: TestPortal) -> Browser {
        var browser = Browser(portal)
        // One sign-in cookie for all: the value of `csrf` belongs to it.
        browser.jar["login.example.com"] = ["__Host-gatehouse-login": wellFormed]
        return browser
    }

    @Test("The fifth failure locks a name that somebody has and one that nobody has alike, the right password included")
    func locks() async throws {
        var seen: Set<String> = []
        for user in ["alice", "ghost", "locked", "disabled"] {
            var browser = browser(portal)
            for _ in 1...4 { #expect(await browser.signIn(user, password: "wrong").status == 401) }
            for password in ["wrong", "wrong", "right", ""] {
                let answer = await browser.signIn(user, password: password)
                #expect(answer.status == 429)
                seen.insert(shape(answer, user))
            }
            #expect(browser.cookie("__Host-gatehouse") == nil)
        }
        #expect(seen.count == 1)
        #expect(try await portal.store.sessions(of: nil, near: loop).isEmpty)
    }

    @Test("The page tells the time, keeps the name, and leaves the fields alone")
    func page() async {
        var browser = Browser(portal)
        for _ in 1...5 { _ = await browser.signIn("al\"ice", password: "wrong") }
        let answer = await browser.signIn("al\"ice", password: "right")
        #expect(answer.status == 429)
        #expect(answer.values(of: "Retry-After") == ["900"])
        #expect(answer.values(of: "Cache-Control") == ["no-store"])
        #expect(answer.values(of: "WWW-Authenticate").isEmpty)
        #expect(
            answer.text.contains(
                """
                <p class="alert" role="alert" id="problem">Too many attempts. Try again in 15 minutes (after \
                <time datetime="2027-01-15T08:16:00.000Z">08:16 UTC</time>).</p>
                """
            )
        )
        #expect(answer.text.contains("value=\"al&quot;ice\""))
        #expect(answer.text.contains("<title>Error: Sign in"))
        #expect(answer.text.contains("aria-describedby=\"problem\""))
        #expect(!answer.text.contains("aria-invalid"))
    }

    @Test("It is answered at the common moment")
    func moment() async {
        for user in ["alice", "ghost"] {
            var browser = Browser(portal)
            for _ in 1...5 { _ = await browser.signIn(user, password: "wrong") }
            for password in ["wrong", "right"] {
                let before = portal.time.now
                _ = await browser.signIn(user, password: password)
                let waking = portal.time.wakings.last ?? before
                #expect(waking - before >= .milliseconds(250) && waking - before < .milliseconds(270), "\(user)")
            }
        }
        #expect(portal.time.wakings.count == 14)
    }

    @Test("After the lock's time the right password works again, and not before")
    func unlocks() async {
        var browser = Browser(portal)
        for _ in 1...5 { _ = await browser.signIn(password: "wrong") }
        portal.time.advance(by: .seconds(899))
        #expect(await browser.signIn().values(of: "Retry-After") == ["1"])
        portal.time.advance(by: .seconds(1))
        #expect(await browser.signIn().status == 303)
    }

    @Test("A sign-in that succeeds forgets the failures before it")
    func forgets() async {
        for _ in 1...3 {
            var browser = Browser(portal)
            for _ in 1...4 { #expect(await browser.signIn(password: "wrong").status == 401) }
            #expect(await browser.signIn(" ALICE").status == 303)
        }
    }

    @Test("A person who is locked is told so under no other name: the right password is answered like a wrong one")
    func person() async throws {
        let asked = Recorder<Bool>()
        let time = portal.time
        let limited = Recorder<String>()
        let portal = try TestPortal(
            time: time,
            limits: SignInLimits(),
            authenticate: { name, password, admit in
                try await TestPortal.company(time, name, password) { subject in
                    let isAdmitted = await admit(subject)
                    asked.append(isAdmitted)
                    return isAdmitted
                }
            },
            onLimited: { limited.append($0) }
        )
        var browser = browser(portal)
        for user in ["alice", "alice@example.com", "alice", "alice@example.com", "alice"] {
            #expect(await browser.signIn(user, password: "wrong").status == 401)
        }
        let wrong = await browser.signIn("ghost", password: "wrong")
        let right = await browser.signIn("alice@example.com")
        #expect(right.status == 401)
        #expect(shape(right, "alice@example.com") == shape(wrong, "ghost"))
        #expect(asked.values == [true, true, true, true, true, false])
        #expect(browser.cookie("__Host-gatehouse") == nil)
        #expect(portal.trail.lines.last == "sign_in.failed account_throttled")
        #expect(portal.trail.events.last?.subject == TestPortal.subject("alice").id)
        #expect(portal.trail.events.last?.login == "alice@example.com")
        #expect(limited.values == ["account_throttled"])
        // It was a failure of its name all the same: with the fifth that is locked, and says so.
        #expect(await browser.signIn("alice@example.com").status == 401)
        #expect(await browser.signIn("alice@example.com").status == 429)
        #expect(
            portal.trail.lines.suffix(2) == ["sign_in.failed account_throttled", "sign_in.locked account_throttled"]
        )
        time.advance(by: .seconds(901))
        #expect(await browser.signIn("alice@example.com").status == 303)
    }

    @Test("Failures of one network are counted whatever the name, and names that are none too")
    func network() async throws {
        let limits = SignInLimits(perNetwork: .init(count: 3, period: .seconds(300)))
        let portal = try TestPortal(limits: limits)
        var browser = Browser(portal)
        for user in ["ghost", "", "al\u{1}ce"] { #expect(await browser.signIn(user).status == 401) }
        let answer = await browser.signIn()
        #expect(answer.status == 429)
        #expect(answer.values(of: "Retry-After") == ["100"])
        #expect(answer.text.contains("Too many attempts. Try again in 2 minutes (after "))
        #expect(portal.trail.lines.last == "sign_in.locked network_throttled")
        browser.address = SourceAddress("192.0.2.8")!
        #expect(await browser.signIn().status == 303)
    }

    @Test("Where the address is not known, all such visitors are one network")
    func unspecified() async throws {
        let limits = SignInLimits(perNetwork: .init(count: 1, period: .seconds(300)))
        var browser = Browser(try TestPortal(limits: limits))
        browser.address = .unspecified
        #expect(await browser.signIn("ghost").status == 401)
        #expect(await browser.signIn().status == 429)
    }

    @Test("An empty password counts, and the directory is not asked")
    func emptyPassword() async throws {
        let asked = Recorder<String>()
        let portal = try TestPortal(limits: SignInLimits()) { name, _, _ in
            asked.append(name.description)
            return .rejected(Rejection(.unknownName))
        }
        var browser = Browser(portal)
        for _ in 1...4 { #expect(await browser.signIn(password: "").status == 401) }
        #expect(await browser.signIn(password: "").status == 429)
        #expect(asked.values.isEmpty)
    }

    @Test("A form that is not the portal's own counts nothing")
    func stale() async {
        var browser = Browser(portal)
        for _ in 1...10 {
            #expect(await browser.post(login, [("username", "alice"), ("password", "wrong")]).status == 403)
        }
        #expect(await browser.signIn(password: "wrong").status == 401)
        #expect(portal.signIns.values == ["staff failed"])
    }

    @Test("Twenty guesses at once are five questions to the directory")
    func atOnce() async throws {
        let asked = Recorder<String>()
        let trail = TestTrail()
        let portal = try TestPortal(limits: SignInLimits(), trail: trail) { name, _, _ in
            asked.append(name.description)
            // Holds the five until the others are answered, or until something is wrong.
            let end = ContinuousClock.now + .seconds(20)
            while trail.events(.signInLocked).count < 15, ContinuousClock.now < end { await Task.yield() }
            return .rejected(Rejection(.wrongPassword, subject: SubjectID(realm: "staff", immutableID: "1")))
        }
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 1...20 {
                group.addTask {
                    var browser = Browser(portal)
                    return await browser.signIn(password: "guess").status
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(asked.values.count == 5)
        #expect(statuses.count == 20)
        #expect(statuses.allSatisfy { $0 == 429 || $0 == 401 })
    }

    @Test("What the directories take is known to the next configuration")
    func memory() async throws {
        let time = ManualTime()
        let memory = SignInMemory()
        for user in ["alice", "ghost"] {
            let portal = try TestPortal(time: time, memory: memory) { name, _, _ in
                guard name.description == "alice" else { return .rejected(Rejection(.unknownName)) }
                time.advance(by: .milliseconds(600))
                let subject = SubjectID(realm: "staff", immutableID: "1")
                return .rejected(Rejection(.wrongPassword, subject: subject, bindDuration: .milliseconds(600)))
            }
            var browser = Browser(portal)
            let before = time.now
            _ = await browser.signIn(user, password: "wrong")
            let waking = time.wakings.last ?? before
            #expect(waking - before >= .milliseconds(600) && waking - before < .milliseconds(620), "\(user)")
        }
    }
}
