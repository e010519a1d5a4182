import Cryptography
import Testing

@Suite("ES256 public keys as PEM")
struct ES256PublicKeyPEMTests {
    /// The key of RFC 6979, A.2.5, written by an independent library.
    private static let pem = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7
        Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
        -----END PUBLIC KEY-----

        """
    private static let base64 = pem.split(separator: "\n").dropFirst().dropLast().joined()

    private static func wrapped(_ base64: String) -> String {
        "-----BEGIN PUBLIC KEY-----\n\(base64)\n-----END PUBLIC KEY-----\n"
    }

    @Test("a key is written as an independent library writes it, and read")
    func export() throws {
        let scalar = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
        let key = try #require(ES256PrivateKey(rawScalar: bytes(hex: scalar))).publicKey
        #expect(key.pem == Self.pem)
        #expect(ES256PublicKey(pem: Self.pem) == key)
    }

    @Test("any key comes back")
    func roundTrip() {
        for _ in 0..<20 {
            let key = ES256PrivateKey.generate().publicKey
            #expect(ES256PublicKey(pem: key.pem) == key)
        }
    }

    @Test(
        "line ends and line lengths do not matter",
        arguments: [
            pem.replacing("\n", with: "\r\n"), "\n" + pem + "\n", String(pem.dropLast()), wrapped(base64),
        ]
    )
    func lines(text: String) {
        #expect(ES256PublicKey(pem: text) != nil)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "\n", "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            base64, String(pem.dropFirst()), String(pem.dropLast(3)), pem + pem, "text\n" + pem,
            pem + "text",
            pem.replacing("PUBLIC KEY", with: "PRIVATE KEY"),
            pem.replacing("PUBLIC KEY", with: "EC PUBLIC KEY"),
            wrapped("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n" + base64),
            wrapped(String(base64.dropLast(4))), wrapped(base64 + "AAAA"),
            wrapped(String(base64.dropLast(2))),
            wrapped(" " + base64.dropFirst()), wrapped("!" + base64.dropFirst()),
            wrapped("=" + base64.dropFirst()),
            wrapped(base64.replacing("/", with: "_")), wrapped("é" + base64.dropFirst(2)),
            // A spare bit that is set, and a coordinate that was changed.
            wrapped(base64.replacing("Q==", with: "R==")),
            wrapped(base64.replacing("YP7U", with: "YP7V")),
            wrapped(String(repeating: "A", count: 124)),
            wrapped(String(repeating: "A", count: 1_000_000)),
            // secp256k1 and P-384.
            wrapped(
                "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEL4veTRoHIJNVtKclClxRKOiLhL3cYZq3"
                    + "y6jVabJA7+TYrCImNuXj1tTbqd2mycQm94gnG6sNaEDcqH06pqxi1g=="
            ),
            wrapped(
                "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEEd4kosJRx3dXPKxeoCXkZ/II5R2/+Y/F"
                    + "T2Zhy+Vlg7A3iC9KHKKX5gq828ODbYS8j6aWx3RA+S0PWDfpCgDnxShLRHdU1d7o"
                    + "jJhlM7aQGusxd2htCuj7MxhEFKvmwXE6"
            ),
        ]
    )
    func refused(text: String) {
        #expect(ES256PublicKey(pem: text) == nil)
    }
}
