internal import NIOCore

/// One deadline that moves often and is rarely reached: moving it costs a store, not a timer. Confined to its event loop.
final class DeadlineTimer {
    private let eventLoop: any EventLoop
    private var deadline: NIODeadline?
    private var scheduled: Scheduled<Void>?
    private var scheduledAt: NIODeadline?
    private let expired: () -> Void
    /// To turn a `Duration` into nanoseconds is a division of 128 bits, and most intervals are the one before.
    private var lastInterval = Duration.zero
    private var lastAmount = TimeAmount.zero

    init(eventLoop: any EventLoop, expired: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.expired = expired
    }

    func set(_ interval: Duration) {
        if interval != lastInterval {
            lastInterval = interval
            lastAmount = TimeAmount(interval)
        }
        let moment = NIODeadline.now() + lastAmount
        deadline = moment
        if let scheduledAt, scheduledAt <= moment { return }
        scheduled?.cancel()
        schedule(at: moment)
    }

    /// The running task finds nothing to do when it fires.
    func clear() {
        deadline = nil
    }

    /// Ends the timer for good and lets go of its owner.
    func cancel() {
        deadline = nil
        scheduled?.cancel()
        scheduled = nil
        scheduledAt = nil
    }

    private func schedule(at moment: NIODeadline) {
        scheduledAt = moment
        scheduled = eventLoop.assumeIsolated().scheduleTask(deadline: moment) { self.fire() }
    }

    private func fire() {
        scheduled = nil
        scheduledAt = nil
        guard let deadline else { return }
        if NIODeadline.now() >= deadline {
            self.deadline = nil
            expired()
        } else {
            schedule(at: deadline)
        }
    }
}
