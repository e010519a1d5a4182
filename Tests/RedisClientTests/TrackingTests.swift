import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("Changes of what was read are told")
struct TrackingTests {
    @Test("a change by somebody else is told to the loop that read, and only after a read")
    func invalidation() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            try await redis.cli("SET", "a", "1")
            try await redis.cli("SET", "unread", "1")
            #expect(try await fixture.send("GET", "a", on: 1).text == "1")
            try await redis.cli("SET", "unread", "2")
            try await redis.cli("SET", "a", "2")
            try await eventually("the change is told") { fixture.heard[1].events.contains(.invalidated(key: "a")) }
            #expect(!fixture.heard[1].events.contains(.invalidated(key: "unread")))
        }
    }

    /// Redis forgets a key with its first change: whoever is not told of that one (`NOLOOP`) is not told of the next either.
    @Test("deletion and expiry are changes, and so is what the loop itself changes")
    func kinds() async throws {
        var options = TestRedis.Options()
        options.hasMovableClock = true
        let redis = try await TestRedis.start(options)
        let keys = ["deleted", "expired", "own"]
        try await Fixture.run(redis) { fixture in
            for key in keys { try await redis.cli("SET", key, "1", "EX", "3600") }
            for key in keys { _ = try await fixture.send("GET", key) }
            _ = try await fixture.send("SET", "own", "2")
            try await redis.cli("DEL", "deleted")
            redis.moveClock(by: .seconds(3700))
            for key in keys {
                try await eventually("\(key) is told") { fixture.heard[0].events.contains(.invalidated(key: key)) }
            }
        }
    }

    @Test("a key that a script reads is tracked if it is in KEYS, and else it is not")
    func scriptKeys() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            for key in ["declared", "undeclared", "last"] { try await redis.cli("SET", key, "1") }
            let script = RedisScript("return { redis.call('GET', KEYS[1]), redis.call('GET', ARGV[1]) }")
            let reading = RedisScript(
                "return { redis.call('GET', KEYS[1]), redis.call('GET', ARGV[1]) }",
                readOnly: true
            )
            for script in [script, reading] {
                fixture.heard[0].forget()
                let read = try await fixture.evaluate(script, keys: ["declared"], arguments: ["undeclared"])
                #expect(read.elements?.count == 2)
                _ = try await fixture.send("GET", "last")
                for key in ["undeclared", "declared", "last"] { try await redis.cli("SET", key, "2") }
                try await eventually("what came last is told") {
                    fixture.heard[0].events.contains(.invalidated(key: "last"))
                }
                #expect(fixture.heard[0].events.contains(.invalidated(key: "declared")))
                #expect(!fixture.heard[0].events.contains(.invalidated(key: "undeclared")))
            }
        }
    }

    @Test("FLUSHALL is told as one", arguments: ["FLUSHALL", "FLUSHDB"])
    func flush(_ command: String) async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            try await redis.cli("SET", "a", "1")
            _ = try await fixture.send("GET", "a")
            try await redis.cli(command)
            for heard in fixture.heard {
                try await eventually("each loop is told") { heard.events.contains(.invalidatedAll) }
            }
        }
    }

    @Test("a loop whose own connection dies is unconfirmed, then confirmed; the other one is neither")
    func dataConnectionLost() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            let id = try await fixture.send("CLIENT", "ID", on: 1).int
            fixture.heard.forEach { $0.forget() }
            try await redis.cli("CLIENT", "KILL", "ID", "\(try #require(id))")
            try await fixture.untilUnconfirmed(1)
            try await eventually("it is confirmed again") { fixture.heard[1].isConfirmed }
            #expect(fixture.heard[0].events.isEmpty)
            try await expectTracked(fixture, redis, loop: 1)
        }
    }

    @Test("whoever loses a command with the connection finds the loop unconfirmed already", arguments: [true, false])
    func unconfirmedBeforeFailure(_ isKilled: Bool) async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, configuration: { $0.commandTimeout = .seconds(isKilled ? 10 : 1) }) { fixture in
            let id = try #require(try await fixture.send("CLIENT", "ID").int)
            let heard = fixture.heard[0]
            let isKnown = fixture.loops[0].makePromise(of: Bool.self)
            let blocked = fixture.client.send(RedisCommand("BLPOP", "nothing", "0"), on: fixture.loops[0])
            blocked.whenComplete { _ in isKnown.succeed(heard.events.last == .unconfirmed) }
            if isKilled { try await redis.cli("CLIENT", "KILL", "ID", "\(id)") }
            #expect(try await isKnown.futureResult.get())
        }
    }

    @Test("when the subscribed connection dies all loops are unconfirmed, then confirmed, and tracking works again")
    func pushConnectionLost() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            for _ in 0..<2 {
                fixture.heard.forEach { $0.forget() }
                try await redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
                for loop in 0..<2 { try await fixture.untilUnconfirmed(loop) }
                try await fixture.untilConfirmed()
                #expect(fixture.client.status.isUsable)
                for loop in 0..<2 { try await expectTracked(fixture, redis, loop: loop) }
            }
        }
    }

    @Test("what is read as soon as tracking is confirmed is tracked")
    func confirmedMeansTracked() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            let client = fixture.client
            let loop = fixture.loops[1]
            let read = loop.makePromise(of: RedisValue.self)
            try await redis.cli("SET", "a", "1")
            client.track(on: loop) { event in
                // Not the one that is told at once because it is so already.
                guard event == .confirmed, fixture.heard[1].events.contains(.unconfirmed) else { return }
                client.send(RedisCommand("GET", "a"), on: loop).cascade(to: read)
            }
            try await redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
            #expect(try await result(read.futureResult).text == "1")
            try await redis.cli("SET", "a", "2")
            try await eventually("the change is told") { fixture.heard[1].events.contains(.invalidated(key: "a")) }
        }
    }

    @Test("a hung server is unconfirmed in about a second, though no command waits")
    func hung() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            redis.suspend()
            let began = ContinuousClock.now
            for (loop, heard) in fixture.heard.enumerated() {
                try await fixture.untilUnconfirmed(loop)
                #expect(began.duration(to: try #require(heard.unconfirmedAt)) < .seconds(1.5))
            }
            redis.resume()
            try await fixture.untilConfirmed()
            try await expectTracked(fixture, redis, loop: 1)
        }
    }

    private func expectTracked(_ fixture: Fixture, _ redis: TestRedis, loop: Int) async throws {
        let key = "key-\(UInt64.random(in: .min ... .max))"
        try await redis.cli("SET", key, "1")
        _ = try await fixture.send("GET", key, on: loop)
        try await redis.cli("SET", key, "2")
        try await eventually("the change of \(key) is told") {
            fixture.heard[loop].events.contains(.invalidated(key: key))
        }
    }
}
