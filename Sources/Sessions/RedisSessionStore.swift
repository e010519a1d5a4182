package import GatehouseCore
package import Logging
package import NIOCore
package import RedisClient
internal import Synchronization

/// Sessions that several nodes share. What a loop has at hand costs no round trip; what it has not costs two
/// to four.
///
/// A value in Redis that cannot be understood is no session. A future fails only when Redis cannot answer and nothing is at
/// hand that may still decide (docs/security-rules.md, rule 23).
package final class RedisSessionStore: SessionStore {
    /// Tokens that one session may have on one host: one a tab that came back at the same moment.
    static let tokensPerHost = 8
    /// Tickets of one session that may wait at once; over that its oldest goes. A visit makes one.
    static let ticketsPerSession = 16
    /// Sessions that one person may have at once; over that those end that would end first anyway.
    static let sessionsPerPerson = 64

    let redis: RedisClient
    let localClock: WallClock
    let logger: Logger
    let ended: @Sendable (SessionEnd, Int) -> Void
    let recent: RecentEnds
    private let caches: [ObjectIdentifier: NIOLoopBound<SessionCache>]
    private let loops: [any EventLoop]
    /// Redis' clock less this node's, in milliseconds, as last seen.
    private let offset = Atomic<Int64>(0)

    /// Made before the client is started: from the first connection on it hears what changes.
    /// - Parameters:
    ///   - recent: whose ``RecentEnds/restore(_:)`` the client runs on each new connection.
    ///   - ended: told how many sessions this node has ended before their time.
    package init(
        redis: RedisClient,
        recent: RecentEnds = RecentEnds(),
        group: any EventLoopGroup,
        clock: WallClock = .steady,
        logger: Logger,
        ended: @escaping @Sendable (SessionEnd, Int) -> Void = { _, _ in }
    ) async throws {
        self.redis = redis
        self.localClock = clock
        self.ended = ended
        self.recent = recent
        self.logger = logger
        loops = Array(group.makeIterator())
        var caches: [ObjectIdentifier: NIOLoopBound<SessionCache>] = [:]
        for loop in loops {
            let cache = try await loop.submit { NIOLoopBound(SessionCache(), eventLoop: loop) }.get()
            caches[ObjectIdentifier(loop)] = cache
            redis.track(on: loop) { event in cache.value.apply(event, at: clock.now()) }
        }
        self.caches = caches
        let all = Array(caches.values)
        redis.subscribe(RedisKeys.revocations) { [self] message in
            guard let (meaning, moment) = Self.revocation(message) else { return }
            remember(meaning, .revoked, until: moment)
            for cache in all { cache.eventLoop.execute { cache.value.invalidate(meaning) } }
        }
    }

    package var clock: WallClock {
        WallClock { [self] in
            localClock.now() + .milliseconds(offset.load(ordering: .relaxed))
        }
    }

    func saw(redisNow: Timestamp) {
        offset.store(redisNow.milliseconds - localClock.now().milliseconds, ordering: .relaxed)
    }

    /// The caller's loop has a cache when it is one of the gateway's; any other loop reads past it.
    func cache(on eventLoop: any EventLoop) -> SessionCache? {
        caches[ObjectIdentifier(eventLoop)]?.value
    }

    /// What a Redis that comes back with less than it had will be told.
    /// - Parameter moment: of Redis' clock, in milliseconds, until which a person's sessions began that ended.
    func remember(_ meaning: KeyMeaning, _ cause: SessionEnd, until moment: Int64? = nil) {
        let redisTime = moment.flatMap { SessionRecord.isMoment($0) ? Timestamp(milliseconds: $0) : nil }
        recent.remember(meaning, cause, at: localClock.now(), redisTime: redisTime ?? clock.now())
    }

    /// Lets go of what every loop of this node has at hand: what was changed by this node is not even for the moment of an
    /// invalidation's way what it was.
    func evict(_ meaning: KeyMeaning, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        EventLoopFuture.andAllComplete(
            caches.values.map { cache in cache.eventLoop.submit { cache.value.invalidate(meaning) } },
            on: eventLoop
        )
    }

    /// Of all loops together, since the start.
    package func cacheCounters() async -> SessionCacheCounters {
        var sum = SessionCacheCounters()
        for cache in caches.values {
            guard let one = try? await cache.eventLoop.submit({ cache.value.counters }).get() else { continue }
            sum.hits += one.hits
            sum.misses += one.misses
            sum.unconfirmed += one.unconfirmed
        }
        return sum
    }

    // MARK: Looking up

    package func lookUpAtOnce(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> SessionLookup? {
        guard let cache = cache(on: eventLoop) else { return nil }
        switch cache.find(token, host: host, touching: touching, at: localClock.now()) {
        case .live(let entry, let touch):
            // The request does not wait for its activity to be written down.
            if let (keys, id) = touch { self.touch(keys, id, on: eventLoop) }
            return .live(entry.record.session)
        case .ended(let cause): return .ended(cause)
        case .unknown: return .unknown
        case .ask: return nil
        }
    }

    package func lookUp(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        eventLoop.flatSubmit { [self] in
            switch cache(on: eventLoop)?.find(token, host: host, touching: touching, at: localClock.now()) {
            case .live(let entry, let touch):
                guard let (keys, id) = touch else { return eventLoop.makeSucceededFuture(.live(entry.record.session)) }
                return moveIdleEnd(keys, id, entry.record, token, host: host, on: eventLoop)
            case .ended(let cause): return eventLoop.makeSucceededFuture(.ended(cause))
            case .unknown: return eventLoop.makeSucceededFuture(.unknown)
            case .ask, nil: return read(token, host: host, touching: touching, on: eventLoop)
            }
        }.flatMapError { error in
            eventLoop.flatSubmit { self.withoutRedis(token, host: host, on: eventLoop, error) }
        }
    }

    /// Redis does not answer: what is at hand may still decide for a while, here or on another loop.
    private func withoutRedis(
        _ token: TokenDigest,
        host: String,
        on eventLoop: any EventLoop,
        _ error: any Error
    ) -> EventLoopFuture<SessionLookup> {
        let now = localClock.now()
        if let found = cache(on: eventLoop)?.findUnconfirmed(token, host: host, at: now) {
            return eventLoop.makeSucceededFuture(found)
        }
        let others = caches.values.filter { $0.eventLoop !== eventLoop }
        let asked = others.map { cache in
            cache.eventLoop.submit { cache.value.findUnconfirmed(token, host: host, at: now) }.hop(to: eventLoop)
        }
        return EventLoopFuture.whenAllSucceed(asked, on: eventLoop).flatMapThrowing { found in
            guard let found = found.compactMap({ $0 }).first else { throw error }
            return found
        }
    }

    /// Activity, written down behind the back of the request that showed it: the session was live a moment ago, and the
    /// script writes to no other.
    private func touch(_ keys: PersonKeys, _ id: SessionID, on eventLoop: any EventLoop) {
        guard let least = cache(on: eventLoop)?.beginTouch(keys, id, at: localClock.now()) else { return }
        redis.evaluate(
            SessionScripts.touch,
            keys: [keys.session(id), keys.epoch],
            arguments: [RedisArgument(least.wholeMilliseconds), RedisArgument(SessionScripts.memoryOfEnds)],
            on: eventLoop
        ).whenFailure { [logger] error in
            logger.debug("a session's activity was not written down", metadata: ["error": "\(error)"])
        }
    }
}

/// How often sessions were at hand.
package struct SessionCacheCounters: Sendable, Equatable {
    /// Look-ups that needed no question to Redis.
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    /// Look-ups that met an entry which nothing kept true, while Redis did not answer.
    package var unconfirmed: UInt64 = 0

    package init() {}
}

extension RedisSessionStore {
    /// A message of ``RedisKeys/revocations``: `TAG ID`, or `TAG * MOMENT`.
    private static func revocation(_ message: [UInt8]) -> (meaning: KeyMeaning, moment: Int64?)? {
        let parts = String(decoding: message, as: UTF8.self).split(separator: " ")
        guard parts.count >= 2 else { return nil }
        let keys = PersonKeys(tag: String(parts[0]))
        if parts[1] != "*" { return (.session(keys, SessionID(String(parts[1]))), nil) }
        return (.person(keys), parts.count > 2 ? Int64(parts[2]) : nil)
    }
}
