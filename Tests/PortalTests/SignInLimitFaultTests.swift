import Directory
import GatehouseCore
import NIOCore
import Sessions
import Synchronization
import Testing

@testable import Portal

@Suite("Limits when something does not answer")
struct SignInLimitFaultTests {
    @Test("A directory that cannot answer counts nothing")
    func outage() async throws {
        let asked = Recorder<Int>()
        let portal = try TestPortal(limits: SignInLimits(perNetwork: .init(count: 5, period: .seconds(300)))) {
            _,
            _,
            _ in
            asked.append(1)
            if asked.values.count <= 20 { throw TestPortal.DirectoryIsDown() }
            return .rejected(Rejection(.unknownName))
        }
        var browser = Browser(portal)
        for _ in 1...20 { #expect(await browser.signIn().status == 503) }
        for _ in 1...4 { #expect(await browser.signIn().status == 401) }
        #expect(await browser.signIn().status == 429)
        #expect(
            Array(portal.signIns.values.prefix(21)) == Array(repeating: "staff unavailable", count: 20) + [
                "staff failed"
            ]
        )
        #expect(portal.signIns.values.last == "staff locked")
    }

    @Test("When the limits cannot be asked, nobody signs in and no directory is asked")
    func limiterIsDown() async throws {
        let asked = Recorder<String>()
        let portal = try TestPortal(limiter: DeadLimiter()) { name, _, _ in
            asked.append(name.description)
            return .rejected(Rejection(.unknownName))
        }
        var browser = Browser(portal)
        let answer = await browser.signIn()
        #expect(answer.status == 503)
        #expect(answer.values(of: "Retry-After") == ["5"])
        #expect(answer.text.contains("Sign-in is not available at the moment."))
        #expect(answer.text.contains("value=\"alice\""))
        #expect(asked.values.isEmpty)
        #expect(portal.trail.events.isEmpty)
        #expect(portal.signIns.values == ["staff unavailable"])
    }

    @Test("When the limits cannot say whether the person may try, no password is looked at and nothing is counted")
    func admissionIsLost() async throws {
        for password in ["right", "wrong"] {
            let time = ManualTime()
            let limiter = UndecidedLimiter(time: time)
            let trail = TestTrail()
            let portal = try TestPortal(time: time, limiter: limiter, trail: trail)
            var browser = Browser(portal)
            // More often than there are places: each was given back, the one that was taken without a word too.
            for _ in 1...7 {
                let before = time.now
                #expect(await browser.signIn("alice", password: password).status == 503)
                #expect(time.now == before, "a password was looked at")
                #expect((time.wakings.last ?? before) - before >= .milliseconds(250))
            }
            #expect(browser.cookie("__Host-gatehouse") == nil)
            #expect(trail.events.isEmpty)
            #expect(portal.signIns.values == Array(repeating: "staff unavailable", count: 7))
            limiter.recover()
            for _ in 1...4 { #expect(await browser.signIn(password: "wrong").status == 401) }
            #expect(await browser.signIn().status == 303)
        }
    }

    @Test("When the limits are lost on the way, the right password is told nothing else than a wrong one")
    func limiterIsLost() async throws {
        for password in ["right", "wrong"] {
            let portal = try TestPortal(limiter: ForgetfulLimiter())
            var browser = Browser(portal)
            #expect(await browser.signIn(password: password).status == 503)
            #expect(browser.cookie("__Host-gatehouse") == nil)
            #expect(try await portal.store.sessions(of: nil, near: loop).isEmpty)
            // A wrong one has waited before it was to be counted; waiting again is waiting until the same moment.
            #expect(Set(portal.time.wakings).count == 1)
        }
    }

    @Test("An attempt that nobody waits for any more counts nothing")
    func cancelled() async throws {
        let asked = Recorder<String>()
        let limits = SignInLimits(perAccount: .init(count: 1, period: .seconds(300)))
        let time = ManualTime()
        let portal = try TestPortal(time: time, limits: limits) { name, password, admit in
            asked.append(name.description)
            if asked.values.count == 1 { try await Task.sleep(for: .seconds(60)) }
            return try await TestPortal.company(time, name, password, admit)
        }
        let attempt = Task {
            var browser = Browser(portal)
            return await browser.signIn().status
        }
        while asked.values.isEmpty { await Task.yield() }
        attempt.cancel()
        #expect(await attempt.value == 500)
        var browser = Browser(portal)
        #expect(await browser.signIn().status == 303)
    }

    @Test("A wrong password is counted although nobody waited for its answer")
    func cancelledAnswer() async throws {
        let limits = SignInLimits(perAccount: .init(count: 1, period: .seconds(300)))
        let time = ManualTime()
        let portal = try TestPortal(time: time, limits: limits) { name, password, admit in
            let result = try await TestPortal.company(time, name, password, admit)
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return result
        }
        let status = await Task {
            var browser = Browser(portal)
            return await browser.signIn(password: "wrong").status
        }.value
        #expect(status == 500)
        var browser = Browser(portal)
        #expect(await browser.signIn().status == 429)
    }
}

/// Takes a person's place, and the answer is lost.
final class UndecidedLimiter: SignInLimiter {
    private let limiter: MemorySignInLimiter
    private let isLost = Mutex(true)

    init(time: ManualTime) {
        limiter = MemorySignInLimiter(limits: SignInLimits(), clock: time.wallClock)
    }

    func recover() { isLost.withLock { $0 = false } }

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
        let answer = limiter.admit(subject, reservation, on: eventLoop)
        return isLost.withLock { $0 } ? eventLoop.makeFailedFuture(DeadLimiter.Down()) : answer
    }

    func settle(
        _ reservation: SignInReservation,
        _ outcome: SignInOutcome,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInRefusal?> {
        limiter.settle(reservation, outcome, on: eventLoop)
    }
}

/// Limits behind which nothing answers.
struct DeadLimiter: SignInLimiter {
    struct Down: Error {}

    func reserve(
        name: FoldedName?,
        address: SourceAddress,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInAdmission> {
        eventLoop.makeFailedFuture(Down())
    }

    func admit(
        _ subject: SubjectID,
        _ reservation: SignInReservation,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        eventLoop.makeFailedFuture(Down())
    }

    func settle(
        _ reservation: SignInReservation,
        _ outcome: SignInOutcome,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInRefusal?> {
        eventLoop.makeFailedFuture(Down())
    }
}

/// Answers what comes before the password alone.
struct ForgetfulLimiter: SignInLimiter {
    private let before = MemorySignInLimiter(limits: SignInLimits())

    func reserve(
        name: FoldedName?,
        address: SourceAddress,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInAdmission> {
        before.reserve(name: name, address: address, on: eventLoop)
    }

    func admit(
        _ subject: SubjectID,
        _ reservation: SignInReservation,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        before.admit(subject, reservation, on: eventLoop)
    }

    func settle(
        _ reservation: SignInReservation,
        _ outcome: SignInOutcome,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInRefusal?> {
        eventLoop.makeFailedFuture(DeadLimiter.Down())
    }
}
