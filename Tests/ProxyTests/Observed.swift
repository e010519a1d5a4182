import NIOCore
import NIOPosix
import Synchronization

/// A value that changes on event loops and that a test waits for, without polling.
final class Observed<Value: Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let isMet: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct Storage {
        var value: Value
        var waiters: [Waiter] = []
        var lastID: UInt64 = 0
    }

    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }

    private let storage: Mutex<Storage>

    init(_ value: Value) { storage = Mutex(Storage(value: value)) }

    var value: Value { storage.withLock { $0.value } }

    @discardableResult
    func update<Result: Sendable>(_ change: @Sendable (inout Value) -> Result) -> Result {
        let (result, met) = storage.withLock { storage in
            let result = change(&storage.value)
            guard !storage.waiters.isEmpty else { return (result, [Waiter]()) }
            let met = storage.waiters.filter { $0.isMet(storage.value) }
            storage.waiters.removeAll { waiter in met.contains { $0.id == waiter.id } }
            return (result, met)
        }
        for waiter in met { waiter.continuation.resume(returning: true) }
        return result
    }

    /// - Parameter seconds: generous, because the machine may be busy; a met condition never waits.
    @discardableResult
    func wait(_ what: String, seconds: Int64 = 60, until isMet: @escaping @Sendable (Value) -> Bool) async throws
        -> Value
    {
        let isInTime = await withCheckedContinuation { continuation in
            let id = storage.withLock { storage -> UInt64? in
                if isMet(storage.value) { return nil }
                storage.lastID += 1
                storage.waiters.append(Waiter(id: storage.lastID, isMet: isMet, continuation: continuation))
                return storage.lastID
            }
            guard let id else { return continuation.resume(returning: true) }
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .seconds(seconds)) { self.giveUp(id) }
        }
        guard isInTime else {
            throw TimedOut(description: "waited in vain for: \(what); have: \(String(describing: value).prefix(600))")
        }
        return value
    }

    private func giveUp(_ id: UInt64) {
        let late = storage.withLock { storage -> Waiter? in
            guard let index = storage.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return storage.waiters.remove(at: index)
        }
        late?.continuation.resume(returning: false)
    }
}
