import Cryptography
import GatehouseCore
import Identity
import Testing

@Suite("A ring of signing keys in bytes")
struct SigningKeyRingCodingTests {
    private static let start = Timestamp(milliseconds: 1_795_338_904_120)
    private let ring: SigningKeyRing

    init() throws {
        let first = try #require(SigningKeyRing().rotated(at: Self.start))
        ring = try #require(first.rotated(at: Self.start + SigningKeyRing.period))
        try #require(ring.keys.count == 2)
    }

    @Test("a ring comes back with its keys and moments")
    func roundTrip() throws {
        let again = try #require(SigningKeyRing(encoded: ring.encoded()))
        #expect(again.keys.map(\.id) == ring.keys.map(\.id))
        #expect(again.keys.map(\.publishedAt) == ring.keys.map(\.publishedAt))
        #expect(again.keys.map(\.activeFrom) == ring.keys.map(\.activeFrom))
        #expect(again.encoded() == ring.encoded())
        let message: [UInt8] = [1, 2, 3]
        for (old, new) in zip(ring.keys, again.keys) {
            #expect(old.publicKey.verify(signature: new.privateKey.sign(message), message: message))
        }
    }

    @Test("an empty ring comes back empty")
    func empty() throws {
        #expect(SigningKeyRing().encoded() == [1, 0])
        #expect(try #require(SigningKeyRing(encoded: [1, 0])).keys.isEmpty)
    }

    @Test("the form is the described one, which never changes under its number")
    func form() throws {
        let scalar = [UInt8](1...32)
        let moments: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 1, 0, 3]
        let read = try #require(SigningKeyRing(encoded: [1, 1] + scalar + moments))
        #expect(read.keys.first?.privateKey.rawScalar == scalar)
        #expect(read.keys.first?.publishedAt == Timestamp(milliseconds: 258))
        #expect(read.keys.first?.activeFrom == Timestamp(milliseconds: 65_539))
        #expect(read.encoded() == [1, 1] + scalar + moments)
    }

    @Test("cut or continued bytes are no ring")
    func lengths() {
        let bytes = ring.encoded()
        for count in 0..<bytes.count { #expect(SigningKeyRing(encoded: Array(bytes.prefix(count))) == nil) }
        #expect(SigningKeyRing(encoded: bytes + [0]) == nil)
        #expect(SigningKeyRing(encoded: bytes + bytes) == nil)
    }

    @Test("another format or count, or more keys than a ring has, is no ring")
    func headers() {
        var bytes = ring.encoded()
        for format in [0, 2, 0x7B, 255] as [UInt8] {
            bytes[0] = format
            #expect(SigningKeyRing(encoded: bytes) == nil)
        }
        bytes[0] = 1
        for count in [0, 1, 3, 255] as [UInt8] {
            bytes[1] = count
            #expect(SigningKeyRing(encoded: bytes) == nil)
        }
        let key = Array(ring.encoded()[2..<50])
        let full = (0..<SigningKeyRing.largest).flatMap { _ in key }
        #expect(SigningKeyRing(encoded: [1, UInt8(SigningKeyRing.largest)] + full) != nil)
        #expect(SigningKeyRing(encoded: [1, UInt8(SigningKeyRing.largest + 1)] + full + key) == nil)
    }

    @Test("a key that is none, a moment out of range, or keys out of order are no ring")
    func contents() {
        let bytes = ring.encoded()
        func replaced(_ range: Range<Int>, with byte: UInt8) -> [UInt8] {
            var bytes = bytes
            bytes.replaceSubrange(range, with: range.map { _ in byte })
            return bytes
        }
        #expect(SigningKeyRing(encoded: replaced(2..<34, with: 0)) == nil)
        #expect(SigningKeyRing(encoded: replaced(2..<34, with: 0xFF)) == nil)
        // Nor may arithmetic with a moment ever overflow.
        for start in [34, 42, 82, 90] {
            #expect(SigningKeyRing(encoded: replaced(start..<start + 8, with: 0xFF)) == nil)
            #expect(SigningKeyRing(encoded: replaced(start..<start + 8, with: 0x7F)) == nil)
        }
        #expect(SigningKeyRing(encoded: [1, 2] + bytes[50...] + bytes[2..<50]) == nil)
    }

    @Test("a ring with moments at the limits is used without a trap")
    func limits() throws {
        let scalar = [UInt8](1...32)
        let latest: [UInt8] = [0, 0, 0xE6, 0x77, 0xD2, 0x1F, 0xDB, 0xFF]
        let read = try #require(SigningKeyRing(encoded: [1, 1] + scalar + latest + latest))
        for moment in [Timestamp(milliseconds: 0), Self.start, Timestamp(milliseconds: 253_402_300_799_999)] {
            #expect(read.current(at: moment) != nil)
            #expect(read.published(at: moment).count == 1)
            _ = read.rotated(at: moment)
        }
        var beyond = latest
        beyond[7] = 0
        beyond[6] += 1
        #expect(SigningKeyRing(encoded: [1, 1] + scalar + beyond + beyond) == nil)
    }

    @Test("a key is never printed")
    func isNeverPrinted() {
        var dumped = ""
        dump(ring, to: &dumped)
        for text in ["\(ring)", dumped] {
            #expect(text.contains("<redacted>"))
            for key in ring.keys { #expect(!text.contains("\(key.privateKey.rawScalar)")) }
            #expect(!text.contains("rawScalar"))
        }
    }
}
