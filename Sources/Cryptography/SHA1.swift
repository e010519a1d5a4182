internal import COpenSSL

/// SHA-1 (FIPS 180-4) by the system's libcrypto. Broken as a protection: for names that others made by it alone, as Redis
/// names scripts.
package enum SHA1 {
    package static let byteCount = 20

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        var length: UInt32 = 0
        let status = unsafe EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha1(), nil)
        precondition(status == 1 && length == 20, "libcrypto refused SHA-1")
        return digest
    }
}
