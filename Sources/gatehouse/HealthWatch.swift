internal import Audit
internal import Directory
internal import GatehouseCore
internal import Logging
internal import Operations
internal import Proxy
internal import RedisClient
internal import ServiceLifecycle
internal import Sessions

/// Looks at what the gateway depends on, and says it where administrators look: readiness, metrics, log, systemd. Each thing
/// by itself: a directory that hangs delays no word about Redis.
struct HealthWatch: Service {
    let gateway: Gateway

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await repeated(each: .milliseconds(250)) { lookAtRedis() } }
            group.addTask { await watchAudit() }
            group.addTask { await watchDirectory() }
            group.addTask { await watchRoom() }
            group.addTask { await watchCache() }
            group.addTask { await AuditInbox(gateway: gateway).run() }
            await group.waitForAll()
        }
    }

    private func lookAtRedis() {
        gateway.metrics.connections.set(to: Double(gateway.server.openConnections))
        guard let redis = gateway.backend.redis else { return }
        let status = redis.status
        // The client itself says in the log what changes.
        gateway.readiness.setRedis(problem: status.isUsable ? nil : status.problem?.description ?? "not connected")
        let tracking = status.isUsable ? status.trackingProblem?.description : nil
        gateway.readiness.set(check: "redis_tracking", problem: tracking)
        gateway.metrics.redisUp.set(to: status.isUsable)
    }

    private func watchAudit() async {
        var lost: UInt64 = 0
        var dropped: UInt64 = 0
        var said: String?
        await repeated(each: .milliseconds(250)) {
            let audit = gateway.audit
            let trouble = audit.isWritable ? nil : audit.trouble?.description ?? "cannot be written"
            gateway.readiness.set(check: "audit", problem: trouble)
            gateway.metrics.auditWritable.set(to: trouble == nil)
            let now = audit.counters.lost
            gateway.metrics.auditDropped.add(Int(now - min(lost, now)))
            lost = now
            let unlogged = audit.counters.systemLogDropped
            if unlogged > dropped {
                gateway.logger.warning(
                    "the system's log did not take lines of the audit trail",
                    metadata: ["lines": "\(unlogged - dropped)"]
                )
                dropped = unlogged
            }
            guard trouble != said else { return }
            said = trouble
            if let trouble {
                gateway.logger.critical(
                    "the audit trail cannot be written: nobody can sign in",
                    metadata: ["problem": "\(trouble)"]
                )
            } else {
                gateway.logger.notice("the audit trail is written again")
            }
        }
    }

    /// By a bind of its own.
    private func watchDirectory() async {
        var said: [String: String] = [:]
        await repeated(each: .seconds(10)) {
            let realm = gateway.directory.realm
            let results = await realm.probe()
            let isUp = results.contains { $0.problem == nil }
            gateway.metrics.directory(realm.name, isUp: isUp)
            let problem = isUp ? nil : results.compactMap { $0.problem?.description }.first ?? "no server"
            gateway.readiness.set(check: "directory", name: realm.name, problem: problem)
            if gateway.systemd.isActive { await gateway.systemd.status(gateway.status) }
            guard problem != said[realm.name] else { return }
            said[realm.name] = problem
            let directory: Logger.Metadata = ["directory": "\(realm.name)"]
            if let problem {
                gateway.logger.error(
                    "the directory does not answer",
                    metadata: directory.merging(["problem": "\(problem)"]) { $1 }
                )
            } else {
                gateway.logger.notice("the directory answers", metadata: directory)
            }
        }
    }

    /// A Redis that is full still finds sessions, and lets nobody new sign in.
    private func watchRoom() async {
        guard let redis = gateway.backend.redis else { return }
        var said: String?
        await repeated(each: .seconds(5)) {
            var problem: String?
            if redis.status.isUsable {
                do throws(RedisError) {
                    _ = try await redis.send(RedisCommand("SET", "gh:write-check", "1", "PX", "60000"))
                } catch {
                    problem = error.description
                }
            }
            gateway.readiness.set(check: "redis_writes", problem: problem)
            guard problem != said else { return }
            said = problem
            if let problem {
                gateway.logger.error(
                    "Redis cannot be written to: nobody can sign in",
                    metadata: ["problem": "\(problem)"]
                )
            } else if redis.status.isUsable {
                gateway.logger.notice("Redis can be written to again")
            }
        }
    }

    private func watchCache() async {
        guard let counters = gateway.backend.cacheCounters else { return }
        var seen = SessionCacheCounters()
        await repeated(each: .seconds(10)) {
            let now = await counters()
            gateway.metrics.sessionCacheHits.add(Int(now.hits - min(seen.hits, now.hits)))
            gateway.metrics.sessionCacheMisses.add(Int(now.misses - min(seen.misses, now.misses)))
            gateway.metrics.sessionCacheUnconfirmed.add(Int(now.unconfirmed - min(seen.unconfirmed, now.unconfirmed)))
            seen = now
        }
    }
}

/// Does something again and again, until the gateway stops.
func repeated<Failure: Error>(
    each interval: Duration,
    _ body: () async throws(Failure) -> Void
) async throws(Failure) {
    while !Task.isCancelled, !Task.isShuttingDownGracefully {
        try await body()
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval) }
    }
}

extension Gateway {
    /// One line for `systemctl status`.
    var status: String {
        let report = readiness.report
        return "\(server.openConnections) connections, \(report.status)"
            + (report.degraded.isEmpty ? "" : ", degraded: \(report.degraded.map(\.check).joined(separator: ", "))")
    }
}
