internal import ArgumentParser
internal import Audit
internal import CoreMetrics
internal import Cryptography
internal import Directory
internal import GatehouseConfiguration
internal import Glibc
internal import LDAPClient
internal import Logging
internal import Operations
internal import Proxy

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the gateway.",
        discussion: "The access log goes to standard output, everything else to standard error, both as JSON lines. "
            + "SIGHUP reads the configuration anew, SIGUSR1 reopens the audit trail's file, SIGTERM or SIGINT lets "
            + "running requests end and stops; a second one exits at once."
    )

    @OptionGroup var file: ConfigurationOption

    func run() async throws {
        LDAPRuntime.prepare()
        let configuration = try file.load()
        let log = LineWriter(descriptor: STDERR_FILENO)
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, writer: log) }
        let registry = MetricsRegistry()
        MetricsSystem.bootstrap(registry)
        defer { log.flushBlocking() }
        let logger = Logger(label: "gatehouse")
        for warning in configuration.warnings {
            logger.warning("configuration", metadata: ["key": "\(warning.key)", "warning": "\(warning.message)"])
        }
        do {
            try configuration.realm.client.validateFiles()
            let keys = try GatewayKeyFile.load(configuration)
            let metrics = try GatewayMetrics(registry: registry, version: Gatehouse.version)
            let ground = try await Ground.open(configuration, keys, metrics: metrics, logger: logger)
            do {
                let gateway = try await Gateway(
                    file: file.file,
                    configuration: configuration,
                    keys: keys,
                    ground: ground,
                    metrics: metrics,
                    registry: registry,
                    logger: logger
                )
                try await gateway.run(log: log)
                await gateway.directory.realm.shutdown()
            } catch {
                await ground.close()
                throw error
            }
            await ground.close()
        } catch let error as StartFailure {
            StandardError.write("gatehouse: \(error)")
            throw ExitStatus.configuration
        } catch let error as any LocalFault {
            StandardError.write("gatehouse: \(error)")
            throw ExitStatus.configuration
        }
        logger.info("stopped")
    }
}

/// What is wrong on this machine, or between the nodes: the gateway does not run so (exit status 78).
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ cause: any Error) {
        description = "\(cause)"
    }
}

/// The errors of the parts that mean the same.
protocol LocalFault: Error {}

extension ListenError: LocalFault {}
extension OperationsError: LocalFault {}
extension AuditError: LocalFault {}
extension LDAPError: LocalFault {}
extension GatewayKeyFile.Failure: LocalFault {}
