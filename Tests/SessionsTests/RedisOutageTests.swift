import GatehouseCore
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@testable import Sessions

@Suite("Sessions while Redis is away, and the traps of its tracking")
struct RedisOutageTests {
    @Test("Redis killed: what is at hand decides for thirty seconds and no longer, on any loop; nothing else does")
    func killed() async throws {
        try await SharedStore.with(loops: 2) { shared in
            let loops = Array(shared.group.makeIterator())
            let (_, token) = try await shared.begin()
            let unseen = try await shared.begin("bob").token
            #expect(try await shared.isLive(token, on: loops[0]))
            shared.redis.kill()
            try await eventually { !shared.client.status.isUsable }
            #expect(try await shared.isLive(token, on: loops[0]))
            // Another loop has it at hand, this one not.
            #expect(try await shared.isLive(token, on: loops[1]))
            await #expect(throws: (any Error).self) { _ = try await shared.look(unseen) }
            shared.clock.move(by: .seconds(29))
            #expect(try await shared.isLive(token, on: loops[0]))
            shared.clock.move(by: .seconds(2))
            for loop in loops { await #expect(throws: (any Error).self) { _ = try await shared.look(token, on: loop) } }
            await #expect(throws: (any Error).self) { _ = try await shared.begin() }
        }
    }

    @Test("Redis killed and back within a moment: sessions work again, and what was ended stays ended")
    func back() async throws {
        var options = TestRedis.Options()
        options.isPersistent = true
        try await SharedStore.with(options: options) { shared in
            let (_, token) = try await shared.begin()
            let (ended, endedToken) = try await shared.begin()
            #expect(try await shared.isLive(endedToken))
            #expect(try await shared.store.end(ended.id, of: ended.subject.id, cause: .signedOut, near: shared.loop))
            shared.redis.kill()
            try await eventually { !shared.client.status.isUsable }
            if case .live? = try? await shared.look(endedToken) { Issue.record("an ended session lives in an outage") }
            try await shared.redis.restart()
            try await eventually(within: .seconds(2)) { (try? await shared.isLive(token)) == true }
            #expect(try await !shared.isLive(endedToken))
            try await shared.waitUntilCached()
            #expect(try await shared.isLive(token))
            #expect(try await shared.isAtHand(token))
        }
    }

    @Test("Redis hangs: what is at hand decides, the rest fails within its deadline")
    func hangs() async throws {
        try await SharedStore.with { shared in
            let (_, token) = try await shared.begin()
            let unseen = try await shared.begin("bob").token
            #expect(try await shared.isLive(token))
            shared.redis.suspend()
            let start = ContinuousClock.now
            #expect(try await shared.isLive(token))
            await #expect(throws: (any Error).self) { _ = try await shared.look(unseen) }
            #expect(ContinuousClock.now - start < .seconds(4))
            shared.redis.resume()
            try await eventually { (try? await shared.isLive(unseen)) == true }
        }
    }

    @Test("Redis is full: sessions are found, and nobody new signs in")
    func full() async throws {
        try await SharedStore.with { shared in
            let (_, token) = try await shared.begin()
            try await shared.redis.cli("CONFIG", "SET", "maxmemory", "1")
            #expect(try await shared.isLive(token))
            guard case .live = try await shared.look(token, touching: true) else {
                Issue.record("a touch that cannot be written ended the session")
                return
            }
            await #expect(throws: RedisError.self) { _ = try await shared.begin("bob") }
            try await shared.redis.cli("CONFIG", "SET", "maxmemory", "0")
            _ = try await shared.begin("bob")
        }
    }

    @Test("A data connection that dies loses its tracking in silence: its sessions are read again before they count")
    func deadDataConnection() async throws {
        try await SharedStore.with { shared in
            let (_, token) = try await shared.begin()
            #expect(try await shared.isLive(token))
            try await shared.redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            let key = try await shared.redis.cli("KEYS", "gh:{*}:s:*")
            try await shared.redis.cli("DEL", key)
            try await shared.waitUntilCached()
            #expect(try await !shared.isLive(token))
        }
    }

    @Test("A dead target of the invalidations is silent: sessions are read again before they count")
    func deadTarget() async throws {
        try await SharedStore.with { shared in
            let (_, token) = try await shared.begin()
            #expect(try await shared.isLive(token))
            try await shared.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
            let key = try await shared.redis.cli("KEYS", "gh:{*}:s:*")
            try await shared.redis.cli("DEL", key)
            try await eventually(within: .seconds(1)) { try await !shared.isLive(token) }
            try await shared.waitUntilCached()
            let (session, fresh) = try await shared.begin()
            #expect(try await shared.isLive(fresh))
            #expect(try await shared.isAtHand(fresh))
            try await shared.redis.cli("DEL", try await shared.redis.cli("KEYS", "gh:{*}:s:\(session.id)"))
            try await eventually(within: .seconds(1)) { try await !shared.isLive(fresh) }
        }
    }

    @Test("FLUSHALL empties what is at hand")
    func flushed() async throws {
        try await SharedStore.with { shared in
            let (_, token) = try await shared.begin()
            #expect(try await shared.isLive(token))
            try await shared.redis.cli("FLUSHALL")
            try await eventually(within: .seconds(1)) { try await !shared.isLive(token) }
        }
    }
}

@Suite("What ended stays ended")
struct RecentEndTests {
    @Test("A Redis that comes back from an older snapshot revives nobody")
    func olderSnapshot() async throws {
        try await SharedStore.with { shared in
            let (session, token) = try await shared.begin()
            let bob = try await shared.begin("bob")
            let (_, kept) = try await shared.begin("carol")
            try await shared.redis.cli("SAVE")
            let alice = session.subject.id
            #expect(try await shared.store.end(session.id, of: alice, cause: .signedOut, near: shared.loop))
            #expect(
                try await shared.store.endAll(of: bob.session.subject.id, cause: .revoked, near: shared.loop) == 1
            )
            shared.redis.kill()
            try await eventually { !shared.client.status.isUsable }
            try await shared.redis.restart()
            try await eventually { (try? await shared.isLive(kept)) == true }
            try await shared.waitUntilCached()
            #expect(try await shared.redis.cli("KEYS", "gh:{*}:s:*").split(whereSeparator: \.isNewline).count >= 1)
            #expect(try await !shared.isLive(token))
            #expect(try await !shared.isLive(bob.token))
            #expect(try await shared.isLive(kept))
        }
    }

    @Test("A Redis that comes back and cannot be written to is read from, and revives nobody")
    func readOnly() async throws {
        try await SharedStore.with { shared in
            let (session, token) = try await shared.begin()
            let bob = try await shared.begin("bob")
            let (_, kept) = try await shared.begin("carol")
            try await shared.redis.cli("SAVE")
            let alice = session.subject.id
            #expect(try await shared.store.end(session.id, of: alice, cause: .signedOut, near: shared.loop))
            let ended = try await shared.store.endAll(
                of: bob.session.subject.id,
                cause: .revoked,
                near: shared.loop
            )
            #expect(ended == 1)
            try await shared.redis.cli("CONFIG", "SET", "min-replicas-to-write", "1")
            try await shared.redis.cli("CONFIG", "REWRITE")
            shared.redis.kill()
            try await eventually { !shared.client.status.isUsable }
            try await shared.redis.restart()
            #expect(try await shared.redis.cli("CONFIG", "GET", "min-replicas-to-write").hasSuffix("1"))
            try await shared.waitUntilCached()
            #expect(try await shared.isLive(kept))
            #expect(try await !shared.isLive(token))
            #expect(try await !shared.isLive(bob.token))
            await #expect(throws: (any Error).self) { _ = try await shared.begin("dora") }
        }
    }

    @Test("Look-ups of sessions that are gone leave nothing behind")
    func noSlots() async throws {
        try await SharedStore.with { shared in
            let (session, token) = try await shared.begin()
            #expect(try await shared.store.end(session.id, of: session.subject.id, cause: .revoked, near: shared.loop))
            for _ in 0..<50 { #expect(try await !shared.isLive(token)) }
            let (store, loop) = (shared.store, shared.loop)
            #expect(try await loop.submit { store.cache(on: loop)?.isEmpty ?? false }.get())
        }
    }

    @Test(
        "Numbers that no gateway writes are no session, and end no process",
        arguments: ["idle", "idle_end", "created", "checked"]
    )
    func hostileNumbers(field: String) async throws {
        try await SharedStore.with { shared in
            for value in ["9223372036854775807", "-1", "99999999999999999999", ""] {
                let (session, token) = try await shared.begin()
                let key = try await shared.redis.cli("KEYS", "gh:{*}:s:\(session.id)")
                #expect(try await shared.isLive(token))
                try await shared.redis.cli("HSET", key, field, value)
                try await eventually {
                    if case .live? = try? await shared.look(token, touching: true) { return false }
                    return true
                }
            }
            #expect(try await shared.isLive(try await shared.begin().token))
        }
    }
}
