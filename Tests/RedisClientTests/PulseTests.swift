import Glibc
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import RedisClient

@Suite("A connection that was lost without a word is noticed")
struct PulseTests {
    @Test(
        "while only the data connections are lost, every loop is unconfirmed in time, then tracked again",
        arguments: Relay.Loss.allCases
    )
    func lost(_ loss: Relay.Loss) async throws {
        let redis = try await TestRedis.start()
        try await run(redis) { fixture, relay in
            try await redis.cli("SET", "a", "1")
            for loop in 0..<2 { _ = try await fixture.send("GET", "a", on: loop) }
            #expect(relay.pushConnections > 0)
            let began = ContinuousClock.now
            relay.loseData(loss)
            for (loop, heard) in fixture.heard.enumerated() {
                try await fixture.untilUnconfirmed(loop)
                #expect(began.duration(to: try #require(heard.unconfirmedAt)) < .seconds(1.5))
            }
            try await fixture.untilConfirmed()
            #expect(await fixture.client.waitUntilUsable(within: .seconds(10)).isUsable)
            for loop in 0..<2 { _ = try await fixture.send("GET", "a", on: loop) }
            fixture.heard.forEach { $0.forget() }
            try await redis.cli("SET", "a", "2")
            for heard in fixture.heard {
                try await eventually("the change is told") { heard.events.contains(.invalidated(key: "a")) }
            }
        }
    }

    @Test(
        "commands in flight are as good as pings: they fail in time, however long they may take",
        arguments: Relay.Loss.allCases
    )
    func lostWhileAsked(_ loss: Relay.Loss) async throws {
        let redis = try await TestRedis.start()
        try await run(redis, commandTimeout: .seconds(30)) { fixture, relay in
            let began = ContinuousClock.now
            let ended = Mutex(began)
            relay.loseData(loss)
            let futures = (0..<6).map { fixture.client.send(RedisCommand("ECHO", "a"), on: fixture.loops[$0 % 2]) }
            for future in futures { future.whenComplete { _ in ended.withLock { $0 = max($0, .now) } } }
            for future in futures {
                let error = await failure { try await result(future) }
                #expect(error?.code == .timeout || error?.code == .disconnected)
            }
            #expect(began.duration(to: ended.withLock { $0 }) < .seconds(1.5))
            for heard in fixture.heard {
                #expect(began.duration(to: try #require(heard.unconfirmedAt)) < .seconds(1.5))
            }
            try await fixture.untilConfirmed()
        }
    }

    @Test(
        "an idle connection is pinged; a busy one is not, be it asked all the time or now and then",
        arguments: [TimeAmount.milliseconds(1), .milliseconds(20)]
    )
    func busy(pause: TimeAmount) async throws {
        let redis = try await TestRedis.start()
        try await run(redis) { fixture, relay in
            let isOver = Mutex(false)
            let client = fixture.client
            @Sendable func ask(_ loop: any EventLoop) -> EventLoopFuture<Void> {
                let answer = client.send(RedisCommand("ECHO", "a"), on: loop)
                return answer.flatMapErrorThrowing { _ in .null }.flatMap { _ in
                    if isOver.withLock({ $0 }) { return loop.makeSucceededVoidFuture() }
                    return loop.flatScheduleTask(in: pause) { ask(loop) }.futureResult
                }
            }
            let asking = fixture.loops.map { ask($0) }
            try await eventually("the first tick is over") { relay.pushPings >= 3 }
            var isJudged = false
            for _ in 0..<20 where !isJudged {
                let (data, push, connections) = (relay.dataPings, relay.pushPings, relay.dataConnections)
                try await eventually("four ticks are over") { relay.pushPings >= push + 4 }
                // On a machine so busy that one was given up, its greeting had a ping as well.
                guard relay.dataConnections == connections else { continue }
                #expect(relay.dataPings == data)
                isJudged = true
            }
            #expect(isJudged)
            isOver.withLock { $0 = true }
            for future in asking { try await future.get() }
            let data = relay.dataPings
            try await eventually("both are pinged, again and again") { relay.dataPings >= data + 6 }
        }
    }

    @Test("a loop that was held up reads before it judges")
    func heldUp() async throws {
        let redis = try await TestRedis.start()
        try await run(redis) { fixture, relay in
            let (client, loop) = (fixture.client, fixture.loops[1])
            @Sendable func holdUp(_ times: Int) -> EventLoopFuture<Void> {
                _ = usleep(900_000)
                return times == 1 ? loop.makeSucceededVoidFuture() : loop.flatSubmit { holdUp(times - 1) }
            }
            var isJudged = false
            for _ in 0..<20 where !isJudged {
                fixture.heard.forEach { $0.forget() }
                // Three times in a row: a tick and the next one have no chance to read between them.
                let answer = client.send(RedisCommand("ECHO", "a"), on: loop)
                let isHeldUp = (try? await answer.flatMap { _ in holdUp(3) }.get()) != nil
                let pings = relay.pushPings
                try await eventually("ticks go on") { relay.pushPings >= pings + 4 }
                // Where the other loop lost something too it was the machine that was held up.
                guard isHeldUp, !fixture.heard[0].events.contains(.unconfirmed) else { continue }
                #expect(!fixture.heard[1].events.contains(.unconfirmed))
                isJudged = true
            }
            #expect(isJudged)
        }
    }

    private func run(
        _ redis: TestRedis,
        commandTimeout: Duration = .seconds(10),
        _ body: (Fixture, Relay) async throws -> Void
    ) async throws {
        let relay = try await Relay(to: redis.port)
        var configuration = Fixture.configuration(port: relay.port)
        configuration.commandTimeout = commandTimeout
        try await Fixture.run(configuration, loops: 2, isAwaited: true) { try await body($0, relay) }
        try await relay.stop()
    }
}

@Suite("The pulse of a connection")
struct PulseMachineTests {
    typealias Action = RedisDataLink.Pulse.Action

    /// What came before a tick, and whether something is awaited at it.
    enum Sign {
        case silence, awaiting
        /// Of a reply that is not complete.
        case bytes
        case reply, replyAndAwaiting, twoReplies

        var received: RedisPipeline.Received {
            switch self {
            case .silence, .awaiting: .init()
            case .bytes: .init(hasBytes: true, replies: 0)
            case .reply, .replyAndAwaiting: .init(hasBytes: true, replies: 1)
            case .twoReplies: .init(hasBytes: true, replies: 2)
            }
        }

        var isAwaited: Bool { self == .awaiting || self == .bytes || self == .replyAndAwaiting }
    }

    @Test(
        "ticks",
        arguments: [
            // Idle: a ping, its pong, the next ping.
            ([.silence, .reply, .reply, .reply], [.ping, .ping, .ping, .ping]),
            // A ping without a pong.
            ([.silence, .awaiting, .awaiting, .awaiting], [.ping, .none, .none, .giveUp]),
            // A pong at the last moment.
            ([.silence, .awaiting, .awaiting, .reply, .awaiting], [.ping, .none, .none, .ping, .none]),
            // A command without a reply.
            ([.awaiting, .awaiting, .awaiting, .awaiting], [.none, .none, .none, .giveUp]),
            // Busy: no ping.
            ([.reply, .twoReplies, .replyAndAwaiting, .reply], [.none, .none, .none, .none]),
            // One reply of many is enough.
            ([.awaiting, .awaiting, .replyAndAwaiting, .awaiting, .awaiting], [.none, .none, .none, .none, .none]),
            ([.replyAndAwaiting, .awaiting, .awaiting, .awaiting], [.none, .none, .none, .giveUp]),
            // A large reply on a slow way.
            ([.awaiting, .bytes, .bytes, .bytes, .bytes, .bytes], [.none, .none, .none, .none, .none, .none]),
            // A command behind a ping is busy, then idle again.
            ([.silence, .twoReplies, .silence, .reply], [.ping, .none, .ping, .ping]),
            // A pong that came late, with a reply behind it.
            ([.silence, .awaiting, .twoReplies, .silence], [.ping, .none, .none, .ping]),
        ] as [([Sign], [Action])]
    )
    func ticks(_ signs: [Sign], _ expected: [Action]) {
        var pulse = RedisDataLink.Pulse()
        var actions: [Action] = []
        for sign in signs { actions.append(pulse.tick(sign.received, isAwaited: sign.isAwaited)) }
        #expect(actions == expected)
    }

    @Test("bytes that nobody waits for are no sign of life that could last")
    func strayBytes() {
        var pulse = RedisDataLink.Pulse()
        let stray = RedisPipeline.Received(hasBytes: true, replies: 0)
        let first = pulse.tick(stray, isAwaited: false)
        #expect(first == .ping)
    }
}
