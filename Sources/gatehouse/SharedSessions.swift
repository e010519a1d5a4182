internal import Cryptography
internal import GatehouseConfiguration
internal import GatehouseCore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import RedisClient
internal import Sessions

/// The sessions that a configuration's gateways share, in the hands of a command.
struct SharedSessions: Sendable {
    private static let patience: Duration = .seconds(5)

    let store: RedisSessionStore
    private let redis: RedisClient
    private let group: MultiThreadedEventLoopGroup

    /// Connects, does the work, and closes again; ends the process with what is wrong where it cannot.
    static func open(
        _ file: ConfigurationOption,
        _ body: @Sendable (SharedSessions) async throws -> Void
    ) async throws {
        let configuration = try file.load()
        guard configuration.redis != nil else {
            StandardError.write(
                "gatehouse: this configuration keeps sessions in the memory of the running gateway, where no command can see "
                    + "them; this needs Redis (the key \"redis\")"
            )
            throw ExitStatus.unavailable
        }
        let keys: GatewayKeys
        do {
            keys = try GatewayKeyFile.loadExisting(configuration)
        } catch {
            StandardError.write("gatehouse: \(error)")
            throw ExitStatus.configuration
        }
        let logger = Logger(label: "gatehouse") { _ in SwiftLogNoOpLogHandler() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        guard
            let redis = configuration.redisClient(
                keys,
                recent: RecentEnds(),
                on: group,
                isCommand: true,
                logger: logger
            )
        else {
            return
        }
        let store = try await RedisSessionStore(redis: redis, group: group, logger: logger)
        redis.start()
        let status = await redis.waitUntilUsable(within: patience)
        let sessions = SharedSessions(
            store: store,
            redis: redis,
            group: group
        )
        do {
            guard status.isUsable else {
                let problem = status.problem?.description ?? "no answer in time"
                StandardError.write("gatehouse: Redis cannot be used: \(problem)")
                throw status.problem?.code == .misconfigured ? ExitStatus.configuration : ExitStatus.unavailable
            }
            try await body(sessions)
            await sessions.close()
        } catch let error as RedisError {
            await sessions.close()
            StandardError.write("gatehouse: \(error)")
            throw ExitStatus.unavailable
        } catch {
            await sessions.close()
            throw error
        }
    }

    func all() async throws -> [Session] { try await store.sessions(of: nil, near: group.any()) }

    func end(_ session: Session) async throws -> Bool {
        try await store.end(session.id, of: session.subject.id, cause: .revoked, near: group.any())
    }

    func endAll(of subject: SubjectID) async throws -> Int {
        try await store.endAll(of: subject, cause: .revoked, near: group.any())
    }

    func record(_ revocation: AdministratorRevocation) async throws {
        try await AuditInbox.put(revocation, into: redis)
    }

    private func close() async {
        await redis.shutdown()
        try? await group.shutdownGracefully()
    }
}
