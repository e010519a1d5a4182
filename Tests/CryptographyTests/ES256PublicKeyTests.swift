import Cryptography
import Testing

@Suite("ES256 public keys")
struct ES256PublicKeyTests {
    /// Of RFC 6979, A.2.5.
    private static let x = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    private static let y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
    private static let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
    private let key: ES256PublicKey

    init() throws {
        key = try #require(ES256PublicKey(x: bytes(hex: Self.x), y: bytes(hex: Self.y)))
    }

    @Test("NIST's points are keys or none as published", arguments: ECDSAVectors.points.indices)
    func points(index: Int) {
        let vector = ECDSAVectors.points[index]
        // Too large a number is published with a digit more.
        let (x, y) = (evenBytes(vector.x), evenBytes(vector.y))
        #expect((ES256PublicKey(x: x, y: y) != nil) == vector.result.hasPrefix("P"), "\(vector.result)")
    }

    private func evenBytes(_ text: String) -> [UInt8] {
        bytes(hex: text.count % 2 == 0 ? text : "0" + text)
    }

    private static let noPoints: [(x: String, y: String)] = [
        ("", ""), (x, ""), ("", y), (y, x), (x, "00" + y), (x + y, ""), ("", x + y),
        // 64 bytes in all, divided at another place.
        (String(x.dropLast(2)), x.suffix(2) + y), (x + y.prefix(2), String(y.dropFirst(2))),
        (String(repeating: "00", count: 32), String(repeating: "00", count: 32)),
        (String(repeating: "ff", count: 32), String(repeating: "ff", count: 32)),
        // p for x, which is 0 modulo p; with x = 0 this y is a point.
        (
            "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"
        ),
    ]

    @Test("what is no point is no key", arguments: noPoints.indices)
    func noPoint(index: Int) {
        let (x, y) = Self.noPoints[index]
        #expect(ES256PublicKey(x: bytes(hex: x), y: bytes(hex: y)) == nil)
    }

    @Test("NIST's signatures are judged as published", arguments: ECDSAVectors.signatures.indices)
    func signatures(index: Int) throws {
        let vector = ECDSAVectors.signatures[index]
        let isValid = ES256PublicKey(x: bytes(hex: vector.x), y: bytes(hex: vector.y))?
            .verify(signature: bytes(hex: vector.r + vector.s), message: bytes(hex: vector.message))
        #expect((isValid ?? false) == vector.result.hasPrefix("P"), "\(vector.result)")
    }

    @Test(
        "the signatures of RFC 6979, A.2.5, verify",
        arguments: [
            (
                "sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
                "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
            ),
            (
                "test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
                "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"
            ),
        ]
    )
    func deterministicSignatures(message: String, r: String, s: String) {
        let signature = bytes(hex: r + s)
        #expect(key.verify(signature: signature, message: Array(message.utf8)))
        #expect(!key.verify(signature: signature, message: Array("other".utf8)))
        for bit in 0..<512 {
            #expect(
                !key.verify(signature: flipped(signature, bit: bit), message: Array(message.utf8)),
                "bit \(bit)"
            )
        }
    }

    @Test("a signature of another length, or in the form of ASN.1, is refused")
    func malformed() {
        let signature = ES256PrivateKey.generate().sign([1])
        for count in 0..<64 {
            #expect(!key.verify(signature: Array(signature.prefix(count)), message: [1]))
        }
        let valid = bytes(
            hex: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                + "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
        )
        let message = Array("sample".utf8)
        #expect(key.verify(signature: valid, message: message))
        #expect(!key.verify(signature: valid + [0], message: message))
        #expect(!key.verify(signature: [0] + valid, message: message))
        #expect(!key.verify(signature: Array(valid.dropLast()), message: message))
        #expect(!key.verify(signature: valid.prefix(32) + [0] + valid.suffix(32), message: message))
        let sequence =
            [0x30, 0x46, 0x02, 0x21, 0x00] + valid.prefix(32) + [0x02, 0x21, 0x00] + valid.suffix(32)
        #expect(!key.verify(signature: sequence, message: message))
        #expect(!key.verify(signature: Array(sequence.prefix(64)), message: message))
        #expect(!key.verify(signature: [UInt8](repeating: 0xFF, count: 100_000), message: message))
    }

    @Test(
        "zero, n and anything above it are neither r nor s",
        arguments: [
            String(repeating: "00", count: 32), order, String(repeating: "ff", count: 32),
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
        ]
    )
    func outOfRange(number: String) {
        let message = Array("sample".utf8)
        let r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        for pair in [number + r, r + number, number + number] {
            #expect(!key.verify(signature: bytes(hex: pair), message: message))
        }
    }

    @Test(
        "the token of RFC 7515, A.3, verifies, and its key has the thumbprint that an independent library finds"
    )
    func publishedToken() throws {
        let key = try #require(
            ES256PublicKey(
                x: bytes(hex: "7fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445"),
                y: bytes(hex: "c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad")
            )
        )
        let signed =
            "eyJhbGciOiJFUzI1NiJ9."
            + "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let signature = bytes(
            hex: "0ed1215379636c483c2f7f155807d402a3b228033af97c7e17819ac3169ea665"
                + "c50a07d38c3c70e5d8f12daf084a5480a66590c5f293509a8f3f7f8a83a354d5"
        )
        #expect(key.verify(signature: signature, message: Array(signed.utf8)))
        #expect(key.thumbprint == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U")
        #expect(
            key.jwkMembers.map { "\($0.name)=\($0.value)" } == [
                "crv=P-256", "kty=EC", "x=f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y=x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            ]
        )
    }

    @Test("keys are equal when their points are")
    func equality() throws {
        let again = try #require(ES256PublicKey(x: key.x, y: key.y))
        let other = ES256PrivateKey.generate().publicKey
        #expect(again == key && again.hashValue == key.hashValue)
        #expect(other != key)
        #expect(Set([key, again, other]).count == 2)
    }
}
