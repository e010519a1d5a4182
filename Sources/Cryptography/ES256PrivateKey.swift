internal import COpenSSL

/// A key that signs by ES256: ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4). Copies share one libcrypto key,
/// which any number of threads may use at once.
package struct ES256PrivateKey: Sendable {
    package static let scalarByteCount = 32
    package static let signatureByteCount = P256Key.signatureByteCount
    /// FIPS 186-5, A.2.1: 64 bits more than the order has, at least; 48 bytes are 128 more.
    package static let materialByteCount = 48

    /// The secret itself: only ever stored sealed.
    package let rawScalar: [UInt8]
    package let publicKey: ES256PublicKey
    private let key: P256Key

    package static func generate() -> ES256PrivateKey {
        ES256PrivateKey(derivedFrom: LibcryptoRandom.privateBytes(materialByteCount))
    }

    /// - Parameter rawScalar: 32 bytes from anywhere.
    /// - Returns: `nil` unless they are a number in 1 ..< n.
    package init?(rawScalar: [UInt8]) {
        guard let key = P256Key(scalar: rawScalar), let publicKey = ES256PublicKey(point: key.point) else {
            return nil
        }
        self.rawScalar = rawScalar
        self.publicKey = publicKey
        self.key = key
    }

    /// The same key for the same secret, always: the secret modulo n - 1, plus 1 (FIPS 186-5, A.2.1).
    ///
    /// - Parameter secret: exactly ``materialByteCount`` bytes that nobody can tell from random ones, as HMAC-SHA-256
    ///   makes them; the caller's constant, hence a precondition.
    package init(derivedFrom secret: [UInt8]) {
        precondition(secret.count == Self.materialByteCount, "a key is derived from 48 bytes")
        guard let key = ES256PrivateKey(rawScalar: Self.scalar(from: secret)) else {
            preconditionFailure("libcrypto refused a number in 1 ..< n")
        }
        self = key
    }

    /// - Returns: r and s, 64 bytes. Two signatures of one message differ: the nonce is random.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        key.sign(message)
    }

    private static func scalar(from secret: [UInt8]) -> [UInt8] {
        let context = unsafe BN_CTX_new()
        let number = unsafe BN_bin2bn(secret, Int32(secret.count), nil)
        let modulus = unsafe BN_bin2bn(P256Key.order, Int32(P256Key.order.count), nil)
        defer {
            unsafe BN_clear_free(number)
            unsafe BN_free(modulus)
            unsafe BN_CTX_free(context)
        }
        // The division then takes no time that depends on the secret.
        unsafe BN_set_flags(number, BN_FLG_CONSTTIME)
        var scalar = [UInt8](repeating: 0, count: scalarByteCount)
        let isDone =
            unsafe BN_sub_word(modulus, 1) == 1
            && BN_div(nil, number, number, modulus, context) == 1
            && BN_add_word(number, 1) == 1
            && BN_bn2binpad(number, &scalar, Int32(scalarByteCount)) == scalarByteCount
        precondition(isDone, "libcrypto refused to divide")
        return scalar
    }
}

extension ES256PrivateKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
