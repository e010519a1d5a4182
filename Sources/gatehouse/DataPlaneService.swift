internal import Audit
internal import GatehouseConfiguration
internal import Glibc
internal import Logging
internal import Operations
internal import Proxy
internal import ServiceLifecycle
internal import Synchronization

/// Opens the listeners, keeps them open until the gateway stops, then lets running exchanges end. The first visitor
/// comes after the signals are caught: a service begins only then.
struct DataPlaneService: Service {
    /// For how long a running exchange may go on after the listeners have closed.
    private static let drainLimit: Duration = .seconds(25)

    let gateway: Gateway
    let addresses: [ListenAddress]

    func run() async throws {
        let logger = gateway.logger
        for address in addresses {
            _ = try await gateway.server.listen(address)
            logger.info("listening", metadata: ["address": "\(address)"])
        }
        gateway.readiness.enter(.serving)
        gateway.audit.record(AuditEvent(.adminStarted, outcome: .success))
        await gateway.systemd.ready(status: gateway.status)
        logger.info("ready")
        try? await gracefulShutdown()
        // A second signal now ends the process, as it would have without us.
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        gateway.readiness.enter(.draining)
        await gateway.systemd.stopping()
        let delay = gateway.running.withLock { $0.configuration.drainDelay }
        logger.info("stopping: running requests may end", metadata: ["drain_delay": "\(delay)"])
        // Whoever asks for readiness sends nobody here any more; whoever comes all the same is served, and told to go.
        await gateway.server.beginDraining()
        try? await Task.sleep(for: delay)
        await gateway.server.shutDown(within: Self.drainLimit)
    }
}
