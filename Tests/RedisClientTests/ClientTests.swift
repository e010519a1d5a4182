import NIOCore
import NIOPosix
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("Commands over one connection per event loop")
struct ClientTests {
    @Test("replies belong to their commands, thousands in flight on each loop")
    func pipelining() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            let futures = (0..<4000).map { number in
                fixture.client.send(RedisCommand("ECHO", "\(number)"), on: fixture.loops[number % 2])
            }
            for (number, future) in futures.enumerated() {
                let text = try await result(future).text
                #expect(text == "\(number)")
            }
        }
    }

    @Test("what one loop sends is done in that order, and in few packets")
    func order() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, loops: 1) { fixture in
            let before = try await processedReads(redis)
            let client = fixture.client
            let loop = fixture.loops[0]
            let all = loop.flatSubmit {
                EventLoopFuture.whenAllSucceed(
                    (0..<1000).map { client.send(RedisCommand("RPUSH", "list", "\($0)"), on: loop) },
                    on: loop
                )
            }
            #expect(try await all.get().last?.int == 1000)
            let list = try await fixture.send("LRANGE", "list", "0", "-1")
            #expect(list.elements?.compactMap(\.int) == (0..<1000).map { Int64($0) })
            // 1000 commands of 37 bytes and more: one read of Redis takes 16 KiB. The pings of another connection are few.
            #expect(try await processedReads(redis) - before < 100)
        }
    }

    private func processedReads(_ redis: TestRedis) async throws -> Int {
        let info = try await redis.cli("INFO", "stats")
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("total_reads_processed:") }
        return try #require(line.flatMap { Int($0.split(separator: ":")[1]) })
    }

    @Test("values are binary, and what is stored comes back")
    func binary() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, loops: 1) { fixture in
            let bytes = (0...255).map { UInt8($0) } + Array("\r\n$1\r\n".utf8)
            let set: [RedisArgument] = ["SET", RedisArgument(bytes), RedisArgument(bytes)]
            #expect(try await fixture.client.send(RedisCommand(words: set)) == .status("OK"))
            let get = RedisCommand(words: ["GET", RedisArgument(bytes)])
            #expect(try await fixture.client.send(get).bytes == bytes)
            #expect(try await fixture.send("GET", "nothing") == .null)
            let large = [UInt8](repeating: 7, count: 3_000_000)
            _ = try await fixture.client.send(RedisCommand(words: ["SET", "large", RedisArgument(large)]))
            #expect(try await fixture.send("GET", "large").bytes == large)
        }
    }

    @Test("an error reply fails its own command; the connection goes on")
    func errorReply() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, loops: 1) { fixture in
            _ = try await fixture.send("SET", "text", "a")
            let error = await failure { try await fixture.send("LPUSH", "text", "a") }
            #expect(error?.code == .server)
            #expect(error?.cause.reply?.code == "WRONGTYPE")
            #expect(try await fixture.send("GET", "text").text == "a")
            #expect(!fixture.heard[0].events.contains(.unconfirmed))
        }
    }

    @Test("a script is loaded where the server does not know it, also after SCRIPT FLUSH, and runs once")
    func scripts() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, loops: 1) { fixture in
            let script = RedisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
            for expected in [3, 6] {
                #expect(try await fixture.evaluate(script, keys: ["count"], arguments: ["3"]).int == Int64(expected))
            }
            #expect(try await redis.cli("SCRIPT", "EXISTS", script.sha1) == "1")
            try await redis.cli("SCRIPT", "FLUSH")
            #expect(try await fixture.evaluate(script, keys: ["count"], arguments: [RedisArgument(Int64(4))]).int == 10)
            #expect(try await redis.cli("GET", "count") == "10")
        }
    }

    @Test("a script that only reads is refused a write, and a script's fault is an error reply")
    func scriptErrors() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, loops: 1) { fixture in
            let writing = RedisScript("return redis.call('SET', KEYS[1], 'a')", readOnly: true)
            let reading = RedisScript("return redis.call('GET', KEYS[1])", readOnly: true)
            let refused = await failure {
                try await fixture.evaluate(writing, keys: ["a"])
            }
            #expect(refused?.code == .server)
            let read = try await fixture.evaluate(reading, keys: ["a"])
            #expect(read == .null)
            let broken = RedisScript("return nothing.at.all")
            let fault = await failure { try await fixture.evaluate(broken) }
            #expect(fault?.code == .server)
        }
    }

    @Test("more commands than may wait fail at once, the others are answered")
    func inFlight() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, loops: 1, configuration: { $0.commandsInFlight = 10 }) { fixture in
            let client = fixture.client
            let loop = fixture.loops[0]
            let futures = try await loop.submit {
                (0..<15).map { _ in client.send(RedisCommand("PING"), on: loop) }
            }.get()
            for future in futures.prefix(10) { #expect(try await result(future) == .status("PONG")) }
            for future in futures.suffix(5) {
                let error = await failure { try await result(future) }
                #expect(error?.code == .disconnected && error?.message == "Too many commands wait for Redis.")
            }
            #expect(try await fixture.send("PING") == .status("PONG"))
        }
    }

    @Test("a loop of another group is served too, and answered on itself")
    func foreignLoop() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            let other = MultiThreadedEventLoopGroup.singleton.next()
            let future = fixture.client.send(RedisCommand("PING"), on: other)
            #expect(future.eventLoop === other)
            let reply = try await result(future)
            #expect(reply == .status("PONG"))
        }
    }

    @Test("a channel's messages arrive, also after the connection was lost, and as they are")
    func publishSubscribe() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            let messages = Mutex<[[UInt8]]>([])
            fixture.client.subscribe("gh:news") { message in messages.withLock { $0.append(message) } }
            let published = RedisCommand(words: ["PUBLISH", "gh:news", RedisArgument([0, 13, 10, 255])])
            try await eventually("the channel has a subscriber") { try await fixture.client.send(published).int == 1 }
            try await eventually("the message arrives") { messages.withLock { $0 } == [[0, 13, 10, 255]] }
            try await redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
            try await eventually("the channel has a subscriber again") {
                try await fixture.client.send(RedisCommand("PUBLISH", "gh:news", "back")).int == 1
            }
            try await eventually("its message arrives") { messages.withLock { $0.last } == Array("back".utf8) }
        }
    }

    @Test("a channel that is added while the connection is being made is subscribed as well")
    func subscribeAtAnyMoment() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis) { fixture in
            try await redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
            for number in 0..<100 {
                fixture.client.subscribe("gh:\(number)") { _ in }
                try await Task.sleep(for: .milliseconds(1))
            }
            try await fixture.untilConfirmed()
            for number in 0..<100 {
                try await eventually("channel \(number) has a subscriber") {
                    try await fixture.client.send(RedisCommand("PUBLISH", "gh:\(number)", "")).int == 1
                }
            }
        }
    }

    @Test("a Unix socket is as good as TCP")
    func unixSocket() async throws {
        let redis = try await TestRedis.start()
        let configuration = RedisConfiguration(topology: .single(.unixSocket(path: redis.socketPath)))
        try await Fixture.run(configuration, isAwaited: true) { fixture in
            let reply = try await fixture.send("PING")
            #expect(reply == .status("PONG"))
        }
    }

    @Test("the configured database is the one that is used")
    func database() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, configuration: { $0.database = 3 }) { fixture in
            _ = try await fixture.send("SET", "here", "1")
            #expect(try await redis.cli("-n", "3", "EXISTS", "here") == "1")
        }
    }

    @Test("shutting down fails what waits and what comes")
    func shutdown() async throws {
        let redis = try await TestRedis.start()
        try await Fixture.run(redis, loops: 1) { fixture in
            redis.suspend()
            let waiting = fixture.client.send(RedisCommand("PING"), on: fixture.loops[0])
            await fixture.client.shutdown()
            redis.resume()
            let first = await failure { try await result(waiting) }
            let second = await failure { try await fixture.send("PING") }
            #expect(first?.code == .disconnected && second?.code == .disconnected)
            let status = await fixture.client.waitUntilUsable(within: .milliseconds(1))
            #expect(status.problem?.message == "The connections to Redis are shut down.")
            #expect(!fixture.client.status.isUsable)
            try await eventually("the connections are gone") {
                try await redis.cli("CLIENT", "LIST").split(separator: "\n").count == 1
            }
        }
    }
}
