/// When an attempt to sign in began, and how much later than the common moment it is answered at random. That is drawn once
/// for each attempt: what fails while it is answered has waited already, and shows nothing by waiting again.
struct SignInStart: Sendable {
    let instant: ContinuousClock.Instant
    /// Below 20 ms.
    let jitter: Duration

    init(_ instant: ContinuousClock.Instant) {
        self.instant = instant
        jitter = FailureMoment.randomJitter()
    }
}
