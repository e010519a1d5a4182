internal import Sessions
internal import Synchronization

/// The limits in force.
final class CurrentLimits: Sendable {
    private let limits: Mutex<SignInLimits>

    init(_ limits: SignInLimits) {
        self.limits = Mutex(limits)
    }

    var value: SignInLimits {
        get { limits.withLock { $0 } }
        set { limits.withLock { $0 = newValue } }
    }
}
