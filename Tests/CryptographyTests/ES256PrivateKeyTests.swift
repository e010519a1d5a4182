import Cryptography
import Testing

@Suite("ES256 private keys")
struct ES256PrivateKeyTests {
    private static let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

    @Test(
        "NIST's private keys have the published public keys",
        arguments: ECDSAVectors.keyPairs.indices
    )
    func keyPairs(index: Int) throws {
        let vector = ECDSAVectors.keyPairs[index]
        let key = try #require(ES256PrivateKey(rawScalar: bytes(hex: vector.d)))
        #expect(hex(key.publicKey.x) == vector.x)
        #expect(hex(key.publicKey.y) == vector.y)
        #expect(hex(key.rawScalar) == vector.d)
    }

    @Test("the key of RFC 6979, A.2.5, has the published public key")
    func knownKey() throws {
        let scalar = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
        let key = try #require(ES256PrivateKey(rawScalar: bytes(hex: scalar)))
        #expect(
            hex(key.publicKey.x) == "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        )
        #expect(
            hex(key.publicKey.y) == "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
        )
    }

    @Test(
        "a number outside 1 ..< n, or of another length, is no key",
        arguments: [
            "", "01", String(repeating: "00", count: 32), order, String(repeating: "ff", count: 32),
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
            String(repeating: "01", count: 31), String(repeating: "01", count: 33),
        ]
    )
    func outOfRange(scalar: String) {
        #expect(ES256PrivateKey(rawScalar: bytes(hex: scalar)) == nil)
    }

    @Test("the smallest and the largest number are keys")
    func limits() throws {
        var scalar = [UInt8](repeating: 0, count: 31) + [1]
        // The base point itself (SP 800-186, section 3.2.1.3).
        let smallest = try #require(ES256PrivateKey(rawScalar: scalar))
        #expect(
            hex(smallest.publicKey.x)
                == "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        )
        scalar = bytes(hex: Self.order)
        scalar[31] -= 1
        let largest = try #require(ES256PrivateKey(rawScalar: scalar))
        #expect(largest.publicKey.x == smallest.publicKey.x)
        #expect(largest.publicKey.y != smallest.publicKey.y)
        for key in [smallest, largest] {
            #expect(key.publicKey.verify(signature: key.sign([1]), message: [1]))
        }
    }

    /// Secret and scalar, by Python's integers: secret mod (n - 1) + 1.
    private static let derivations: [(secret: [UInt8], scalar: String)] = [
        ([UInt8](0..<48), "18185bb801b6065828af9bb667d107070b661a42a64f1f66b1a71e49aa7ff400"),
        (
            [UInt8](repeating: 0xFF, count: 48),
            "431905529c0166ce652e96b7ccca0a9a679b73e29ad16947f01cf012fc632550"
        ),
        ([UInt8](repeating: 0, count: 48), String(repeating: "00", count: 31) + "01"),
        // n - 1 comes to 0 + 1, and n - 2 to the largest key.
        (
            [UInt8](repeating: 0, count: 16)
                + bytes(hex: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"),
            String(repeating: "00", count: 31) + "01"
        ),
        (
            [UInt8](repeating: 0, count: 16)
                + bytes(hex: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f"),
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
        ),
        (
            [UInt8](200..<248).reversed(),
            "28e5c68cf7c8d2b2051e25761b49033e33d018bfffb6f3405e1488fff09ed3c9"
        ),
    ]

    @Test("a key is derived as FIPS 186-5, A.2.1, says", arguments: derivations.indices)
    func derivation(index: Int) {
        let (secret, scalar) = Self.derivations[index]
        #expect(hex(ES256PrivateKey(derivedFrom: secret).rawScalar) == scalar)
    }

    @Test("each generated key is another, and comes back from its number")
    func generation() throws {
        let keys = (0..<20).map { _ in ES256PrivateKey.generate() }
        #expect(Set(keys.map(\.rawScalar)).count == keys.count)
        for key in keys {
            let again = try #require(ES256PrivateKey(rawScalar: key.rawScalar))
            #expect(again.publicKey == key.publicKey)
            #expect(key.publicKey.verify(signature: again.sign([7]), message: [7]))
        }
    }

    @Test("a signature has 64 bytes, another each time, and verifies", arguments: [0, 1, 31, 1000])
    func signing(count: Int) {
        let key = ES256PrivateKey.generate()
        let message = [UInt8](repeating: 0x61, count: count)
        // r or s begins with a zero byte in one of 128: those must be filled up.
        let signatures = (0..<300).map { _ in key.sign(message) }
        #expect(Set(signatures).count == signatures.count)
        #expect(signatures.allSatisfy { $0.count == ES256PrivateKey.signatureByteCount })
        #expect(signatures.allSatisfy { key.publicKey.verify(signature: $0, message: message) })
    }

    @Test("threads share one key")
    func threads() async {
        let key = ES256PrivateKey.generate()
        let valid = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<100).count { number in
                        let message = Array("\(task) \(number)".utf8)
                        return key.publicKey.verify(signature: key.sign(message), message: message)
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(valid == 800)
    }

    @Test("a private key is never printed")
    func isNeverPrinted() {
        struct Holder { let key: ES256PrivateKey }
        let key = ES256PrivateKey.generate()
        var dumped = ""
        dump(key, to: &dumped)
        dump(Holder(key: key), to: &dumped)
        for text in ["\(key)", String(reflecting: key), "\(Holder(key: key))", "\([key])", dumped] {
            #expect(text.contains("<redacted>"))
            #expect(!text.contains("\(key.rawScalar)") && !text.contains(hex(key.rawScalar)))
            #expect(!text.contains("rawScalar"))
        }
    }
}
