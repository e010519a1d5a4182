internal import Audit
internal import Cryptography
internal import GatehouseConfiguration
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Operations
internal import RedisClient
internal import Sessions

/// What a gateway stands on, and what has to be closed however it ends: threads, connections to Redis, the trail.
struct Ground: Sendable {
    /// How long a start waits for Redis to say whether this node belongs to the others. A Redis that is not there is
    /// waited for later, while everything else runs.
    private static let patience: Duration = .seconds(2)

    let group: MultiThreadedEventLoopGroup
    /// Not started yet; `nil` keeps everything in memory.
    let redis: RedisClient?
    let recent: RecentEnds
    let audit: AuditTrail

    static func open(
        _ configuration: GatewayConfiguration,
        _ keys: GatewayKeys,
        metrics: GatewayMetrics,
        logger: Logger
    ) async throws -> Ground {
        let threads = configuration.threads > 0 ? configuration.threads : System.coreCount
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let recent = RecentEnds()
        let redis = configuration.redisClient(keys, recent: recent, on: group, logger: logger)
        do throws(AuditError) {
            let audit = try AuditSinks(configuration.audit, redis: redis, eventLoop: group.any(), logger: logger)
                .openTrail(key: keys.current, counting: metrics.auditEvent)
            return Ground(group: group, redis: redis, recent: recent, audit: audit)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Whoever does not share the others' key must not begin.
    func meetTheOthers(_ logger: Logger) async throws {
        guard let redis else { return }
        let status = await redis.waitUntilUsable(within: Self.patience)
        guard !status.isUsable else { return }
        if let problem = status.problem, problem.code == .misconfigured { throw StartFailure(problem) }
        logger.error(
            "Redis cannot be used yet; nobody can sign in until it can",
            metadata: ["problem": "\(status.problem?.description ?? "no answer yet")"]
        )
    }

    /// Nothing of it runs any more afterwards: the process may end.
    func close() async {
        await audit.close()
        await redis?.shutdown()
        try? await group.shutdownGracefully()
    }
}
