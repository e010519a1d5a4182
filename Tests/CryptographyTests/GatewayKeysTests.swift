import Cryptography
import Testing

@Suite("Sealing by the gateway's keys")
struct GatewayKeysTests {
    private let key: GatewayKey
    private let other: GatewayKey
    private let keys: GatewayKeys

    init() throws {
        key = try #require(GatewayKey(bytes: [UInt8](0..<32)))
        other = try #require(GatewayKey(bytes: [UInt8](1..<33)))
        keys = GatewayKeys(current: key)
    }

    @Test("what was sealed is opened", arguments: [0, 1, 15, 16, 17, 1000])
    func roundTrip(count: Int) {
        let plaintext = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let box = keys.seal(plaintext, context: "signing-keys")
        #expect(box.count == count + GatewayKeys.overhead)
        #expect(keys.open(box, context: "signing-keys") == plaintext)
    }

    @Test(
        "a box that an independent library made by the described form is opened: the form never changes"
    )
    func knownBox() {
        // Python's `cryptography`: version 1, the key's id, nonce 100…111, context "signing-keys".
        let box = bytes(
            hex:
                "017dd9c93a4e027d5b6465666768696a6b6c6d6e6f189f1456ce9209c515035c44fa45a9b71f552cac3176ed3c2ff18d6a3c"
        )
        #expect(keys.open(box, context: "signing-keys") == Array("the plaintext".utf8))
    }

    @Test("a change of any bit of version, key id, nonce, ciphertext or tag is refused")
    func everyBit() {
        let box = keys.seal(Array("0123456789".utf8), context: "c")
        for bit in 0..<box.count * 8 {
            #expect(keys.open(flipped(box, bit: bit), context: "c") == nil, "bit \(bit)")
        }
    }

    @Test("a box that was cut or continued is refused, and so is any scrap")
    func everyLength() {
        let box = keys.seal(Array("0123456789".utf8), context: "c")
        for count in 0..<box.count {
            #expect(keys.open(Array(box.prefix(count)), context: "c") == nil)
            #expect(keys.open(Array(box.suffix(count)), context: "c") == nil)
        }
        #expect(keys.open(box + [0], context: "c") == nil)
        #expect(keys.open([1] + [UInt8](repeating: 0, count: 60), context: "c") == nil)
    }

    @Test("a box opens in its own context alone", arguments: ["", "b", "c ", "cc", "C"])
    func context(other: String) {
        let box = keys.seal([1, 2, 3], context: "c")
        #expect(keys.open(box, context: "c") == [1, 2, 3])
        #expect(keys.open(box, context: other) == nil)
    }

    @Test("key id and context do not run together")
    func noSlidingContext() {
        let context = "abcdefgh"
        let box = keys.seal([1], context: context)
        // The header's last byte moved to the front of the context.
        #expect(keys.open(box, context: String(UnicodeScalar(box[8])) + context) == nil)
    }

    @Test(
        "after a rotation old boxes still open, by whichever key sealed them, and new ones are the new key's"
    )
    func rotation() throws {
        let third = try #require(GatewayKey(bytes: [UInt8](2..<34)))
        let old = keys.seal([7], context: "c")
        let older = GatewayKeys(current: other).seal([8], context: "c")
        let rotated = GatewayKeys(current: third, previous: [other, key])
        #expect(rotated.open(old, context: "c") == [7])
        #expect(rotated.open(older, context: "c") == [8])
        let new = rotated.seal([9], context: "c")
        #expect(rotated.open(new, context: "c") == [9])
        #expect(GatewayKeys(current: third).open(new, context: "c") == [9])
        #expect(keys.open(new, context: "c") == nil)
        #expect(GatewayKeys(current: third).open(old, context: "c") == nil)
    }

    @Test("another key does not open a box, even under its name")
    func foreignKey() {
        let box = keys.seal([7], context: "c")
        let strangers = GatewayKeys(current: other)
        #expect(strangers.open(box, context: "c") == nil)
        let header = Array(strangers.seal([7], context: "c").prefix(9))
        #expect(strangers.open(header + Array(box.dropFirst(9)), context: "c") == nil)
    }

    @Test("no two boxes are alike")
    func nonces() {
        let boxes = (0..<200).map { _ in keys.seal([1, 2, 3], context: "c") }
        #expect(Set(boxes).count == boxes.count)
        #expect(Set(boxes.map { Array($0[9..<21]) }).count == boxes.count)
    }

    @Test("neither plaintext nor key lies in a box")
    func secrecy() {
        let secret = Array("a secret of the gateway".utf8)
        let text = hex(keys.seal(secret, context: "c"))
        #expect(!text.contains(hex(secret)))
        #expect(!text.contains(hex([UInt8](0..<32))))
    }

    @Test("a key's digest is the same everywhere, another for another key, and not the key")
    func digest() {
        // By Python's hmac.
        #expect(key.digest == "7dd9c93a4e027d5b470742c15b07646e")
        #expect(key.digest != other.digest)
    }

    @Test("keys are never printed")
    func isNeverPrinted() {
        var dumped = ""
        dump(GatewayKeys(current: key, previous: [other]), to: &dumped)
        for text in ["\(GatewayKeys(current: key, previous: [other]))", dumped] {
            #expect(text.contains("<redacted>"))
            #expect(!text.contains("31"))
        }
    }
}
