internal import Logging
internal import NIOCore
internal import Synchronization

/// How it stands with Redis.
package struct RedisStatus: Sendable {
    /// Every event loop has a connection that may be used.
    package var isUsable: Bool
    /// Why not.
    package var problem: RedisError?
    /// Why changes of what was read are not told at the moment, where that is so. Commands go on.
    package var trackingProblem: RedisError?
    /// When `isUsable` became what it is.
    package var since: ContinuousClock.Instant
}

/// Where the links, each on its event loop, say how they are. Says in the log what changes.
final class RedisStatusBoard: Sendable {
    private struct Storage {
        /// By link; `nil` is a link that is up.
        var links: [RedisError?]
        var tracking: [RedisError?]
        var push: RedisError? = .notConnected
        var since = ContinuousClock.now
        var logged: String?
        var waiters: [UInt64: EventLoopPromise<Void>] = [:]
        var lastWaiter: UInt64 = 0

        var problem: RedisError? { links.lazy.compactMap { $0 }.first }
        var trackingProblem: RedisError? { push ?? tracking.lazy.compactMap { $0 }.first }
        var status: RedisStatus {
            RedisStatus(isUsable: problem == nil, problem: problem, trackingProblem: trackingProblem, since: since)
        }
    }

    private let storage: Mutex<Storage>
    private let logger: Logger

    init(links: Int, logger: Logger) {
        storage = Mutex(
            Storage(
                links: [RedisError?](repeating: .notConnected, count: links),
                tracking: [RedisError?](repeating: nil, count: links)
            )
        )
        self.logger = logger
    }

    var status: RedisStatus { storage.withLock { $0.status } }

    func linkChanged(_ index: Int, problem: RedisError?) {
        change { $0.links[index] = problem }
    }

    func pushLinkChanged(problem: RedisError?) {
        change { $0.push = problem }
    }

    func trackingChanged(_ index: Int, problem: RedisError?) {
        change { $0.tracking[index] = problem }
    }

    /// - Returns: a future that succeeds when every link is up, when none ever will be, or when the time is over.
    func usable(within limit: TimeAmount, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let waiter = storage.withLock { storage -> UInt64? in
            guard let problem = storage.problem, problem.code != .misconfigured else { return nil }
            storage.lastWaiter += 1
            storage.waiters[storage.lastWaiter] = promise
            return storage.lastWaiter
        }
        guard let waiter else {
            promise.succeed()
            return promise.futureResult
        }
        let timer = eventLoop.scheduleTask(in: limit) {
            self.storage.withLock { $0.waiters.removeValue(forKey: waiter) }?.succeed()
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return promise.futureResult
    }

    /// Nothing will change any more.
    func releaseWaiters() {
        let waiters = storage.withLock { storage in
            defer { storage.waiters = [:] }
            return Array(storage.waiters.values)
        }
        for promise in waiters { promise.succeed() }
    }

    private func change(_ body: (inout Storage) -> Void) {
        let (said, awaited) = storage.withLock { storage in
            let before = storage.status
            body(&storage)
            let after = storage.status
            if before.isUsable != after.isUsable { storage.since = .now }
            let said = news(&storage, after)
            // What no waiting mends is told at once.
            guard after.isUsable || after.problem?.code == .misconfigured else {
                return (said, [EventLoopPromise<Void>]())
            }
            defer { storage.waiters = [:] }
            return (said, Array(storage.waiters.values))
        }
        if let said { log(said) }
        for promise in awaited { promise.succeed() }
    }

    /// - Returns: the state where it is not what was logged last.
    private func news(_ storage: inout Storage, _ status: RedisStatus) -> RedisStatus? {
        let text = "\(status.problem?.description ?? "")\n\(status.trackingProblem?.description ?? "")"
        // Before the first attempt there is nothing to say, and after the end.
        let isQuiet = [RedisError.notConnected, .shutDown].contains { quiet in
            (status.problem ?? status.trackingProblem)?.message == quiet.message
        }
        guard text != storage.logged, !isQuiet else { return nil }
        storage.logged = text
        return status
    }

    private func log(_ status: RedisStatus) {
        if let problem = status.problem {
            logger.warning(
                "redis cannot be used",
                metadata: ["code": "\(problem.code.rawValue)", "reason": "\(problem)"]
            )
        } else if let problem = status.trackingProblem {
            logger.warning(
                "redis does not tell changes",
                metadata: ["code": "\(problem.code.rawValue)", "reason": "\(problem)"]
            )
        } else {
            logger.info("redis can be used")
        }
    }
}
