internal import Audit
internal import Directory
internal import GatehouseConfiguration
internal import GatehouseCore
internal import LDAPClient
internal import Logging
internal import NIOPosix
internal import Operations
internal import Portal
internal import Proxy
internal import Synchronization

/// SIGHUP: a configuration is read aside, held against the one in force, and taken whole or not at all.
extension Gateway {
    /// - Returns: the realm of before, to be shut down once nobody asks it any more; `nil` where nothing was taken.
    func reload() async -> Realm? {
        let old = running.withLock { $0 }
        let new: GatewayConfiguration
        let file = file
        let loaded = try? await NIOThreadPool.singleton.runIfActive {
            ConfigurationLoader.load(path: file, environment: ProcessEnvironment.variables)
        }
        switch loaded {
        case nil:
            reject(["the files could not be read: the gateway is stopping"])
            return nil
        case .failure(let problems):
            reject(problems.problems.filter { $0.severity == .error }.map(\.description))
            return nil
        case .success(let loaded): new = loaded
        }
        let reasons = new.restartReasons(comparedTo: old.configuration)
        guard reasons.isEmpty else {
            reject(reasons.map(\.description), reason: "restart_needed")
            return nil
        }
        do {
            try new.realm.client.validateFiles()
        } catch {
            reject(["\(error)"])
            return nil
        }
        var event = AuditEvent(.configReloaded, outcome: .success)
        event.details = [.init("digest", new.contentDigest), .init("snapshot", "\(old.number + 1)")]
        do {
            try await audit.commit(event)
        } catch {
            // What is not on record does not happen (docs/security-rules.md, "Faults").
            reject(["the reload cannot be put on record: \(error)"], reason: "audit_unwritable")
            return nil
        }
        return await take(new, number: old.number + 1)
    }

    private func take(_ new: GatewayConfiguration, number: UInt64) async -> Realm {
        for warning in new.warnings {
            logger.warning("configuration", metadata: ["key": "\(warning.key)", "warning": "\(warning.message)"])
        }
        let realm = directory.replace(by: Realm(configuration: new.realm, logger: logger))
        apply(new.signInLimits)
        bridge.install(new.portal(portalServices))
        await server.install(new.proxySnapshot(number: number))
        running.withLock { $0 = Running(configuration: new, number: number) }
        upstreams.watch(new.upstreamsByApp)
        metrics.keep(directories: [new.realm.name], upstreams: new.upstreamsByApp.mapValues { [$0] })
        readiness.keep(check: "directory", names: [new.realm.name])
        metrics.reloaded(at: WallClock.system.now())
        logger.notice("the configuration was read anew and is in force", metadata: ["snapshot": "\(number)"])
        return realm
    }

    /// The old configuration goes on; the log says each problem, the trail the first ones.
    private func reject(_ problems: [String], reason: String = "invalid") {
        metrics.reloadRejected()
        for problem in problems {
            logger.error("the configuration was not taken; the one before goes on", metadata: ["problem": "\(problem)"])
        }
        var event = AuditEvent(.configRejected, outcome: .failure, reason: reason)
        event.details = [
            .init("problems", "\(problems.count)"), .init("first", String((problems.first ?? "").prefix(500))),
        ]
        audit.record(event)
    }
}
