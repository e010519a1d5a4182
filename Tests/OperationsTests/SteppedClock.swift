import Synchronization

/// A clock that stands still until a test moves it, and that tells who sleeps by it.
final class SteppedClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        let id: UInt64
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Storage {
        var now = Instant(offset: .zero)
        var sleepers: [Sleeper] = []
        var cancelled: Set<UInt64> = []
        var lastID: UInt64 = 0
    }

    private let storage = Mutex(Storage())

    var now: Instant { storage.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = storage.withLock { storage in
            storage.lastID += 1
            return storage.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let sleeper = Sleeper(id: id, deadline: deadline, continuation: continuation)
                let outcome = storage.withLock { storage -> Result<Void, any Error>? in
                    if storage.cancelled.contains(id) { return .failure(CancellationError()) }
                    if deadline <= storage.now { return .success(()) }
                    storage.sleepers.append(sleeper)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let sleeper = storage.withLock { storage -> Sleeper? in
                storage.cancelled.insert(id)
                guard let place = storage.sleepers.firstIndex(where: { $0.id == id }) else { return nil }
                return storage.sleepers.remove(at: place)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    func advance(by duration: Duration) {
        let woken = storage.withLock { storage in
            storage.now = storage.now.advanced(by: duration)
            let woken = storage.sleepers.filter { $0.deadline <= storage.now }
            storage.sleepers.removeAll { $0.deadline <= storage.now }
            return woken
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Waits until somebody sleeps until this moment.
    func waitForSleeper(until deadline: Duration) async {
        while !storage.withLock({ $0.sleepers.contains { $0.deadline.offset == deadline } }) { await Task.yield() }
    }
}
