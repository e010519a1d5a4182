internal import COpenSSL

/// RFC 4648, section 4, by libcrypto: for PEM and, in the alphabet of section 5, for JWK.
enum Base64Text {
    static func encode(_ bytes: [UInt8]) -> String {
        // The text is written with a NUL behind it.
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = unsafe EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }

    /// Without padding (RFC 4648, section 5; RFC 7515, section 2).
    static func encodeURLSafe(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for character in encode(bytes).utf8 {
            switch character {
            case 0x2B: text.append(0x2D)
            case 0x2F: text.append(0x5F)
            case 0x3D: break
            default: text.append(character)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Parameter count: how many bytes the text stands for.
    /// - Returns: `nil` unless the text is exactly what ``encode(_:)`` writes for that many bytes.
    static func decode(_ text: String, count: Int) -> [UInt8]? {
        let length = (count + 2) / 3 * 4
        guard text.utf8.count == length else { return nil }
        var bytes = [UInt8](repeating: 0, count: length)
        let decoded = unsafe EVP_DecodeBlock(&bytes, Array(text.utf8), Int32(length))
        guard decoded >= count else {
            ERR_clear_error()
            return nil
        }
        // libcrypto passes over blanks and spare bits; one value has one spelling here.
        let result = Array(bytes.prefix(count))
        return encode(result) == text ? result : nil
    }
}
