import GatehouseCore
import Logging
import NIOCore
import NIOPosix
import RedisClient
import Sessions
import TestSupport

/// A session store on a Redis of its own, closed in good order.
struct SharedStore: Sendable {
    let redis: TestRedis
    let client: RedisClient
    let store: RedisSessionStore
    let group: MultiThreadedEventLoopGroup
    /// Moves the store's idea of time; Redis' own clock is another.
    let clock: ManualClock

    var loop: any EventLoop { group.next() }

    static func with<Result: Sendable>(
        _ redis: TestRedis,
        loops: Int = 1,
        _ body: (SharedStore) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let clock = ManualClock()
        let recent = RecentEnds()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let client = RedisClient(
            configuration: RedisConfiguration(topology: .single(.tcp(host: "127.0.0.1", port: redis.port))),
            group: group,
            logger: logger,
            prepare: recent.restore
        )
        let store = try await RedisSessionStore(
            redis: client,
            recent: recent,
            group: group,
            clock: clock.wallClock,
            logger: logger
        )
        client.start()
        let opened = SharedStore(redis: redis, client: client, store: store, group: group, clock: clock)
        do {
            try await opened.waitUntilCached()
            let result = try await body(opened)
            await client.shutdown()
            try await group.shutdownGracefully()
            return result
        } catch {
            await client.shutdown()
            try await group.shutdownGracefully()
            throw error
        }
    }

    static func with<Result: Sendable>(
        options: TestRedis.Options = TestRedis.Options(),
        loops: Int = 1,
        _ body: (SharedStore) async throws -> Result
    ) async throws -> Result {
        try await with(try await TestRedis.start(options), loops: loops, body)
    }

    /// Until Redis tells every loop what changes.
    func waitUntilCached() async throws {
        try await eventually { client.status.isUsable && client.status.trackingProblem == nil }
    }

    func begin(_ user: String = "alice", lifetime: SessionLifetime = SessionLifetime()) async throws
        -> (session: Session, token: SessionToken)
    {
        let token = SessionToken.random()
        let subject = Subject(
            id: SubjectID(realm: "staff", immutableID: "id-of-\(user)"),
            user: user,
            attributes: ["name": [user]],
            groups: []
        )
        let beginning = SessionBeginning(
            facts: SessionFacts(subject: subject, checkedAt: clock.now, digest: "d"),
            authenticationMethods: ["pwd"],
            token: token.digest,
            host: "login.test",
            lifetime: lifetime
        )
        return (try await store.create(beginning, near: loop), token)
    }

    func look(_ token: SessionToken, touching: Bool = false, on loop: (any EventLoop)? = nil) async throws
        -> SessionLookup
    {
        try await store.lookUp(token.digest, host: "login.test", touching: touching, near: loop ?? self.loop)
    }

    func isLive(_ token: SessionToken, on loop: (any EventLoop)? = nil) async throws -> Bool {
        if case .live = try await look(token, on: loop) { true } else { false }
    }

    /// What is at hand on a loop, without a question to Redis.
    func isAtHand(_ token: SessionToken, on loop: (any EventLoop)? = nil) async throws -> Bool {
        let loop = loop ?? self.loop
        let (store, digest) = (store, token.digest)
        return try await loop.submit {
            if case .live? = store.lookUpAtOnce(digest, host: "login.test", touching: false, on: loop) {
                true
            } else {
                false
            }
        }.get()
    }

    /// How often Redis has run a command, as `evalsha_ro`.
    func calls(_ command: String) async throws -> Int {
        let statistics = try await redis.cli("INFO", "commandstats")
        let line = statistics.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):") }
        return line.flatMap { $0.split(separator: "=").dropFirst().first }
            .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
    }
}

/// Waits for a condition that comes by itself; fails the test when it does not.
func eventually(
    within limit: Duration = .seconds(5),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NotInTime() }
        try await Task.sleep(for: .milliseconds(2))
    }
}

struct NotInTime: Error {}
