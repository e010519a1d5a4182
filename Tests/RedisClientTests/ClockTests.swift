import RedisClient
import TestSupport
import Testing

@Suite("A Redis whose clock a test moves")
struct ClockTests {
    @Test("TIME and expiry follow the clock, whether a key is asked for or not; a clock put back revives nothing")
    func movableClock() async throws {
        var options = TestRedis.Options()
        options.hasMovableClock = true
        let redis = try await TestRedis.start(options)
        try await Fixture.run(redis) { fixture in
            func now() async throws -> Int64 {
                try #require(try await fixture.send("TIME").elements?.first?.int)
            }
            let start = try await now()
            _ = try await fixture.send("SET", "asked", "1", "PXAT", "\((start + 3600) * 1000)")
            _ = try await fixture.send("SET", "unasked", "1", "PX", "3600000")
            _ = try await fixture.send("SET", "later", "1", "PX", "7200000")
            redis.moveClock(by: .seconds(3000) + .milliseconds(500))
            #expect(try await fixture.send("EXISTS", "asked", "unasked", "later").int == 3)
            redis.moveClock(by: .seconds(700))
            #expect((3700...3760).contains(try await now() - start))
            #expect(try await fixture.send("GET", "asked") == .null)
            try await eventually("what nobody asks for is gone too") { try await fixture.send("DBSIZE").int == 1 }
            redis.moveClock(by: .seconds(-3700) - .milliseconds(500))
            #expect(try await fixture.send("GET", "asked") == .null)
            #expect(try await fixture.send("PTTL", "later").int ?? 0 > 7_100_000)
            let script = RedisScript("return redis.call('TIME')[1]")
            #expect(abs((try await fixture.evaluate(script).int ?? 0) - start) < 60)
            // Connections do not mind.
            redis.moveClock(by: .seconds(86_400))
            #expect(try await fixture.send("PING") == .status("PONG"))
            #expect(fixture.client.status.isUsable && !fixture.heard[0].events.contains(.unconfirmed))
        }
    }

    @Test("what a persistent server was told survives its being killed")
    func persistence() async throws {
        var options = TestRedis.Options()
        options.isPersistent = true
        let redis = try await TestRedis.start(options)
        try await redis.cli("SET", "a", "1")
        redis.kill()
        try await redis.restart()
        #expect(try await redis.cli("GET", "a") == "1")
    }
}
