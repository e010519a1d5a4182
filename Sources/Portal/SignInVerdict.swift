internal import Directory
internal import GatehouseCore
internal import Sessions

/// What became of an attempt to sign in. That limits or directories cannot answer is none of these: it is an error.
enum SignInVerdict: Sendable {
    case admitted(Person)
    /// The failure is not counted yet: that is done when it is answered (``SignInPlace/fail()``).
    case refused(SignInFailure, SignInPlace)
    /// Too many failures of the name or its network before this attempt, which was not looked at.
    case locked(SignInRefusal)
}

/// Why somebody was not let in.
struct SignInFailure: Sendable {
    /// For the audit trail: ``Rejection/Reason`` or `invalid_name`.
    let reason: String
    /// Who the name stands for, where it stands for somebody.
    var subject: SubjectID?
    /// What the person reads.
    var message = MessageKey.signInRefused
    /// When the name had been looked for, and what a name that exists costs began
    /// (``FailureMoment/answer(since:asked:at:)``).
    var asked: ContinuousClock.Instant?
}
