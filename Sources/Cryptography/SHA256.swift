internal import COpenSSL

/// SHA-256 (FIPS 180-4) by the system's libcrypto.
package enum SHA256 {
    package static let byteCount = 32

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        var length: UInt32 = 0
        let status = unsafe EVP_Digest(bytes, bytes.count, &digest, &length, algorithm, nil)
        precondition(status == 1 && length == 32, "libcrypto refused SHA-256")
        return digest
    }

    /// Fetched once: each implicit fetch costs more than the hash itself. An `EVP_MD` is immutable and reference-counted,
    /// and libcrypto documents its use from several threads as safe.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = unsafe EVP_MD_fetch(nil, "SHA256", nil)
}

/// HMAC with SHA-256 (RFC 2104).
package enum HMACSHA256 {
    package static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: SHA256.byteCount)
        var length: UInt32 = 0
        // A null key pointer would mean "the key of before" to libcrypto; no key of ours is empty.
        precondition(!key.isEmpty, "an empty HMAC key")
        let result = unsafe HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &length)
        precondition(unsafe result != nil && length == 32, "libcrypto refused HMAC")
        return code
    }
}

package enum ConstantTime {
    /// Compares secrets in a time that depends on their length alone.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }
}
