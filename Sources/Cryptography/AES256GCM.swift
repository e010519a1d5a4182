internal import COpenSSL

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D) with nonces of 96 bits and tags of 128 bits.
///
/// One key must never meet the same nonce twice: ``GatewayKeys`` is what the rest of the gateway seals with.
package enum AES256GCM {
    package static let keyByteCount = 32
    package static let nonceByteCount = 12
    package static let tagByteCount = 16
    /// libcrypto counts in `int`; nothing of ours comes near.
    package static let largestMessage = 1 << 30

    /// - Returns: the ciphertext, as long as the plaintext, and the tag behind it.
    package static func seal(
        _ plaintext: [UInt8],
        key: [UInt8],
        nonce: [UInt8],
        authenticating data: [UInt8]
    ) -> [UInt8] {
        checkSizes(key, nonce)
        precondition(plaintext.count <= largestMessage && data.count <= largestMessage, "too large to seal")
        let context = unsafe EVP_CIPHER_CTX_new()
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        var sealed = [UInt8](repeating: 0, count: plaintext.count)
        var tag = [UInt8](repeating: 0, count: tagByteCount)
        var written: Int32 = 0
        var isDone = unsafe EVP_EncryptInit_ex2(context, cipher, key, nonce, nil) == 1
        if !data.isEmpty {
            isDone = unsafe isDone && EVP_EncryptUpdate(context, nil, &written, data, Int32(data.count)) == 1
        }
        if !plaintext.isEmpty {
            let count = Int32(plaintext.count)
            isDone = unsafe isDone && EVP_EncryptUpdate(context, &sealed, &written, plaintext, count) == 1
        }
        // A stream mode: the end adds no bytes, and the spare ones are there because libcrypto wants a place for them.
        var spare = [UInt8](repeating: 0, count: 16)
        isDone = unsafe isDone && EVP_EncryptFinal_ex(context, &spare, &written) == 1
        isDone = unsafe isDone && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagByteCount), &tag) == 1
        precondition(isDone, "libcrypto refused AES-256-GCM")
        return sealed + tag
    }

    /// - Parameter sealed: what ``seal(_:key:nonce:authenticating:)`` returns; may come from anywhere.
    /// - Returns: `nil` unless key, nonce, data and every byte of `sealed` are those of then.
    package static func open(
        _ sealed: [UInt8],
        key: [UInt8],
        nonce: [UInt8],
        authenticating data: [UInt8]
    ) -> [UInt8]? {
        checkSizes(key, nonce)
        let count = sealed.count - tagByteCount
        guard count >= 0, count <= largestMessage, data.count <= largestMessage else { return nil }
        let context = unsafe EVP_CIPHER_CTX_new()
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        var plaintext = [UInt8](repeating: 0, count: count)
        var tag = Array(sealed[count...])
        var written: Int32 = 0
        var isDone = unsafe EVP_DecryptInit_ex2(context, cipher, key, nonce, nil) == 1
        if !data.isEmpty {
            isDone = unsafe isDone && EVP_DecryptUpdate(context, nil, &written, data, Int32(data.count)) == 1
        }
        if count > 0 {
            isDone = unsafe isDone && EVP_DecryptUpdate(context, &plaintext, &written, sealed, Int32(count)) == 1
        }
        isDone = unsafe isDone && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagByteCount), &tag) == 1
        precondition(isDone, "libcrypto refused AES-256-GCM")
        var spare = [UInt8](repeating: 0, count: 16)
        // This compares the tag, in constant time. Before it the plaintext is nobody's.
        guard unsafe EVP_DecryptFinal_ex(context, &spare, &written) == 1 else {
            ERR_clear_error()
            return nil
        }
        return plaintext
    }

    private static func checkSizes(_ key: [UInt8], _ nonce: [UInt8]) {
        precondition(key.count == keyByteCount && nonce.count == nonceByteCount, "AES-256-GCM takes 32 and 12 bytes")
    }

    /// Fetched once, as SHA-256 is: an `EVP_CIPHER` is immutable and reference-counted, and libcrypto documents its use
    /// from several threads as safe.
    nonisolated(unsafe) private static let cipher: OpaquePointer? = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
}
