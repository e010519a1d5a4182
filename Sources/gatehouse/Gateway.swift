internal import Audit
internal import Cryptography
internal import Directory
internal import GatehouseConfiguration
internal import GatehouseCore
internal import Glibc
internal import Identity
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Operations
internal import Policy
internal import Portal
internal import Proxy
internal import RedisClient
internal import ServiceLifecycle
internal import Sessions
internal import Synchronization
internal import UnixSignals

/// The parts of a running gateway, and how they are joined. What a reload replaces is in
/// `Gateway+Reload`; the rest lives as long as the process.
final class Gateway: Sendable {
    struct Running: Sendable {
        var configuration: GatewayConfiguration
        /// Of the snapshot.
        var number: UInt64 = 1
    }

    let file: String
    let keys: GatewayKeys
    let logger: Logger
    let metrics: GatewayMetrics
    let readiness = Readiness()
    let audit: AuditTrail
    let backend: SessionBackend
    let directory: CurrentDirectory
    let bridge: PortalBridge
    let server: ProxyServer
    let signingKeys: SigningKeys
    let upstreams: UpstreamSightings
    let portalServices: PortalServices
    let work = BackgroundWork(limit: 256)
    let running: Mutex<Running>
    private let registry: MetricsRegistry
    private let limits: CurrentLimits
    private let accessLog = LineWriter(descriptor: STDOUT_FILENO)
    private let ground: Ground
    let systemd: SystemdNotifier

    init(
        file: String,
        configuration: GatewayConfiguration,
        keys: GatewayKeys,
        ground: Ground,
        metrics: GatewayMetrics,
        registry: MetricsRegistry,
        logger: Logger
    ) async throws {
        self.file = file
        self.keys = keys
        self.ground = ground
        self.logger = logger
        self.metrics = metrics
        self.registry = registry
        systemd = .fromEnvironment(logger: logger)
        running = Mutex(Running(configuration: configuration))
        let group = ground.group
        let audit = ground.audit
        self.audit = audit
        let limits = CurrentLimits(configuration.signInLimits)
        self.limits = limits
        backend = try await SessionBackend.open(
            configuration,
            keys,
            redis: ground.redis,
            recent: ground.recent,
            on: group,
            limits: { limits.value },
            ended: { cause, count in metrics.sessionsRevoked(cause: cause.rawValue, count) },
            logger: logger
        )
        let backend = backend
        try await ground.meetTheOthers(logger)
        let directory = CurrentDirectory(Realm(configuration: configuration.realm, logger: logger))
        self.directory = directory
        let renewal = FactsRenewal(
            directory: directory,
            store: backend.store,
            audit: audit,
            eventLoop: group.any(),
            work: work,
            logger: logger
        )
        let signingKeys = SigningKeys(
            store: backend.signingKeys,
            keys: keys,
            issuer: configuration.publicOrigin,
            logger: logger
        )
        self.signingKeys = signingKeys
        portalServices = PortalServices(
            store: backend.store,
            limiter: backend.limiter,
            audit: PortalAudit(audit),
            memory: SignInMemory(),
            key: keys.current,
            eventLoop: group.any(),
            clock: backend.store.clock,
            authenticate: { login, password, admit in
                try await directory.realm.authenticate(login: login, password: password, admit: admit)
            },
            refresh: { session in try await renewal.renew(session) },
            jwks: { signingKeys.jwks },
            onSignIn: { directory, outcome in metrics.signIn(directory: directory, outcome: outcome) },
            onLimited: { limit in metrics.signInLimited(limit) },
            logger: logger
        )
        bridge = PortalBridge(portal: configuration.portal(portalServices))
        let pages = DataPlanePages(pages: PortalPages(configuration: configuration.portalConfiguration))
        upstreams = UpstreamSightings(metrics: metrics)
        upstreams.watch(configuration.upstreamsByApp)
        let witness = ExchangeWitness(accessLog: accessLog, metrics: metrics, audit: audit, upstreams: upstreams)
        let bridge = bridge
        server = try await ProxyServer(
            group: group,
            snapshot: configuration.proxySnapshot(number: 1),
            services: ProxyServices(
                store: backend.store,
                returnState: ReturnState(key: keys.current),
                responder: LocalResponder(submit: bridge.submit, render: pages.render),
                accessLog: AccessLog(record: witness.see),
                logger: logger,
                refresh: renewal.renew
            )
        )
        signingKeys.serve(server)
        metrics.configurationTaken(at: WallClock.system.now())
    }

    /// Runs until a signal, or until something is wrong that cannot be lived with.
    func run(log: LineWriter) async throws {
        let configuration = running.withLock { $0.configuration }
        let operations = try await OperationsService.open(
            configuration.operationsListen,
            pages: OperationsPages(readiness: readiness, metrics: registry),
            logger: logger
        )
        let health = HealthWatch(gateway: self)
        let signals = await SignalService(gateway: self)
        let dataPlane = DataPlaneService(gateway: self, addresses: configuration.listen)
        // The first service is stopped last: the log outlives the portal, which outlives the listeners.
        let parts: [any Service] = [
            log, accessLog, operations, work, bridge, health, signals,
            WatchdogService(systemd: systemd, group: ground.group), signingKeys, dataPlane,
        ]
        let services = ServiceGroup(
            configuration: .init(
                services: parts.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await services.run()
        audit.record(AuditEvent(.adminStopped, outcome: .success))
        accessLog.flushBlocking()
    }

    func apply(_ limits: SignInLimits) { self.limits.value = limits }
}

extension GatewayConfiguration {
    var portalConfiguration: PortalConfiguration {
        PortalConfiguration(
            origin: publicOrigin,
            lifetime: lifetime,
            cookies: cookies,
            factsDigests: [realm.name: realm.factsDigest]
        )
    }

    func portal(_ services: PortalServices) -> PortalService {
        PortalService(configuration: portalConfiguration, routes: routeTable(), services: services)
    }

    var upstreamsByApp: [String: String] {
        zip(apps, forwarding).reduce(into: [:]) { $0[$1.0.name] = $1.1.upstream.description }
    }
}
