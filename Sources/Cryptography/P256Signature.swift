internal import COpenSSL

/// The two forms of an ECDSA signature: the ASN.1 sequence that libcrypto speaks, and r and s as 32 bytes each, which
/// JOSE has (RFC 7518, section 3.4).
enum P256Signature {
    /// - Returns: 64 bytes, or `nil` when the sequence is none.
    static func fixedForm(_ encoded: [UInt8]) -> [UInt8]? {
        let signature = unsafe encoded.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return unsafe d2i_ECDSA_SIG(nil, &cursor, buffer.count)
        }
        defer { unsafe ECDSA_SIG_free(signature) }
        guard unsafe signature != nil else {
            ERR_clear_error()
            return nil
        }
        let width = P256Key.coordinateByteCount
        var r = [UInt8](repeating: 0, count: width)
        var s = [UInt8](repeating: 0, count: width)
        let fits =
            unsafe BN_bn2binpad(ECDSA_SIG_get0_r(signature), &r, Int32(width)) == width
            && BN_bn2binpad(ECDSA_SIG_get0_s(signature), &s, Int32(width)) == width
        return fits ? r + s : nil
    }

    /// - Returns: `nil` unless there are exactly 64 bytes. Whether r and s are in range is for the verification to say.
    static func encodedForm(_ signature: [UInt8]) -> [UInt8]? {
        guard signature.count == P256Key.signatureByteCount else { return nil }
        let sequence =
            integer(signature.prefix(P256Key.coordinateByteCount))
            + integer(signature.suffix(P256Key.coordinateByteCount))
        return [0x30, UInt8(sequence.count)] + sequence
    }

    /// A positive INTEGER in DER: no leading zeros but the one that keeps the sign.
    private static func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var digits = Array(bytes.drop { $0 == 0 })
        if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }
}
