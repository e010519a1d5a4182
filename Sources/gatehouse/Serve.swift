internal import ArgumentParser
internal import Cryptography
internal import Directory
internal import GatehouseConfiguration
internal import GatehouseCore
internal import Glibc
internal import LDAPClient
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Policy
internal import Portal
internal import Proxy
internal import ServiceLifecycle
internal import Sessions
internal import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the gateway.",
        discussion: "The access log goes to standard output, everything else to standard error, both as JSON lines. "
            + "SIGTERM or SIGINT lets running requests end and stops; a second one exits at once."
    )

    @OptionGroup var file: ConfigurationOption

    func run() async throws {
        LDAPRuntime.prepare()
        let configuration = try file.load()
        let log = LineWriter(descriptor: STDERR_FILENO)
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, writer: log) }
        defer { log.flushBlocking() }
        let logger = Logger(label: "gatehouse")
        for warning in configuration.warnings {
            logger.warning("configuration", metadata: ["key": "\(warning.key)", "warning": "\(warning.message)"])
        }
        let key: GatewayKey
        do {
            try configuration.realm.client.validateFiles()
            key = try GatewayKeyFile.loadOrCreate(configuration.keyFile)
        } catch {
            StandardError.write("gatehouse: \(error)")
            throw ExitStatus.configuration
        }
        try await serve(configuration, key, log, logger)
    }

    private func serve(
        _ configuration: GatewayConfiguration,
        _ key: GatewayKey,
        _ log: LineWriter,
        _ logger: Logger
    ) async throws {
        let threads = configuration.threads > 0 ? configuration.threads : System.coreCount
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let realm = Realm(configuration: configuration.realm, logger: logger)
        let store = MemorySessionStore()
        let routes = configuration.routeTable()
        let portalConfiguration = PortalConfiguration(
            origin: configuration.publicOrigin,
            lifetime: configuration.lifetime,
            cookies: configuration.cookies
        )
        let bridge = PortalBridge(
            portal: PortalService(
                configuration: portalConfiguration,
                routes: routes,
                store: store,
                key: key,
                eventLoop: group.any(),
                clock: .steady,
                authenticate: { login, password in try await realm.authenticate(login: login, password: password) },
                logger: logger
            )
        )
        let pages = DataPlanePages(pages: PortalPages(configuration: portalConfiguration), routes: routes)
        let accessLog = LineWriter(descriptor: STDOUT_FILENO)
        let server = try await ProxyServer(
            group: group,
            snapshot: configuration.proxySnapshot(number: 1),
            services: ProxyServices(
                store: store,
                returnState: ReturnState(key: key),
                responder: LocalResponder(submit: bridge.submit, render: pages.render),
                accessLog: AccessLog(to: accessLog),
                logger: logger
            )
        )
        // The first service is stopped last: the log outlives the portal, which outlives the listeners.
        let services = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: log),
                    .init(service: accessLog),
                    .init(service: bridge),
                    .init(service: await UnbuiltSignals(logger: logger)),
                    .init(
                        service: DataPlaneService(server: server, addresses: configuration.listen, logger: logger)
                    ),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        do {
            try await services.run()
        } catch let error as ListenError {
            StandardError.write("gatehouse: \(error)")
            throw ExitStatus.configuration
        }
        await realm.shutdown()
        accessLog.flushBlocking()
        try await group.shutdownGracefully()
        logger.info("stopped")
    }
}

/// Opens the listeners, keeps them open until the gateway stops, then lets running exchanges end. The first visitor
/// comes after the signals are caught: a service begins only then.
struct DataPlaneService: Service {
    /// For how long a running exchange may go on after the signal.
    private static let drainLimit: Duration = .seconds(25)

    let server: ProxyServer
    let addresses: [ListenAddress]
    let logger: Logger

    func run() async throws {
        for address in addresses {
            _ = try await server.listen(address)
            logger.info("listening", metadata: ["address": "\(address)"])
        }
        logger.info("ready")
        try? await gracefulShutdown()
        // A second signal now ends the process, as it would have without us.
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        logger.info("stopping: running requests may end")
        await server.shutDown(within: Self.drainLimit)
    }
}
