import GatehouseCore
import NIOCore
import NIOPosix
import Sessions
import TestSupport
import Testing

@Suite("Failed sign-ins, counted in memory")
struct MemorySignInLimiterTests {
    private static let loop = MultiThreadedEventLoopGroup.singleton.any()

    @Test(
        "the limiter in memory keeps every promise of a limiter",
        arguments: SignInLimiterConformance.Behaviour.allCases
    )
    func conforms(behaviour: SignInLimiterConformance.Behaviour) async throws {
        let clock = ManualClock()
        let limiter = MemorySignInLimiter(
            limits: SignInLimiterConformance.limits(for: behaviour),
            clock: clock.wallClock
        )
        try await SignInLimiterConformance(
            limiter: limiter,
            pass: { clock.move(by: $0) },
            eventLoop: Self.loop
        ).check(behaviour)
    }

    @Test("tens of thousands of names and networks keep nobody else out, and make no attempt slower")
    func flood() async throws {
        let clock = ManualClock()
        let limiter = MemorySignInLimiter(limits: SignInLimits(), clock: clock.wallClock)
        for index in 0..<40_000 {
            let name = index % 10 == 0 ? FoldedName("made-up-\(index)") : nil
            let address = SourceAddress(ipv4: 0x0A00_0000 + UInt32(index))
            _ = try await limiter.reserve(name: name, address: address, on: Self.loop).get()
        }
        let name = try #require(FoldedName("alice"))
        let address = try #require(SourceAddress("192.0.2.7"))
        let person = SubjectID(realm: "staff", immutableID: "1")
        let start = ContinuousClock.now
        for _ in 0..<200 {
            guard
                case .admitted(var place) = try await limiter.reserve(name: name, address: address, on: Self.loop).get()
            else {
                Issue.record("kept out")
                return
            }
            #expect(try await limiter.admit(person, place, on: Self.loop).get())
            place.person = person
            #expect(try await limiter.settle(place, .succeeded, on: Self.loop).get() == nil)
        }
        // 200 looks through 44,000 entries would be many seconds.
        #expect(ContinuousClock.now - start < .seconds(2))
    }
}
