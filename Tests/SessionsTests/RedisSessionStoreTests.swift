import GatehouseCore
import NIOCore
import NIOPosix
import Sessions
import TestSupport
import Testing

@Suite("Sessions in Redis")
struct RedisSessionStoreTests {
    @Test(
        "the store in Redis keeps every promise of a session store",
        arguments: SessionStoreConformance.Behaviour.allCases
    )
    func conforms(behaviour: SessionStoreConformance.Behaviour) async throws {
        var options = TestRedis.Options()
        options.hasMovableClock = true
        try await SharedStore.with(options: options) { shared in
            let time = SessionStoreConformance.Time(
                pass: { duration in
                    shared.redis.moveClock(by: duration)
                    shared.clock.move(by: duration)
                },
                // No clock of the gateway's that an administrator sets is asked for anything.
                step: { _ in },
                tolerance: .seconds(5)
            )
            try await SessionStoreConformance(store: shared.store, time: time, eventLoop: shared.loop).check(behaviour)
        }
    }

    @Test("a session that one node made is found by another, and ended by one it is dead on both")
    func twoNodes() async throws {
        try await SharedStore.with { one in
            try await SharedStore.with(one.redis) { two in
                let (session, token) = try await one.begin()
                #expect(try await one.isLive(token))
                #expect(try await two.isLive(token))
                #expect(try await two.isAtHand(token))
                #expect(try await one.store.end(session.id, of: session.subject.id, cause: .revoked, near: one.loop))
                #expect(try await !one.isLive(token))
                try await eventually { try await !two.isLive(token) }
            }
        }
    }

    @Test("a session at hand costs no question to Redis, and its activity is written down once a minute")
    func atHand() async throws {
        try await SharedStore.with { shared in
            let (_, token) = try await shared.begin()
            #expect(try await shared.isLive(token))
            let before = try await shared.calls("evalsha_ro")
            for _ in 0..<1000 {
                guard case .live = try await shared.look(token, touching: true) else {
                    Issue.record("the session is gone")
                    return
                }
            }
            #expect(try await shared.calls("evalsha_ro") == before)
            let touches = try await shared.calls("hmget")
            shared.clock.move(by: .seconds(61))
            for _ in 0..<1000 { _ = try await shared.look(token, touching: true) }
            try await eventually { try await shared.calls("hmget") > touches }
            #expect(try await shared.calls("hmget") <= touches + 2)
        }
    }

    @Test("a session that redis-cli deletes is gone at the next look")
    func deletedByHand() async throws {
        try await SharedStore.with(loops: 2) { shared in
            let (_, token) = try await shared.begin()
            let loops = Array(shared.group.makeIterator())
            for loop in loops { #expect(try await shared.isLive(token, on: loop)) }
            let keys = try await shared.redis.cli("KEYS", "gh:{*}:s:*").split(whereSeparator: \.isNewline)
            #expect(keys.count == 1)
            try await shared.redis.cli("DEL", String(keys[0]))
            for loop in loops {
                try await eventually(within: .seconds(1)) { try await !shared.isLive(token, on: loop) }
            }
        }
    }

    @Test("what another version or a stranger wrote under a session's key is no session")
    func strangeValues() async throws {
        try await SharedStore.with { shared in
            let (_, token) = try await shared.begin()
            let key = try await shared.redis.cli("KEYS", "gh:{*}:s:*")
            for (field, value) in [("v", "2"), ("person", "9999999999:x,"), ("absolute", "soon"), ("amr", "1:-1,")] {
                let before = try await shared.redis.cli("HGET", key, field)
                try await shared.redis.cli("HSET", key, field, value)
                try await eventually { try await !shared.isLive(token) }
                try await shared.redis.cli("HSET", key, field, before)
                try await eventually { try await shared.isLive(token) }
            }
            try await shared.redis.cli("DEL", key)
            try await shared.redis.cli("SET", key, "text")
            await #expect(throws: (any Error).self) { _ = try await shared.isLive(token) }
        }
    }

    @Test("every key of ours ends by itself, and none holds a token")
    func keysEnd() async throws {
        try await SharedStore.with { shared in
            let (session, token) = try await shared.begin()
            let other = try await shared.begin("bob")
            _ = try await shared.store.endAll(of: other.session.subject.id, cause: .revoked, near: shared.loop)
            let secret = SessionToken.random()
            let ticket = Ticket(
                digest: secret.digest,
                session: session.id,
                subject: session.subject.id,
                host: "crm.test",
                state: "s",
                destination: "https://crm.test/"
            )
            #expect(try await shared.store.keep(ticket, near: shared.loop))
            let keys = try await shared.redis.cli("KEYS", "*").split(whereSeparator: \.isNewline).map(String.init)
            #expect(keys.count >= 6)
            for key in keys {
                #expect(Int(try await shared.redis.cli("PTTL", key)) ?? -1 > 0, "\(key)")
                for text in [token.text, other.token.text, secret.text] { #expect(!key.contains(text)) }
            }
            let record = try await shared.redis.cli("HGETALL", keys.first { $0.contains(":s:") } ?? "")
            #expect(!record.contains(token.text))
        }
    }

    @Test("sixty-four sessions of a person live; the oldest ends for the next")
    func sessionsPerPerson() async throws {
        try await SharedStore.with { shared in
            let first = try await shared.begin().token
            for _ in 0..<64 { _ = try await shared.begin() }
            try await eventually { try await !shared.isLive(first) }
            let listed = try await shared.store.sessions(of: nil, near: shared.loop)
            #expect(listed.count == 64)
        }
    }
}
