package import GatehouseCore
package import NIOCore
internal import Synchronization

/// Counts failed sign-ins of one node, in its memory. What a restart forgets is no more than the counts.
///
/// Names, persons and networks are counted in 2^18 buckets each, by a hash with a seed of this process (SipHash, which
/// nobody outside can aim). So there is no table to fill, and nobody is refused for what strangers filled: two names share
/// a bucket, and then their failures, with a chance of 1 in 262,144. Whoever locks a thousand made-up names locks any one
/// that exists along with them with a chance of 0.4 %; a thousand locks are five thousand failures, and a network has but
/// ``SignInLimits/perNetwork``. Names and persons have buckets apart: no attempt meets itself.
package final class MemorySignInLimiter: SignInLimiter {
    private static let buckets = 1 << 18
    private static let sweepInterval: Duration = .seconds(60)

    private struct Storage {
        var names: [Int: AccountFailures] = [:]
        var persons: [Int: AccountFailures] = [:]
        var networks: [Int: NetworkFailures] = [:]
        var nextSweep = Timestamp(milliseconds: 0)

        /// Drops what is over. Looks at everything, so never more often than once in `interval`, whoever comes.
        mutating func sweep(at now: Timestamp, _ limits: SignInLimits, every interval: Duration) {
            guard now >= nextSweep else { return }
            nextSweep = now + interval
            names = names.filter { !$0.value.isOver(at: now, limits) }
            persons = persons.filter { !$0.value.isOver(at: now, limits) }
            networks = networks.filter { !$0.value.isOver(at: now) }
        }
    }

    private let limits: @Sendable () -> SignInLimits
    private let clock: WallClock
    private let storage = Mutex(Storage())

    /// - Parameter limits: those in force, asked at each attempt, because a reload changes them.
    package init(limits: @escaping @Sendable () -> SignInLimits, clock: WallClock = .steady) {
        self.limits = limits
        self.clock = clock
    }

    package convenience init(limits: SignInLimits, clock: WallClock = .steady) {
        self.init(limits: { limits }, clock: clock)
    }

    package func reserve(
        name: FoldedName?,
        address: SourceAddress,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInAdmission> {
        let now = clock.now()
        let limits = limits()
        let reservation = SignInReservation(name: name, address: address, nonce: SignInReservation.makeNonce())
        let network = Self.bucket(LimitKey.network(address))
        let account = name.map { Self.bucket(LimitKey.name($0)) }
        let refusal = storage.withLock { storage -> SignInRefusal? in
            storage.sweep(at: now, limits, every: Self.sweepInterval)
            if let wait = storage.networks[network, default: NetworkFailures()].reserve(at: now, limits.perNetwork) {
                return SignInRefusal(reason: .networkThrottled, retryAfter: wait)
            }
            guard let account else { return nil }
            let wait = storage.names[account, default: AccountFailures()].reserve(reservation.nonce, at: now, limits)
            // A refused attempt is a failure to its network all the same.
            return wait.map { SignInRefusal(reason: .accountLocked, retryAfter: $0) }
        }
        return eventLoop.makeSucceededFuture(refusal.map { .refused($0) } ?? .admitted(reservation))
    }

    package func admit(
        _ subject: SubjectID,
        _ reservation: SignInReservation,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        let now = clock.now()
        let limits = limits()
        let person = Self.bucket(LimitKey.person(subject))
        let wait = storage.withLock { storage in
            storage.persons[person, default: AccountFailures()].reserve(reservation.nonce, at: now, limits)
        }
        return eventLoop.makeSucceededFuture(wait == nil)
    }

    package func settle(
        _ reservation: SignInReservation,
        _ outcome: SignInOutcome,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInRefusal?> {
        let now = clock.now()
        let limits = limits()
        let nonce = reservation.nonce
        let network = Self.bucket(LimitKey.network(reservation.address))
        let name = reservation.name.map { Self.bucket(LimitKey.name($0)) }
        let person = reservation.person.map { Self.bucket(LimitKey.person($0)) }
        let wait = storage.withLock { storage -> Duration? in
            switch outcome {
            case .unanswered:
                storage.networks[network]?.giveBack(limits.perNetwork)
                if let name { storage.names[name]?.giveBack(nonce) }
                if let person { storage.persons[person]?.giveBack(nonce) }
                return nil
            case .succeeded:
                storage.networks[network]?.giveBack(limits.perNetwork)
                if let name { storage.names[name]?.clear(nonce) }
                if let person { storage.persons[person]?.clear(nonce) }
                return nil
            case .failed:
                if let person {
                    _ = storage.persons[person, default: AccountFailures()].fail(nonce, at: now, limits)
                }
                guard let name else { return nil }
                return storage.names[name, default: AccountFailures()].fail(nonce, at: now, limits)
            }
        }
        return eventLoop.makeSucceededFuture(wait.map { SignInRefusal(reason: .accountLocked, retryAfter: $0) })
    }

    /// Swift's hasher takes its seed at the start of the process.
    private static func bucket(_ text: String) -> Int {
        var hasher = Hasher()
        hasher.combine(text)
        return hasher.finalize() & (buckets - 1)
    }
}

extension SignInReservation {
    /// 72 random bits: told apart from the other attempts of one name within minutes.
    static func makeNonce() -> String { Base64URL.encode(RandomBytes.make(9)) }
}
