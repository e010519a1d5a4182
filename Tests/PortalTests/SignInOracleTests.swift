import Audit
import Directory
import GatehouseCore
import NIOCore
import Sessions
import Synchronization
import Testing

@testable import Portal

/// What can be learnt of names by failing under them (docs/security-rules.md, rule 22).
@Suite("Failing under several names tells nothing of who has them")
struct SignInOracleTests {
    /// What a stranger sees of one answer.
    private struct Seen: Hashable {
        let status: Int
        let retryAfter: [String]
        let page: String
        /// Milliseconds from the attempt to the answer, jitter left out.
        let wait: Int
    }

    /// Two names of one person, a name of a person and one that nobody has, two of nobody.
    private static let pairs = [
        ["alice", "alice@example.com"], ["alice", "ghost"], ["ghost", "ghost@example.com"], ["locked", "disabled"],
    ]

    private func attempt(_ portal: TestPortal, _ user: String, _ password: String) async -> Seen {
        var browser = Browser(portal)
        // One sign-in cookie for all: the value of `csrf` belongs to it.
        browser.jar["login.example.com"] = ["__Host-gatehouse-login": wellFormed]
        let before = portal.time.now
        let answer = await browser.signIn(user, password: password)
        let waking = portal.time.wakings.last ?? before
        return Seen(
            status: answer.status,
            retryAfter: answer.values(of: "Retry-After"),
            page: answer.text.replacing("value=\"\(user)\"", with: "value=\"\"").replacing(" autofocus", with: ""),
            wait: Int((waking - before) / .milliseconds(50))
        )
    }

    @Test("Any mixture of two names looks the same, whoever has them, the right password after the lock included")
    func mixtures() async throws {
        for mixture in 0..<(1 << 5) {
            // Five failures in any order, so that a person with both names is locked, then what is right under both.
            var steps = (0..<5).map { (name: mixture >> $0 & 1, password: "wrong") }
            for name in [1, 0, 1, 1, 0, 0, 1, 1] { steps.append((name, "right")) }
            var expected: [Seen]?
            for pair in Self.pairs {
                // Under a name of their own somebody would get in, and should.
                let isOpen = pair == ["alice", "ghost"]
                let portal = try TestPortal(limits: SignInLimits())
                portal.time.advance(by: .seconds(30))
                var seen: [Seen] = []
                for step in steps {
                    seen.append(await attempt(portal, pair[step.name], isOpen ? "wrong" : step.password))
                }
                if let expected {
                    #expect(seen == expected, "\(pair), mixture \(mixture)")
                } else {
                    expected = seen
                }
                #expect(seen.allSatisfy { $0.status == 401 || $0.status == 429 })
            }
            #expect(expected?.last?.status == 429)
        }
    }

    @Test("Five guesses under each of many names at once: five passwords of one person are looked at")
    func atOnce() async throws {
        let time = ManualTime()
        let looks = Recorder<String>()
        let subject = TestPortal.subject("alice").id
        let portal = try TestPortal(time: time, limits: SignInLimits()) { name, _, admit in
            guard await admit(subject) else { return .rejected(Rejection(.throttled, subject: subject)) }
            looks.append(name.description)
            return .rejected(Rejection(.wrongPassword, subject: subject))
        }
        let statuses = await withTaskGroup(of: Int.self) { group in
            for index in 0..<40 {
                group.addTask {
                    var browser = Browser(portal)
                    return await browser.signIn("name-\(index % 10)", password: "guess").status
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(looks.values.count == 5)
        #expect(statuses.allSatisfy { $0 == 401 })
    }

    @Test("A failure becomes one at the common moment, however long the directory was busy with it")
    func judgedWhenAnswered() async throws {
        for user in ["alice", "ghost", ""] {
            let time = ManualTime()
            let limiter = WatchedLimiter(time: time)
            let portal = try TestPortal(time: time, limiter: limiter)
            var browser = Browser(portal)
            #expect(await browser.signIn(user, password: "wrong").status == 401)
            #expect(limiter.wakingsAtFailure == [1], "\(user)")
        }
        let time = ManualTime()
        let limiter = WatchedLimiter(time: time)
        let portal = try TestPortal(time: time, limiter: limiter)
        var browser = Browser(portal)
        #expect(await browser.signIn().status == 303)
        #expect(limiter.wakingsAtFailure.isEmpty && time.wakings.isEmpty)
    }

    @Test("With a slow directory and slow limits all answers come at one moment: wrong, unknown, not admitted")
    func slow() async throws {
        let time = ManualTime()
        let memory = SignInMemory()
        let limits = SignInLimits(perAccount: .init(count: 2, period: .seconds(300)))
        let limiter = WatchedLimiter(time: time, limits: limits, admissionTime: .milliseconds(40))
        let portal = try TestPortal(time: time, limiter: limiter, memory: memory) { name, _, admit in
            time.advance(by: .milliseconds(300))
            guard name.description != "ghost" else { return .rejected(Rejection(.unknownName)) }
            let subject = TestPortal.subject("alice").id
            guard await admit(subject) else { return .rejected(Rejection(.throttled, subject: subject)) }
            time.advance(by: .milliseconds(600))
            return .rejected(Rejection(.wrongPassword, subject: subject, bindDuration: .milliseconds(600)))
        }
        for user in ["alice", "a.liddell", "alice@example.com", "ghost"] {
            var browser = Browser(portal)
            let before = time.now
            #expect(await browser.signIn(user, password: "wrong").status == 401)
            let waking = time.wakings.last ?? before
            #expect(waking - before >= .milliseconds(940) && waking - before < .milliseconds(960), "\(user)")
        }
        #expect(
            portal.trail.events.map(\.reason) == [
                "wrong_password", "wrong_password", "account_throttled", "unknown_name",
            ]
        )
    }
}

/// Notes how many answers had waited when a failure was counted, and takes its time over a person.
private final class WatchedLimiter: SignInLimiter {
    private let time: ManualTime
    private let admissionTime: Duration
    private let limiter: MemorySignInLimiter
    private let wakings = Mutex<[Int]>([])

    var wakingsAtFailure: [Int] { wakings.withLock { $0 } }

    init(time: ManualTime, limits: SignInLimits = SignInLimits(), admissionTime: Duration = .zero) {
        self.time = time
        self.admissionTime = admissionTime
        limiter = MemorySignInLimiter(limits: limits, clock: time.wallClock)
    }

    func reserve(
        name: FoldedName?,
        address: SourceAddress,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInAdmission> {
        limiter.reserve(name: name, address: address, on: eventLoop)
    }

    func admit(
        _ subject: SubjectID,
        _ reservation: SignInReservation,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        time.advance(by: admissionTime)
        return limiter.admit(subject, reservation, on: eventLoop)
    }

    func settle(
        _ reservation: SignInReservation,
        _ outcome: SignInOutcome,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInRefusal?> {
        if case .failed = outcome { wakings.withLock { $0.append(time.wakings.count) } }
        return limiter.settle(reservation, outcome, on: eventLoop)
    }
}
