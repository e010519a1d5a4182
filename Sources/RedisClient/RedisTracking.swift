/// Whether what one event loop reads is tracked. Pure: events in, actions out.
///
/// It is when `CLIENT TRACKING` succeeded on the loop's present connection, redirected to the present subscribed one.
/// Redis says nothing when either goes: a closed connection loses its tracking, a closed target its messages.
struct RedisTracking {
    enum Action: Equatable {
        /// Asks for tracking towards the target; the answer comes back with the number.
        case ask(RedisPushTarget, number: UInt64)
        case askLater(number: UInt64)
        case tell(RedisTrackingEvent)
        case none
    }

    private enum Phase: Equatable {
        case unconfirmed
        case asking
        case resting
        case confirmed
    }

    private var phase = Phase.unconfirmed
    private var isLinkUp = false
    private var target: RedisPushTarget?
    /// Grows with each change: answers to earlier questions say nothing about now.
    private var number: UInt64 = 0

    var isConfirmed: Bool { phase == .confirmed }

    /// - Returns: at most two actions, to be done in order.
    mutating func linkWentUp() -> [Action] {
        isLinkUp = true
        return begin()
    }

    mutating func linkWentDown() -> [Action] {
        isLinkUp = false
        return begin()
    }

    /// - Parameter target: `nil` while there is no subscribed connection.
    mutating func targetChanged(_ target: RedisPushTarget?) -> [Action] {
        self.target = target
        return begin()
    }

    /// - Parameter isTracking: Redis accepted; it refuses where the target has gone, which we may not have noticed yet.
    mutating func answered(_ number: UInt64, isTracking: Bool) -> Action {
        guard number == self.number, phase == .asking else { return .none }
        guard isTracking else {
            phase = .resting
            return .askLater(number: number)
        }
        phase = .confirmed
        return .tell(.confirmed)
    }

    mutating func rested(_ number: UInt64) -> Action {
        guard number == self.number, phase == .resting, let target else { return .none }
        phase = .asking
        return .ask(target, number: number)
    }

    private mutating func begin() -> [Action] {
        let wasConfirmed = phase == .confirmed
        number += 1
        phase = .unconfirmed
        var actions: [Action] = wasConfirmed ? [.tell(.unconfirmed)] : []
        if isLinkUp, let target {
            phase = .asking
            actions.append(.ask(target, number: number))
        }
        return actions
    }
}
