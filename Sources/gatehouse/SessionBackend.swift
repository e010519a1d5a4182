internal import Cryptography
internal import GatehouseConfiguration
internal import GatehouseCore
internal import Logging
internal import NIOCore
internal import RedisClient
internal import Sessions

/// Where sessions, limits and signing keys live: in Redis, or in the memory of this one node.
struct SessionBackend: Sendable {
    let store: any SessionStore
    let limiter: any SignInLimiter
    let signingKeys: SigningKeyStore
    /// `nil` keeps everything in memory.
    let redis: RedisClient?
    /// How often sessions were at hand; `nil` in memory, where they always are.
    let cacheCounters: (@Sendable () async -> SessionCacheCounters)?

    /// - Parameters:
    ///   - redis: not started yet; `nil` keeps everything in memory.
    ///   - recent: what the client tells a Redis that comes back.
    ///   - limits: those in force, asked at each attempt.
    ///   - ended: told how many sessions this node has ended before their time.
    static func open(
        _ configuration: GatewayConfiguration,
        _ keys: GatewayKeys,
        redis: RedisClient?,
        recent: RecentEnds,
        on group: any EventLoopGroup,
        limits: @escaping @Sendable () -> SignInLimits,
        ended: @escaping @Sendable (SessionEnd, Int) -> Void,
        logger: Logger
    ) async throws -> SessionBackend {
        guard let redis else {
            return SessionBackend(
                store: MemorySessionStore(ended: ended),
                limiter: MemorySignInLimiter(limits: limits),
                signingKeys: .file(configuration.keyFile + ".signing"),
                redis: nil,
                cacheCounters: nil
            )
        }
        // Before the first connection: from then on it hears what changes.
        let store = try await RedisSessionStore(
            redis: redis,
            recent: recent,
            group: group,
            logger: logger,
            ended: ended
        )
        redis.start()
        return SessionBackend(
            store: store,
            limiter: RedisSignInLimiter(redis: redis, key: keys.current, limits: limits),
            signingKeys: .redis(redis),
            redis: redis,
            cacheCounters: { await store.cacheCounters() }
        )
    }
}

extension GatewayConfiguration {
    /// A client that connects only where the gateway key is that of the other nodes, and ends again what ended lately; not
    /// started yet.
    func redisClient(
        _ keys: GatewayKeys,
        recent: RecentEnds,
        on group: any EventLoopGroup,
        isCommand: Bool = false,
        logger: Logger
    ) -> RedisClient? {
        let check = GatewayKeyCheck(keys: keys, file: keyFile)
        return redis.map { redis in
            RedisClient(
                configuration: redis,
                group: group,
                logger: logger,
                prepare: { connection in
                    // A command looks, and leaves nothing.
                    if isCommand { return check.compare(connection) }
                    return check.check(connection).flatMap { recent.restore(connection) }
                }
            )
        }
    }
}
