import Cryptography
import GatehouseCore
import Identity
import TestSupport
import Testing

@Suite("The ring of signing keys")
struct SigningKeyRingTests {
    private static let start = Timestamp(milliseconds: 1_795_338_904_120)
    private static let day: Duration = .seconds(86_400)
    private let clock = ManualClock(start: start)

    private func first() throws -> SigningKeyRing {
        try #require(SigningKeyRing().rotated(at: clock.now))
    }

    private func rotated(_ ring: SigningKeyRing) throws -> SigningKeyRing {
        try #require(ring.rotated(at: clock.now))
    }

    private func ids(_ keys: [SigningKey]) -> [String] { keys.map(\.id) }

    @Test("an empty ring has no key, and its first one signs at once")
    func beginning() throws {
        #expect(SigningKeyRing().current(at: clock.now) == nil)
        #expect(SigningKeyRing().published(at: clock.now).isEmpty)
        let ring = try first()
        let key = try #require(ring.current(at: clock.now))
        #expect(ring.keys.count == 1)
        #expect(key.publishedAt == clock.now && key.activeFrom == clock.now)
        #expect(key.id == key.publicKey.thumbprint)
        #expect(ids(ring.published(at: clock.now)) == [key.id])
    }

    @Test("nothing is due until an hour before the thirtieth day, and no key is made")
    func nothingDue() throws {
        let ring = try first()
        for offset: Duration in [.zero, .seconds(1), Self.day, SigningKeyRing.period - .seconds(3601)] {
            let next = ring.rotated(at: Self.start + offset) {
                Issue.record("a key was made")
                return .generate()
            }
            #expect(next == nil)
        }
    }

    @Test("a successor is published an hour before it signs, and the old key a day longer than it signs")
    func life() throws {
        var ring = try first()
        let first = try #require(ring.keys.first).id
        clock.move(by: SigningKeyRing.period - SigningKeyRing.lead)
        ring = try rotated(ring)
        let second = try #require(ring.keys.last)
        #expect(ring.keys.count == 2)
        #expect(second.publishedAt == clock.now)
        #expect(second.activeFrom == Self.start + SigningKeyRing.period)
        #expect(ids(ring.published(at: clock.now)) == [first, second.id])
        #expect(ring.current(at: clock.now)?.id == first)
        #expect(ring.rotated(at: clock.now) == nil)

        clock.move(by: SigningKeyRing.lead - .milliseconds(1))
        #expect(ring.current(at: clock.now)?.id == first)
        clock.move(by: .milliseconds(1))
        #expect(ring.current(at: clock.now)?.id == second.id)
        #expect(ids(ring.published(at: clock.now)) == [first, second.id])
        #expect(ring.rotated(at: clock.now) == nil)

        clock.move(by: Self.day - .milliseconds(1))
        #expect(ids(ring.published(at: clock.now)) == [first, second.id])
        clock.move(by: .milliseconds(1))
        #expect(ids(ring.published(at: clock.now)) == [second.id])
        ring = try rotated(ring)
        #expect(ids(ring.keys) == [second.id])
        #expect(ring.rotated(at: clock.now) == nil)
    }

    @Test("after a long standstill the old key signs on for the hour in which its successor is published")
    func standstill() throws {
        var ring = try first()
        let old = try #require(ring.keys.first).id
        clock.move(by: .seconds(400 * 86_400))
        #expect(ring.current(at: clock.now)?.id == old)
        ring = try rotated(ring)
        let young = try #require(ring.keys.last)
        #expect(young.activeFrom == clock.now + SigningKeyRing.lead)
        #expect(ring.current(at: clock.now)?.id == old)
        clock.move(by: SigningKeyRing.lead)
        #expect(ring.current(at: clock.now)?.id == young.id)
    }

    @Test("over two years of minutes, every key that ever signs was published an hour before, and for a day after")
    func years() throws {
        var ring = try first()
        var publishedSince: [String: Timestamp] = [:]
        var signedLast: [String: Timestamp] = [:]
        let firstID = try #require(ring.keys.first).id
        for _ in 0..<(730 * 24 * 2) {
            ring = ring.rotated(at: clock.now) ?? ring
            let published = ids(ring.published(at: clock.now))
            for id in published where publishedSince[id] == nil { publishedSince[id] = clock.now }
            let current = try #require(ring.current(at: clock.now)).id
            #expect(published.contains(current))
            let since = try #require(publishedSince[current])
            #expect(current == firstID || clock.now - since >= SigningKeyRing.lead)
            signedLast[current] = clock.now
            for (id, last) in signedLast where clock.now - last < Self.day { #expect(published.contains(id)) }
            #expect(ring.keys.count <= 2)
            clock.move(by: .seconds(1800))
        }
        #expect(signedLast.count == 25)
    }

    @Test(
        "a clock that is put back leaves a key that signs and is published, and never takes it away",
        arguments: [1, 3600, 86_400, 365 * 86_400, 50 * 365 * 86_400]
    )
    func clockBack(seconds: Int) throws {
        var ring = try first()
        let known = try #require(ring.keys.first).id
        clock.move(by: .seconds(-seconds))
        let current = try #require(ring.current(at: clock.now))
        #expect(current.id == known)
        #expect(ids(ring.published(at: clock.now)) == [known])
        ring = ring.rotated(at: clock.now) ?? ring
        #expect(ids(ring.keys) == [known])
        #expect(ring.rotated(at: clock.now) == nil)
        #expect(ring.current(at: clock.now)?.id == known)
    }

    @Test("a day forth and back makes nothing sign early and nothing vanish")
    func dayForthAndBack() throws {
        var ring = try first()
        let first = try #require(ring.keys.first).id
        clock.move(by: SigningKeyRing.period - .seconds(7200))
        clock.move(by: Self.day)
        ring = try rotated(ring)
        #expect(ring.keys.count == 2)
        #expect(ring.current(at: clock.now)?.id == first)
        clock.move(by: .zero - Self.day)
        #expect(ring.rotated(at: clock.now) == nil)
        #expect(ring.current(at: clock.now)?.id == first)
        #expect(ring.published(at: clock.now).count == 2)
    }

    @Test("a key that a clock left in the far future is brought near, so that the old one does not sign until then")
    func farFuture() throws {
        var ring = try first()
        let first = try #require(ring.keys.first).id
        let year: Duration = .seconds(365 * 86_400)
        clock.move(by: year)
        ring = try rotated(ring)
        let second = try #require(ring.keys.last).id
        clock.move(by: .zero - year)
        #expect(ring.current(at: clock.now)?.id == first)
        ring = try rotated(ring)
        #expect(ids(ring.keys) == [first, second])
        #expect(ring.keys.last?.activeFrom == clock.now + SigningKeyRing.lead)
        #expect(ring.current(at: clock.now)?.id == first)
        #expect(ring.rotated(at: clock.now) == nil)
        clock.move(by: SigningKeyRing.lead)
        #expect(ring.current(at: clock.now)?.id == second)
    }

    @Test("a clock that jumps to and fro never leaves a ring without a key, out of order or without bounds")
    func jumpingClock() throws {
        var generator = SeededJumps(state: 42)
        var ring = try first()
        for _ in 0..<2000 {
            clock.move(by: .seconds(generator.next()))
            ring = ring.rotated(at: clock.now) ?? ring
            let current = try #require(ring.current(at: clock.now))
            #expect(ids(ring.published(at: clock.now)).contains(current.id))
            #expect((1...2).contains(ring.keys.count))
            #expect(zip(ring.keys, ring.keys.dropFirst()).allSatisfy { $0.activeFrom <= $1.activeFrom })
        }
    }

    private struct SeededJumps {
        var state: UInt64

        /// Between 40 days back and 40 days forth, seldom a year; never before 2020.
        mutating func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Int(state >> 33)
            let days = value % 50 == 0 ? 365 : value % 41
            return (value / 64 % 2 == 0 ? days : -days) * 86_400 + value % 7200
        }
    }
}
