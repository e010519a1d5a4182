import Cryptography
import Testing

@Suite("Gateway key")
struct GatewayKeyTests {
    private let key: GatewayKey

    init() throws {
        key = try #require(GatewayKey(bytes: [UInt8](0..<32)))
    }

    @Test("a key has exactly 32 bytes", arguments: [0, 1, 16, 31, 33, 64])
    func sizes(count: Int) {
        #expect(GatewayKey(bytes: [UInt8](repeating: 7, count: count)) == nil)
    }

    @Test("each purpose has a key of its own")
    func purposesDiffer() {
        let codes = GatewayKey.Purpose.allCases.map { key.authenticate([1, 2, 3], for: $0) }
        #expect(codes.count >= 2)
        #expect(Set(codes).count == codes.count)
        // Nor is the gateway's own key ever used on a message.
        #expect(!codes.contains(HMACSHA256.authenticate([1, 2, 3], key: [UInt8](0..<32))))
    }

    @Test("the key of a purpose is derived as SP 800-108 says, the same on every node and in every version")
    func derivation() {
        let label = Array("gatehouse/return-state/1".utf8)
        let derived = HMACSHA256.authenticate([0, 0, 0, 1] + label + [0] + [0, 0, 1, 0], key: [UInt8](0..<32))
        #expect(key.authenticate([9], for: .returnState) == HMACSHA256.authenticate([9], key: derived))
    }

    @Test("another key or message has another code")
    func codesDiffer() throws {
        let other = try #require(GatewayKey(bytes: [UInt8](1..<33)))
        #expect(key.authenticate([1], for: .formProtection) != other.authenticate([1], for: .formProtection))
        #expect(key.authenticate([1], for: .formProtection) != key.authenticate([2], for: .formProtection))
        #expect(key.authenticate([1], for: .formProtection).count == 32)
    }

    @Test("a key is never printed, by itself or inside something else")
    func isNeverPrinted() {
        struct Holder { let key: GatewayKey }
        var dumped = ""
        dump(key, to: &dumped)
        dump(Holder(key: key), to: &dumped)
        for text in ["\(key)", String(reflecting: key), "\(Holder(key: key))", "\([key])", dumped] {
            #expect(text.contains("<redacted>"))
            #expect(!text.contains("31"))
        }
    }
}
