import Testing

@testable import RedisClient

@Suite("When what is read counts as tracked")
struct TrackingMachineTests {
    private let first = RedisPushTarget(clientID: 1)
    private let second = RedisPushTarget(clientID: 2)

    @Test("both connections are needed, in whichever order they come")
    func bothNeeded() {
        var tracking = RedisTracking()
        #expect(tracking.linkWentUp() == [])
        #expect(tracking.targetChanged(first) == [.ask(first, number: 2)])
        #expect(!tracking.isConfirmed)
        #expect(tracking.answered(2, isTracking: true) == .tell(.confirmed))
        #expect(tracking.isConfirmed)

        var other = RedisTracking()
        #expect(other.targetChanged(first) == [])
        #expect(other.linkWentUp() == [.ask(first, number: 2)])
    }

    private func confirmed() -> RedisTracking {
        var tracking = RedisTracking()
        _ = tracking.linkWentUp()
        _ = tracking.targetChanged(first)
        _ = tracking.answered(2, isTracking: true)
        return tracking
    }

    @Test("the loss of the loop's own connection is told once, and its return asks again")
    func linkLost() {
        var tracking = confirmed()
        #expect(tracking.linkWentDown() == [.tell(.unconfirmed)])
        #expect(tracking.targetChanged(nil) == [])
        #expect(tracking.targetChanged(second) == [])
        #expect(tracking.linkWentUp() == [.ask(second, number: 6)])
        #expect(tracking.answered(6, isTracking: true) == .tell(.confirmed))
    }

    @Test("the loss of the subscribed connection is told, and its return asks again")
    func targetLost() {
        var tracking = confirmed()
        #expect(tracking.targetChanged(nil) == [.tell(.unconfirmed)])
        #expect(tracking.targetChanged(second) == [.ask(second, number: 4)])
    }

    @Test("another target without a loss in between is a loss too")
    func targetReplaced() {
        var tracking = confirmed()
        #expect(tracking.targetChanged(second) == [.tell(.unconfirmed), .ask(second, number: 3)])
    }

    @Test("an answer to an earlier question confirms nothing")
    func lateAnswer() {
        var tracking = RedisTracking()
        _ = tracking.linkWentUp()
        _ = tracking.targetChanged(first)
        _ = tracking.targetChanged(second)
        #expect(tracking.answered(2, isTracking: true) == .none)
        #expect(!tracking.isConfirmed)
        _ = tracking.linkWentDown()
        #expect(tracking.answered(3, isTracking: true) == .none)
        #expect(!tracking.isConfirmed)
    }

    @Test("a refusal is asked again after a pause, unless something happened in it")
    func refused() {
        var tracking = RedisTracking()
        _ = tracking.linkWentUp()
        _ = tracking.targetChanged(first)
        #expect(tracking.answered(2, isTracking: false) == .askLater(number: 2))
        #expect(tracking.rested(2) == .ask(first, number: 2))
        #expect(tracking.answered(2, isTracking: false) == .askLater(number: 2))
        _ = tracking.targetChanged(nil)
        #expect(tracking.rested(2) == .none)
    }
}
