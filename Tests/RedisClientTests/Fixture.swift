import GatehouseCore
import Logging
import NIOCore
import NIOPosix
import RedisClient
import Synchronization
import TestSupport
import Testing

/// A client and its event loops, for the length of a test.
struct Fixture: Sendable {
    typealias Prepare = @Sendable (RedisConnection) -> EventLoopFuture<Void>

    let client: RedisClient
    let loops: [any EventLoop]
    /// What each loop hears of its keys.
    let heard: [Heard]

    /// - Parameter isAwaited: whether the client is usable, and tracking confirmed on each loop, before the body begins.
    static func run(
        _ redis: TestRedis,
        loops: Int = 2,
        isAwaited: Bool = true,
        configuration change: (inout RedisConfiguration) -> Void = { _ in },
        prepare: @escaping Prepare = { $0.eventLoop.makeSucceededVoidFuture() },
        body: (Fixture) async throws -> Void
    ) async throws {
        var configuration = Self.configuration(port: redis.port)
        if let password = redis.options.password { configuration.password = Secret(utf8: password) }
        change(&configuration)
        try await run(configuration, loops: loops, isAwaited: isAwaited, prepare: prepare, body: body)
    }

    static func run(
        _ configuration: RedisConfiguration,
        loops: Int = 1,
        isAwaited: Bool,
        prepare: @escaping Prepare = { $0.eventLoop.makeSucceededVoidFuture() },
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        body: (Fixture) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let client = RedisClient(configuration: configuration, group: group, logger: logger, prepare: prepare)
        let eventLoops = Array(group.makeIterator())
        let heard = eventLoops.map { eventLoop in
            let heard = Heard()
            client.track(on: eventLoop) { event in
                eventLoop.preconditionInEventLoop()
                heard.add(event)
            }
            return heard
        }
        let fixture = Fixture(client: client, loops: eventLoops, heard: heard)
        client.start()
        do {
            if isAwaited {
                let status = await client.waitUntilUsable(within: .seconds(15))
                #expect(status.isUsable, "\(status)")
                try await fixture.untilConfirmed()
            }
            try await body(fixture)
        } catch {
            await client.shutdown()
            try await group.shutdownGracefully()
            throw error
        }
        await client.shutdown()
        try await group.shutdownGracefully()
    }

    static func configuration(port: UInt16) -> RedisConfiguration {
        RedisConfiguration(topology: .single(.tcp(host: "127.0.0.1", port: port)))
    }

    /// Every loop has heard `confirmed` and nothing against it since.
    func untilConfirmed() async throws {
        try await eventually("tracking is confirmed") { heard.allSatisfy { $0.isConfirmed } }
    }

    func untilUnconfirmed(_ loop: Int) async throws {
        try await eventually("loop \(loop) is unconfirmed") { heard[loop].events.contains(.unconfirmed) }
    }

    func send(_ words: String..., on loop: Int = 0) async throws -> RedisValue {
        try await result(client.send(RedisCommand(words: words.map { RedisArgument($0) }), on: loops[loop]))
    }

    func evaluate(_ script: RedisScript, keys: [String] = [], arguments: [RedisArgument] = [], on loop: Int = 0)
        async throws -> RedisValue
    {
        try await result(client.evaluate(script, keys: keys, arguments: arguments, on: loops[loop]))
    }
}

/// Tracking events of one event loop.
final class Heard: Sendable {
    private let storage = Mutex<[(event: RedisTrackingEvent, at: ContinuousClock.Instant)]>([])

    var events: [RedisTrackingEvent] { storage.withLock { $0.map(\.event) } }
    /// When the first loss was told.
    var unconfirmedAt: ContinuousClock.Instant? {
        storage.withLock { $0.first { $0.event == .unconfirmed }?.at }
    }

    var isConfirmed: Bool {
        events.last { $0 == .confirmed || $0 == .unconfirmed } == .confirmed
    }

    func add(_ event: RedisTrackingEvent) { storage.withLock { $0.append((event, .now)) } }
    func forget() { storage.withLock { $0 = [] } }
}

func result(_ future: EventLoopFuture<RedisValue>) async throws -> RedisValue {
    try await future.get()
}

/// The error that something ends with; recorded as a failure if it is none of this module, or if there is none.
func failure(_ body: () async throws -> RedisValue) async -> RedisError? {
    do {
        let value = try await body()
        Issue.record("no error but \(value)")
        return nil
    } catch let error as RedisError {
        return error
    } catch {
        Issue.record("not an error of this module: \(error)")
        return nil
    }
}

struct TookTooLong: Error {
    let what: String
}

/// Looks again and again until something is so.
/// - Returns: how long that took.
@discardableResult
func eventually(
    _ what: String,
    within limit: Duration = .seconds(15),
    _ condition: () async throws -> Bool
) async throws -> Duration {
    let began = ContinuousClock.now
    while !(try await condition()) {
        guard began.duration(to: .now) < limit else { throw TookTooLong(what: what) }
        try await Task.sleep(for: .milliseconds(5))
    }
    return began.duration(to: .now)
}
