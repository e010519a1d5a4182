internal import COpenSSL

/// One `EVP_PKEY` on the curve P-256 (FIPS 186-5, SP 800-186), freed with its last user.
///
/// `Sendable`, because the key is complete when `init` ends and nothing changes it afterwards: libcrypto counts its
/// references and locks its caches itself (openssl-threads(7)), and every operation has a context of its own, just as
/// the threads of a TLS server share their server's key.
@safe
final class P256Key: Sendable {
    static let coordinateByteCount = 32
    static let signatureByteCount = 64

    nonisolated(unsafe) private let key: OpaquePointer

    /// A private key.
    ///
    /// - Returns: `nil` unless the 32 bytes are a number in 1 ..< n.
    init?(scalar: [UInt8]) {
        guard scalar.count == Self.coordinateByteCount, scalar.contains(where: { $0 != 0 }),
            scalar.lexicographicallyPrecedes(Self.order)
        else { return nil }
        // RFC 5915, without the public key: libcrypto works it out.
        let encoded = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20] + scalar + Self.privateKeyTrailer
        let decoded = unsafe encoded.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return unsafe d2i_PrivateKey(EVP_PKEY_EC, nil, &cursor, buffer.count)
        }
        guard let decoded = unsafe decoded else {
            ERR_clear_error()
            return nil
        }
        unsafe key = decoded
    }

    /// A public key.
    ///
    /// - Returns: `nil` unless the 64 bytes are the coordinates of a point on the curve.
    init?(point: [UInt8]) {
        guard point.count == 2 * Self.coordinateByteCount else { return nil }
        let encoded = Self.publicKeyHeader + point
        let decoded = unsafe encoded.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return unsafe d2i_PUBKEY(nil, &cursor, buffer.count)
        }
        guard let decoded = unsafe decoded else {
            ERR_clear_error()
            return nil
        }
        unsafe key = decoded
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    /// x and y, 64 bytes.
    var point: [UInt8] {
        let count = Self.publicKeyHeader.count + 2 * Self.coordinateByteCount
        precondition(unsafe i2d_PUBKEY(key, nil) == count, "a public key of an unknown form")
        var encoded = [UInt8](repeating: 0, count: count)
        unsafe encoded.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            _ = unsafe i2d_PUBKEY(key, &cursor)
        }
        return Array(encoded.dropFirst(Self.publicKeyHeader.count))
    }

    /// ECDSA with SHA-256. For private keys only.
    ///
    /// - Returns: r and s, 64 bytes.
    func sign(_ message: [UInt8]) -> [UInt8] {
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var encoded = [UInt8](repeating: 0, count: Self.longestEncodedSignature)
        var count = encoded.count
        let isSigned =
            unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestSign(context, &encoded, &count, message, message.count) == 1
        let signature = isSigned ? P256Signature.fixedForm(Array(encoded.prefix(count))) : nil
        guard let signature else { preconditionFailure("libcrypto refused to sign") }
        return signature
    }

    /// Never traps, whatever the signature is.
    func verify(signature: [UInt8], message: [UInt8]) -> Bool {
        guard let encoded = P256Signature.encodedForm(signature) else { return false }
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        let isValid =
            unsafe EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, encoded, encoded.count, message, message.count) == 1
        if !isValid { ERR_clear_error() }
        return isValid
    }

    /// Two integers of at most 33 bytes in a sequence.
    private static let longestEncodedSignature = 72

    /// n, the number of points (SP 800-186, section 3.2.1.3).
    static let order: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ]

    /// SubjectPublicKeyInfo (RFC 5480) up to the coordinates: id-ecPublicKey, prime256v1, an uncompressed point.
    static let publicKeyHeader: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
        0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ]

    /// `parameters` of an ECPrivateKey: prime256v1.
    private static let privateKeyTrailer: [UInt8] = [
        0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07,
    ]
}
