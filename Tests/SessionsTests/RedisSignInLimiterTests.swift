import Cryptography
import GatehouseCore
import NIOCore
import Sessions
import TestSupport
import Testing

@Suite("Failed sign-ins, counted in Redis")
struct RedisSignInLimiterTests {
    private static let key = GatewayKey(bytes: (0..<32).map { UInt8($0) })

    @Test(
        "the limiter in Redis keeps every promise of a limiter",
        arguments: SignInLimiterConformance.Behaviour.allCases
    )
    func conforms(behaviour: SignInLimiterConformance.Behaviour) async throws {
        var options = TestRedis.Options()
        options.hasMovableClock = true
        try await SharedStore.with(options: options) { shared in
            let limiter = try Self.limiter(shared, SignInLimiterConformance.limits(for: behaviour))
            try await SignInLimiterConformance(
                limiter: limiter,
                pass: { shared.redis.moveClock(by: $0) },
                eventLoop: shared.loop
            ).check(behaviour)
        }
    }

    @Test("two nodes share one count, and a key says nothing of whose failures it holds")
    func shared() async throws {
        try await SharedStore.with { one in
            try await SharedStore.with(one.redis) { two in
                let nodes = [(try Self.limiter(one), one.loop), (try Self.limiter(two), two.loop)]
                for count in 0..<5 {
                    let (limiter, loop) = nodes[count % 2]
                    let refusal = try await Self.fail(limiter, "alice", on: loop)
                    #expect((refusal != nil) == (count == 4))
                }
                for (limiter, loop) in nodes {
                    let name = try #require(FoldedName("alice"))
                    let address = SourceAddress(ipv4: 0xC000_0207)
                    let answer = try await limiter.reserve(name: name, address: address, on: loop).get()
                    guard case .refused(let refusal) = answer else {
                        Issue.record("a locked name was admitted")
                        return
                    }
                    #expect(refusal.reason == .accountLocked)
                    let other = try #require(FoldedName("alice@example.com"))
                    guard
                        case .admitted(let place) = try await limiter.reserve(name: other, address: address, on: loop)
                            .get()
                    else {
                        Issue.record("another name was told of the person")
                        return
                    }
                    #expect(try await !limiter.admit(Self.alice, place, on: loop).get())
                    _ = try await limiter.settle(place, .unanswered, on: loop).get()
                }
                let keys = try await one.redis.cli("KEYS", "*").split(whereSeparator: \.isNewline).map(String.init)
                #expect(keys.count == 4)
                for key in keys {
                    #expect(!key.contains("alice") && !key.contains("192.0.2"))
                    #expect(Int(try await one.redis.cli("PTTL", key)) ?? -1 > 0)
                    #expect(!(try await one.redis.cli("GET", key)).contains("alice"))
                }
            }
        }
    }

    @Test("nobody is admitted while Redis is away")
    func away() async throws {
        try await SharedStore.with { shared in
            let limiter = try Self.limiter(shared)
            let name = try #require(FoldedName("alice"))
            let address = SourceAddress(ipv4: 0xC000_0201)
            let early = try await limiter.reserve(name: name, address: address, on: shared.loop).get()
            guard case .admitted(let place) = early else {
                Issue.record("not admitted while Redis was there")
                return
            }
            shared.redis.kill()
            await #expect(throws: (any Error).self) { _ = try await Self.fail(limiter, "alice", on: shared.loop) }
            await #expect(throws: (any Error).self) {
                _ = try await limiter.admit(Self.alice, place, on: shared.loop).get()
            }
            await #expect(throws: (any Error).self) {
                _ = try await limiter.settle(place, .succeeded, on: shared.loop).get()
            }
        }
    }

    private static let alice = SubjectID(realm: "staff", immutableID: "1")

    private static func limiter(
        _ shared: SharedStore,
        _ limits: SignInLimits = SignInLimiterConformance.limits
    ) throws -> RedisSignInLimiter {
        RedisSignInLimiter(redis: shared.client, key: try #require(key), limits: { limits })
    }

    private static func fail(
        _ limiter: RedisSignInLimiter,
        _ name: String,
        on loop: any EventLoop
    ) async throws -> SignInRefusal? {
        let name = try #require(FoldedName(name))
        let address = SourceAddress(ipv4: 0xC000_0201)
        switch try await limiter.reserve(name: name, address: address, on: loop).get() {
        case .refused(let refusal): return refusal
        case .admitted(var place):
            #expect(try await limiter.admit(alice, place, on: loop).get())
            place.person = alice
            return try await limiter.settle(place, .failed, on: loop).get()
        }
    }
}
