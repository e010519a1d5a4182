internal import GatehouseCore

/// The failures of one name, or of one person: a window of single moments, so that "the fifth within five minutes" is
/// exactly that, and the lock that the last of them sets. Attempts that are being looked at stand among them.
///
/// While an attempt has its place here, failures and places together are no more than the limit, so the failures alone are
/// fewer and nothing is locked: a right password always comes to an account that is open. Only a place that was lost (its
/// ``judgingTime`` was over, or a reload lowered the limit) can find it locked; the password was right all the same, and
/// the lock stays.
struct AccountFailures {
    /// For how long at least an attempt keeps its place, whatever the window: longer than any directory may take.
    static let judgingTime: Duration = .seconds(120)

    /// What nobody has judged yet takes a place, and is no failure.
    private var moments: [(at: Timestamp, nonce: String, isJudged: Bool)] = []
    private var lockedUntil: Timestamp?

    /// Takes a place for an attempt.
    /// - Returns: how long to wait where there is none.
    mutating func reserve(_ nonce: String, at now: Timestamp, _ limits: SignInLimits) -> Duration? {
        if let left = lockLeft(at: now) { return left }
        prune(at: now, limits)
        // All places are taken by attempts that nobody has judged yet: they will be in a moment.
        guard moments.count < limits.perAccount.count else { return .seconds(1) }
        moments.append((now, nonce, false))
        return nil
    }

    mutating func giveBack(_ nonce: String) { moments.removeAll { $0.nonce == nonce } }

    /// Forgets the failures after a success. The places of other attempts stay, or these would not be counted with those
    /// that come after them.
    mutating func clear(_ nonce: String) { moments.removeAll { $0.isJudged || $0.nonce == nonce } }

    /// - Returns: for how long it is locked, where this failure was the one too many or it was locked before.
    mutating func fail(_ nonce: String, at now: Timestamp, _ limits: SignInLimits) -> Duration? {
        if let left = lockLeft(at: now) { return left }
        giveBack(nonce)
        prune(at: now, limits)
        moments.append((now, nonce, true))
        guard moments.count(where: \.isJudged) >= limits.perAccount.count else { return nil }
        moments = []
        lockedUntil = now + limits.lockout
        return limits.lockout
    }

    func isOver(at now: Timestamp, _ limits: SignInLimits) -> Bool {
        lockLeft(at: now) == nil && moments.allSatisfy { now - $0.at >= Self.stay($0.isJudged, limits) }
    }

    private func lockLeft(at now: Timestamp) -> Duration? {
        guard let lockedUntil, now < lockedUntil else { return nil }
        return lockedUntil - now
    }

    private mutating func prune(at now: Timestamp, _ limits: SignInLimits) {
        moments.removeAll { now - $0.at >= Self.stay($0.isJudged, limits) }
    }

    private static func stay(_ isJudged: Bool, _ limits: SignInLimits) -> Duration {
        isJudged ? limits.perAccount.period : max(limits.perAccount.period, judgingTime)
    }
}

/// The failures of one network by the generic cell rate algorithm (ITU-T I.371): one moment says it all, however many there
/// were. Each failure costs `period / count`; a whole `period` may be spent at once.
struct NetworkFailures {
    /// When everything that was spent will be paid back.
    private var arrival = Timestamp(milliseconds: 0)

    /// - Returns: how long to wait where nothing is left.
    mutating func reserve(at now: Timestamp, _ rate: SignInLimits.Rate) -> Duration? {
        let next = max(arrival, now) + cost(rate)
        let over = next - (now + rate.period)
        guard over <= .zero else { return max(over, .seconds(1)) }
        arrival = next
        return nil
    }

    mutating func giveBack(_ rate: SignInLimits.Rate) { arrival = arrival + (.zero - cost(rate)) }

    func isOver(at now: Timestamp) -> Bool { arrival <= now }

    private func cost(_ rate: SignInLimits.Rate) -> Duration { rate.period / rate.count }
}
