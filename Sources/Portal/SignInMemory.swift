internal import Synchronization

/// What sign-ins have learnt and a reload must not forget: how long the directories take over a wrong password. Made once a
/// process and handed to every ``PortalService``, which is made anew with each configuration.
package final class SignInMemory: Sendable {
    private let failures = Mutex(FailureMoment())

    package init() {}

    /// Notes how long a wrong password took from the end of the search on: the limits of the person, and the bind.
    func record(_ duration: Duration, realm: String, at now: ContinuousClock.Instant) {
        failures.withLock { $0.record(duration, realm: realm, at: now) }
    }

    /// When a failed attempt is answered, jitter left out (``FailureMoment/answer(since:asked:at:)``).
    func answer(
        since start: ContinuousClock.Instant,
        asked: ContinuousClock.Instant?,
        at now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        failures.withLock { $0.answer(since: start, asked: asked, at: now) }
    }
}
