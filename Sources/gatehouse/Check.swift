internal import ArgumentParser
internal import Directory
internal import GatehouseConfiguration
internal import GatehouseCore
internal import Glibc
internal import LDAPClient
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Policy
internal import Proxy
internal import RedisClient

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration and print every problem at once.",
        discussion: "Exit status: 0 good, 69 a service that was probed is down, 78 configuration error."
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @OptionGroup var file: ConfigurationOption
    @Flag(help: "Also talk to the directory, to Redis and to each application, and say what was found.")
    var probe = false
    @Option(help: "How problems are printed.")
    var format: Format = .text

    func run() async throws {
        LDAPRuntime.prepare()
        let configuration: GatewayConfiguration
        switch ConfigurationLoader.load(path: file.file, environment: ProcessEnvironment.variables) {
        case .failure(let problems):
            report(problems.problems)
            throw ExitStatus.configuration
        case .success(let loaded):
            configuration = loaded
        }
        do {
            try configuration.realm.client.validateFiles()
        } catch {
            report(
                configuration.warnings + [
                    ConfigurationProblem(
                        severity: .error,
                        file: file.file,
                        line: 1,
                        column: 1,
                        key: "directories[0].tls",
                        message: "\(error)"
                    )
                ]
            )
            throw ExitStatus.configuration
        }
        report(configuration.warnings)
        if format == .json {
            var line = JSONLine()
            line.add("result", "good")
            line.add("applications", Int64(configuration.apps.count))
            FileDescriptorOutput.write(line.finish(), to: STDOUT_FILENO)
        } else {
            print("\(configuration.files.joined(separator: ", ")): good (\(configuration.apps.count) applications)")
        }
        if probe, await !probeServices(configuration) { throw ExitStatus.unavailable }
    }

    private func report(_ problems: [ConfigurationProblem]) {
        switch format {
        case .text:
            for problem in problems { StandardError.write(problem.description) }
        case .json:
            for problem in problems {
                var line = JSONLine()
                line.add("severity", problem.severity.rawValue)
                line.add("file", problem.file)
                line.add("line", Int64(problem.line))
                line.add("column", Int64(problem.column))
                line.add("key", problem.key)
                line.add("message", problem.message)
                FileDescriptorOutput.write(line.finish(), to: STDOUT_FILENO)
            }
        }
    }

    /// - Returns: whether everything answered.
    private func probeServices(_ configuration: GatewayConfiguration) async -> Bool {
        var isGood = true
        let realm = Realm(
            configuration: configuration.realm,
            logger: Logger(label: "gatehouse") { _ in SwiftLogNoOpLogHandler() }
        )
        for (server, problem) in await realm.probe() {
            if problem != nil { isGood = false }
            result("directory \(realm.name)", server, problem.map { "\($0)" })
        }
        if isGood {
            do throws(DirectoryError) {
                for name in try await realm.missingEntries() {
                    isGood = false
                    result("directory \(realm.name)", name, "no such entry, or the gateway's account may not see it")
                }
            } catch {
                isGood = false
                result("directory \(realm.name)", "entries", "\(error)")
            }
        }
        await realm.shutdown()
        if let redis = configuration.redis {
            let problem = await Self.connect(redis, configuration)
            if problem != nil { isGood = false }
            result("redis", "\(redis.topology)", problem)
        }
        for (app, forwarding) in zip(configuration.apps, configuration.forwarding) {
            let problem = await Self.connect(forwarding.upstream)
            if problem != nil { isGood = false }
            result("application \(app.name)", forwarding.upstream.description, problem)
        }
        return isGood
    }

    private func result(_ service: String, _ address: String, _ problem: String?) {
        if format == .json {
            var line = JSONLine()
            line.add("service", service)
            line.add("address", address)
            line.add("problem", problem)
            FileDescriptorOutput.write(line.finish(), to: STDOUT_FILENO)
        } else {
            print("\(service): \(address): \(problem ?? "answers")")
        }
    }

    /// Enters as the gateway would, and asks for what it would refuse.
    private static func connect(_ redis: RedisConfiguration, _ configuration: GatewayConfiguration) async -> String? {
        // Before the first start there is no key to compare.
        let keys = try? GatewayKeyFile.loadExisting(configuration)
        let check = keys.map { GatewayKeyCheck(keys: $0, file: configuration.keyFile) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = RedisClient(
            configuration: redis,
            group: group,
            logger: Logger(label: "gatehouse") { _ in SwiftLogNoOpLogHandler() },
            prepare: { check?.compare($0) ?? $0.eventLoop.makeSucceededVoidFuture() }
        )
        client.start()
        let status = await client.waitUntilUsable(within: .seconds(3))
        await client.shutdown()
        try? await group.shutdownGracefully()
        return status.isUsable ? nil : status.problem?.description ?? "no answer in time"
    }

    private static func connect(_ upstream: UpstreamAddress) async -> String? {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(3))
                .connect(host: upstream.host, port: Int(upstream.port)).get()
            try? await channel.close().get()
            return nil
        } catch {
            return "cannot be reached: \(error)"
        }
    }
}
