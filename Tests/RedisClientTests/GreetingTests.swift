import GatehouseCore
import Logging
import NIOCore
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("What a connection must show before it is used")
struct GreetingTests {
    private func problem(
        _ redis: TestRedis,
        _ change: (inout RedisConfiguration) -> Void = { _ in },
        prepare: @escaping Fixture.Prepare = { $0.eventLoop.makeSucceededVoidFuture() }
    ) async throws -> RedisError {
        var found: RedisError?
        try await Fixture.run(redis, isAwaited: false, configuration: change, prepare: prepare) { fixture in
            try await eventually("there is a problem worth telling") {
                found = fixture.client.status.problem
                return found.map { $0.code != .disconnected } ?? false
            }
            #expect(!fixture.client.status.isUsable)
            let refused = await failure { try await fixture.send("PING") }
            #expect(refused?.code == .disconnected)
        }
        return try #require(found)
    }

    private func protected() async throws -> TestRedis {
        var options = TestRedis.Options()
        options.password = "s3cret-of-redis"
        options.lines = [
            "user gate on >s3cret-of-gate ~gh:* resetchannels &__redis__:invalidate &gh:* "
                + "-@all +select +ping +info +subscribe +client|setname +client|id +client|tracking +set",
            "user poor on >s3cret-of-poor ~* &* +@all -info",
        ]
        return try await TestRedis.start(options)
    }

    @Test("a password of the default user opens")
    func password() async throws {
        try await Fixture.run(try await protected()) { fixture in
            let reply = try await fixture.send("PING")
            #expect(reply == .status("PONG"))
        }
    }

    @Test("a wrong password is said to be one, without saying it")
    func wrongPassword() async throws {
        let error = try await problem(try await protected()) { $0.password = Secret(utf8: "s3cret-but-wrong") }
        #expect(error.code == .unusable)
        #expect(error.message == "Redis did not accept the user and password (WRONGPASS).")
        #expect(!"\(error)".contains("s3cret"))
    }

    @Test("the log says what is wrong once, and no password")
    func log() async throws {
        let lines = LogLines()
        let redis = try await protected()
        var configuration = Fixture.configuration(port: redis.port)
        configuration.password = Secret(utf8: "s3cret-but-wrong")
        configuration.user = "gate"
        let logger = Logger(label: "test") { _ in lines.handler }
        try await Fixture.run(configuration, loops: 2, isAwaited: false, logger: logger) { fixture in
            try await eventually("it is tried some times") { fixture.client.status.problem?.code == .unusable }
            _ = await fixture.client.waitUntilUsable(within: .milliseconds(500))
            let text = lines.text
            #expect(text.contains("WRONGPASS") && !text.contains("s3cret"))
            #expect(text.split(separator: "\n").count < 6)
        }
    }

    @Test("no password where one is wanted, and one where none is known")
    func missingPassword() async throws {
        let missing = try await problem(try await protected()) { $0.password = nil }
        #expect(missing.code == .unusable && missing.message == "Redis wants a password.")
        let open = try await TestRedis.start()
        let surplus = try await problem(open) { $0.password = Secret(utf8: "s3cret-for-nothing") }
        #expect(surplus.code == .unusable && surplus.message.contains("Redis refused AUTH"))
        #expect(!"\(surplus)".contains("s3cret"))
    }

    @Test("an ACL user opens, with its own keys only")
    func aclUser() async throws {
        try await Fixture.run(
            try await protected(),
            configuration: {
                $0.user = "gate"
                $0.password = Secret(utf8: "s3cret-of-gate")
            }
        ) { fixture in
            let own = try await fixture.send("SET", "gh:a", "1")
            #expect(own == .status("OK"))
            let error = await failure { try await fixture.send("SET", "other", "1") }
            #expect(error?.code == .server && error?.cause.reply?.code == "NOPERM")
        }
    }

    @Test("a right that the user lacks is named")
    func missingRight() async throws {
        let error = try await problem(try await protected()) {
            $0.user = "poor"
            $0.password = Secret(utf8: "s3cret-of-poor")
        }
        #expect(error.code == .unusable && error.message == "The Redis user may not use INFO.")
    }

    @Test("a server that evicts is refused, with the setting", arguments: ["allkeys-lru", "volatile-ttl"])
    func eviction(_ policy: String) async throws {
        var options = TestRedis.Options()
        options.lines = ["maxmemory-policy \(policy)"]
        let error = try await problem(try await TestRedis.start(options))
        #expect(error.code == .unusable)
        #expect(
            error.message
                == "maxmemory-policy is \(policy); set it to noeviction "
                + "(CONFIG SET maxmemory-policy noeviction, and in redis.conf)."
        )
    }

    @Test("a policy that changes is found at the next connection, and used again when it is mended")
    func evictionLater() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            try await redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            #expect(fixture.client.status.isUsable)
            try await redis.cli("CLIENT", "KILL", "TYPE", "normal")
            try await eventually("the policy is the problem") {
                fixture.client.status.problem?.message.hasPrefix("maxmemory-policy is allkeys-lru") == true
            }
            try await redis.cli("CONFIG", "SET", "maxmemory-policy", "noeviction")
            #expect(await fixture.client.waitUntilUsable(within: .seconds(10)).isUsable)
        }
    }

    @Test("a replica is refused")
    func replica() async throws {
        var options = TestRedis.Options()
        options.lines = ["replicaof 127.0.0.1 1"]
        let error = try await problem(try await TestRedis.start(options))
        #expect(error.code == .unusable && error.message.contains("read-only replica"))
    }

    @Test("a database that does not exist is refused")
    func database() async throws {
        let error = try await problem(try await TestRedis.start()) { $0.database = 99 }
        #expect(error.code == .unusable && error.message == "Redis refused SELECT.")
    }

    @Test("each loop's connection is prepared before it is used; a failure to is the problem")
    func prepare() async throws {
        let redis = try await TestRedis.start()
        let script = RedisScript("return redis.call('INCR', KEYS[1])")
        try await Fixture.run(redis, loops: 2, prepare: { $0.evaluate(script, keys: ["prepared"]).map { _ in } }) {
            fixture in
            let prepared = try await fixture.send("GET", "prepared")
            #expect(prepared.int == 2)
        }
        let error = try await problem(
            redis,
            prepare: { connection in
                connection.send(RedisCommand("GET", "digest")).flatMapThrowing { value in
                    guard value.isNull else { return }
                    throw RedisError(.misconfigured, "the key differs")
                }
            }
        )
        #expect(error.code == .misconfigured && error.message == "the key differs")
    }

    @Test("the connections are named and named differently")
    func names() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { _ in
            let list = try await redis.cli("CLIENT", "LIST").split(separator: "\n")
            #expect(list.count { $0.contains("name=gatehouse ") } == 2)
            #expect(list.count { $0.contains("name=gatehouse-push ") } == 1)
        }
    }
}

/// What a logger was given, as text.
private final class LogLines: Sendable {
    private let storage = Mutex("")

    var text: String { storage.withLock { $0 } }
    var handler: any LogHandler { Handler(lines: self) }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.storage.withLock { $0 += "\(event.message) \(event.metadata ?? [:])\n" }
        }
    }
}
