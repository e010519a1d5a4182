/// One thread that does things at deadlines. libldap with GnuTLS knows no timeout for a handshake and none in the
/// middle of a message: only `shutdown` of the socket ends such a call, and it must come from
/// elsewhere.
///
/// Actions run on that thread and must not block.
final class Watchdog: Sendable {
    static let shared = Watchdog()

    struct Timer: Hashable {
        fileprivate let number: UInt64
    }

    fileprivate struct Alarm {
        let deadline: ContinuousClock.Instant
        let action: @Sendable () -> Void
    }

    fileprivate struct Alarms {
        var byNumber: [UInt64: Alarm] = [:]
        /// A binary heap, earliest deadline first; numbers that were disarmed stay in it until their time comes.
        var heap: [(deadline: ContinuousClock.Instant, number: UInt64)] = []
        var lastNumber: UInt64 = 0
    }

    private let alarms = Monitor(Alarms())

    private init() {
        let alarms = alarms
        // Without this thread no call has a deadline: then it is better not to start at all.
        let isRunning = startThread {
            while true {
                let action = alarms.wait { $0.next(now: .now) }
                action()
            }
        }
        precondition(isRunning, "the system has no thread for the LDAP watchdog")
    }

    func arm(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Timer {
        alarms.change { alarms in
            alarms.lastNumber += 1
            alarms.insert(Alarm(deadline: deadline, action: action), number: alarms.lastNumber)
            return Timer(number: alarms.lastNumber)
        }
    }

    /// - Returns: false when the action was taken already, or is being taken now.
    @discardableResult
    func disarm(_ timer: Timer) -> Bool {
        alarms.change { $0.byNumber.removeValue(forKey: timer.number) != nil }
    }
}

extension Watchdog.Alarms {
    fileprivate mutating func insert(_ alarm: Watchdog.Alarm, number: UInt64) {
        byNumber[number] = alarm
        heap.append((alarm.deadline, number))
        var child = heap.count - 1
        while child > 0, heap[child].deadline < heap[(child - 1) / 2].deadline {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    fileprivate mutating func next(now: ContinuousClock.Instant) -> Monitor<Self>.Step<@Sendable () -> Void> {
        while let first = heap.first {
            guard let alarm = byNumber[first.number] else {
                removeFirst()
                continue
            }
            guard alarm.deadline <= now else { return .wait(until: alarm.deadline) }
            removeFirst()
            byNumber[first.number] = nil
            return .done(alarm.action)
        }
        return .wait(until: nil)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].deadline < heap[least].deadline {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
