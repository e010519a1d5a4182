package import NIOCore
package import RedisClient
internal import GatehouseCore
internal import Synchronization

/// The sessions that ended lately, on whichever node: a Redis that comes back with less than it had (an older snapshot, the
/// last second of its log, a replica that lagged) is told of them before anybody is asked to believe it. Nothing that was
/// revoked comes alive (docs/security-rules.md, "Faults").
package final class RecentEnds: Sendable {
    /// Ends that are remembered at once; the oldest go first.
    private static let limit = 5_000
    /// Longer than any snapshot that somebody starts a server from without thinking.
    private static let memory: Duration = .seconds(86_400)

    private struct End {
        let cause: SessionEnd
        /// By this node's clock.
        let at: Timestamp
        /// By Redis' clock.
        let redisTime: Timestamp
    }

    private struct Storage {
        var ends: [KeyMeaning: End] = [:]
        /// The server that has been told everything, or needed to be told nothing.
        var told: String?
        /// The one that is being told, by the first of the node's connections to it.
        var telling: (server: String, done: EventLoopFuture<Void>)?
    }

    private let storage = Mutex(Storage())

    package init() {}

    /// - Parameter meaning: a session, or a person whose sessions all ended.
    func remember(_ meaning: KeyMeaning, _ cause: SessionEnd, at now: Timestamp, redisTime: Timestamp) {
        storage.withLock { storage in
            storage.ends[meaning] = End(cause: cause, at: now, redisTime: redisTime)
            guard storage.ends.count > Self.limit else { return }
            storage.ends = storage.ends.filter { now - $0.value.at < Self.memory }
            guard storage.ends.count > Self.limit else { return }
            let oldest = storage.ends.sorted { $0.value.at < $1.value.at }.prefix(Self.limit / 5)
            for (meaning, _) in oldest { storage.ends[meaning] = nil }
        }
    }

    /// Whether a session that a server still has ended in fact: what this node knows for sure needs no server.
    func knows(_ session: Session, _ keys: PersonKeys) -> SessionEnd? {
        storage.withLock { storage in
            if let end = storage.ends[.session(keys, session.id)] { return end.cause }
            guard let end = storage.ends[.person(keys)], session.createdAt <= end.redisTime else { return nil }
            return end.cause
        }
    }

    /// Ends again what a server may have forgotten that is not the one of before. Runs on each new connection, before it
    /// may be used; the first one tells, the others of the node wait for it.
    package func restore(_ connection: RedisConnection) -> EventLoopFuture<Void> {
        connection.send(RedisCommand("INFO", "server")).flatMap { info in
            let server =
                (info.text ?? "").split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("run_id:") }.map(String.init) ?? ""
            let done = connection.eventLoop.makePromise(of: Void.self)
            let (running, ends) = self.storage.withLock { storage -> (EventLoopFuture<Void>?, [KeyMeaning: End]) in
                // The first server of all has nothing to be told.
                if storage.told == nil, storage.ends.isEmpty { storage.told = server }
                if storage.told == server { return (connection.eventLoop.makeSucceededVoidFuture(), [:]) }
                if let telling = storage.telling, telling.server == server { return (telling.done, [:]) }
                storage.telling = (server, done.futureResult)
                return (nil, storage.ends)
            }
            if let running {
                done.completeWith(running)
            } else {
                self.tell(connection, server, ends, done)
            }
            return done.futureResult
        }
    }

    private func tell(
        _ connection: RedisConnection,
        _ server: String,
        _ ends: [KeyMeaning: End],
        _ done: EventLoopPromise<Void>
    ) {
        let told = ends.compactMap { meaning, end in
            Self.tell(connection, meaning, end)?.map { true }.flatMapErrorThrowing { error in
                // One that is full, or has too few replicas, can be read from, and ``knows(_:_:)`` holds there too. Only
                // with a connection that is gone there is no use in going on.
                guard let error = error as? RedisError, error.cause.reply != nil else { throw error }
                return false
            }
        }
        EventLoopFuture.whenAllSucceed(told, on: connection.eventLoop).whenComplete { result in
            self.storage.withLock { storage in
                storage.telling = nil
                // What it did not take it is told with the next connection.
                if case .success(let taken) = result, taken.allSatisfy({ $0 }) { storage.told = server }
            }
            done.completeWith(result.map { _ in })
        }
    }

    private static func tell(
        _ connection: RedisConnection,
        _ meaning: KeyMeaning,
        _ end: End
    ) -> EventLoopFuture<Void>? {
        switch meaning {
        case .session(let keys, let id):
            connection.evaluate(
                SessionScripts.end,
                keys: [keys.session(id), keys.epoch, keys.tombstone(id), keys.index],
                arguments: SessionScripts.endArguments(id, keys, end.cause)
            ).map { _ in }
        case .person(let keys):
            connection.evaluate(
                SessionScripts.void,
                keys: [keys.epoch],
                arguments: [RedisArgument(end.redisTime.milliseconds), RedisArgument(SessionScripts.longest)]
            ).map { _ in }
        case .other: nil
        }
    }
}
