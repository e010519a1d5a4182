import NIOCore
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("Redis fails and comes back")
struct RecoveryTests {
    @Test("a killed server fails commands at once, and is used again within two seconds of its return")
    func killed() async throws {
        let redis = try await TestRedis.start()
        // Who waited for the deadline would take longer than the bounds below.
        try await Fixture.run(redis, configuration: { $0.commandTimeout = .seconds(10) }) { fixture in
            for _ in 0..<2 {
                fixture.heard.forEach { $0.forget() }
                redis.kill()
                try await eventually("the loss is known", within: .seconds(3)) { !fixture.client.status.isUsable }
                let began = ContinuousClock.now
                for loop in 0..<2 {
                    let error = await failure { try await fixture.send("PING", on: loop) }
                    #expect(error?.code == .disconnected)
                }
                #expect(began.duration(to: .now) < .seconds(3))
                try await redis.restart()
                let back = ContinuousClock.now
                let status = await fixture.client.waitUntilUsable(within: .seconds(10))
                #expect(status.isUsable && back.duration(to: status.since) < .seconds(2))
                for loop in 0..<2 { #expect(try await fixture.send("PING", on: loop) == .status("PONG")) }
                try await fixture.untilConfirmed()
            }
        }
    }

    @Test("a server that is not there yet is found when it comes")
    func absentAtStart() async throws {
        let redis = try await TestRedis.start()
        redis.kill()
        try await Fixture.run(redis, isAwaited: false) { fixture in
            let status = await fixture.client.waitUntilUsable(within: .milliseconds(100))
            #expect(!status.isUsable && status.problem?.code == .disconnected)
            let error = await failure { try await fixture.send("PING") }
            #expect(error?.code == .disconnected)
            try await redis.restart()
            #expect(await fixture.client.waitUntilUsable(within: .seconds(10)).isUsable)
        }
    }

    @Test("a hung server fails every command within its time; all are served when it goes on")
    func hung() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            redis.suspend()
            let began = ContinuousClock.now
            let ended = Mutex(began)
            let futures = (0..<50).map { fixture.client.send(RedisCommand("PING"), on: fixture.loops[$0 % 2]) }
            for future in futures { future.whenComplete { _ in ended.withLock { $0 = max($0, .now) } } }
            var codes: [RedisError.Code?] = []
            for future in futures {
                codes.append(await failure { try await result(future) }?.code)
            }
            let took = began.duration(to: ended.withLock { $0 })
            // Given up as a connection, at the latest when the time of the commands is over.
            #expect(took >= .milliseconds(400) && took < .seconds(2))
            #expect(codes.allSatisfy { $0 == .timeout || $0 == .disconnected })
            #expect(!fixture.client.status.isUsable)
            let after = await failure { try await fixture.send("PING") }
            #expect(after?.code == .disconnected)
            redis.resume()
            let back = ContinuousClock.now
            let status = await fixture.client.waitUntilUsable(within: .seconds(10))
            #expect(status.isUsable && back.duration(to: status.since) < .seconds(2))
            #expect(try await fixture.send("PING", on: 1) == .status("PONG"))
            try await fixture.untilConfirmed()
        }
    }

    @Test("a command that takes too long ends its connection, not the other loop's")
    func slowCommand() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, configuration: { $0.commandTimeout = .seconds(2) }) { fixture in
            let slow = fixture.client.send(RedisCommand("BLPOP", "nothing", "0"), on: fixture.loops[0])
            let behind = fixture.client.send(RedisCommand("PING"), on: fixture.loops[0])
            let first = await failure { try await result(slow) }
            let second = await failure { try await result(behind) }
            #expect(first?.code == .timeout)
            #expect(second?.code == .disconnected || second?.code == .timeout)
            let reply = try await fixture.send("PING", on: 1)
            #expect(reply == .status("PONG"))
            #expect(await fixture.client.waitUntilUsable(within: .seconds(10)).isUsable)
            #expect(fixture.heard[0].events.contains(.unconfirmed) && !fixture.heard[1].events.contains(.unconfirmed))
        }
    }

    @Test("a server that becomes a replica is given up with the first write, and used again as a primary")
    func readOnly() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            try await redis.cli("REPLICAOF", "127.0.0.1", "1")
            let error = await failure { try await fixture.send("SET", "a", "1") }
            #expect(error?.code == .unusable && error?.message == "Redis is a read-only replica.")
            try await eventually("it is known to be one") { fixture.client.status.problem?.code == .unusable }
            try await redis.cli("REPLICAOF", "NO", "ONE")
            #expect(await fixture.client.waitUntilUsable(within: .seconds(10)).isUsable)
            #expect(try await fixture.send("SET", "a", "1") == .status("OK"))
        }
    }

    @Test("a server without memory refuses writes, its connections stay and reads go on")
    func outOfMemory() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            _ = try await fixture.send("SET", "a", "1")
            let script = RedisScript("return redis.call('SET', KEYS[1], ARGV[1])")
            _ = try await fixture.evaluate(script, keys: ["a"], arguments: ["2"])
            try await redis.cli("CONFIG", "SET", "maxmemory", "1")
            let error = await failure { try await fixture.send("SET", "b", "1") }
            #expect(error?.code == .unusable && error?.message == "Redis has reached its maxmemory.")
            let inScript = await failure {
                try await fixture.evaluate(script, keys: ["b"], arguments: ["2"])
            }
            #expect(inScript?.code == .unusable)
            #expect(try await fixture.send("GET", "a").text == "2")
            try await redis.cli("CONFIG", "SET", "maxmemory", "0")
            #expect(try await fixture.send("SET", "b", "1") == .status("OK"))
            #expect(fixture.client.status.isUsable && !fixture.heard[0].events.contains(.unconfirmed))
        }
    }

    @Test("a server that loads its data is not used before it has")
    func loading() async throws {
        var options = TestRedis.Options()
        options.lines = ["key-load-delay 1000", "loading-process-events-interval-bytes 1024"]
        let redis = try await TestRedis.start(options)
        try await redis.cli("EVAL", "for i = 1, 1500 do redis.call('SET', 'k' .. i, i) end", "0")
        try await redis.cli("SAVE")
        redis.kill()
        async let started: Void = redis.restart()
        try await Fixture.run(redis, isAwaited: false) { fixture in
            var problems: Set<String> = []
            try await eventually("it is loaded", within: .seconds(10)) {
                if let problem = fixture.client.status.problem { problems.insert(problem.message) }
                return fixture.client.status.isUsable
            }
            #expect(problems.contains("Redis is loading its data."))
            #expect(try await fixture.send("DBSIZE").int == 1500)
        }
        try await started
    }

    @Test("the status says since when, and once")
    func statusSince() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            let up = fixture.client.status.since
            redis.kill()
            try await eventually("the loss is known") { !fixture.client.status.isUsable }
            let down = fixture.client.status.since
            #expect(down > up)
            try await eventually("it is tried again") {
                fixture.client.status.problem?.message == "Redis cannot be reached."
            }
            #expect(fixture.client.status.since == down)
        }
    }
}
