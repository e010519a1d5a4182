internal import Cryptography
internal import GatehouseCore

/// How a ring is kept, sealed, in Redis or beside the key file: `format (1) | count (1)`, and for each key
/// `scalar (32) | published at (8) | active from (8)`; moments in milliseconds since 1970, big-endian.
extension SigningKeyRing {
    private static let format: UInt8 = 1
    private static let keyByteCount = ES256PrivateKey.scalarByteCount + 16
    /// The year 9999: no arithmetic with a moment can overflow.
    private static let latest: Int64 = 253_402_300_799_999

    /// Holds the private keys: only ever stored sealed.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = [Self.format, UInt8(keys.count)]
        for key in keys {
            bytes += key.privateKey.rawScalar
            bytes += Self.encode(key.publishedAt)
            bytes += Self.encode(key.activeFrom)
        }
        return bytes
    }

    /// - Parameter bytes: at best what ``encoded()`` returned.
    /// - Returns: `nil` unless every byte makes sense: the format known, nothing missing or left over, each key a key,
    ///   the moments between 1970 and 9999, the keys in their order.
    package init?(encoded bytes: [UInt8]) {
        guard bytes.count >= 2, bytes[0] == Self.format, bytes[1] <= Self.largest,
            bytes.count == 2 + Int(bytes[1]) * Self.keyByteCount
        else { return nil }
        var keys: [SigningKey] = []
        for start in stride(from: 2, to: bytes.count, by: Self.keyByteCount) {
            let moments = start + ES256PrivateKey.scalarByteCount
            guard let privateKey = ES256PrivateKey(rawScalar: Array(bytes[start..<moments])),
                let publishedAt = Self.decodeTimestamp(bytes[moments..<moments + 8]),
                let activeFrom = Self.decodeTimestamp(bytes[moments + 8..<moments + 16]),
                keys.last.map({ $0.activeFrom <= activeFrom }) ?? true
            else { return nil }
            keys.append(
                SigningKey(privateKey: privateKey, publishedAt: publishedAt, activeFrom: activeFrom)
            )
        }
        self.init(keys: keys)
    }

    private static func encode(_ moment: Timestamp) -> [UInt8] {
        let value = UInt64(clamping: min(moment.milliseconds, latest))
        return stride(from: 56, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: value >> UInt64($0))
        }
    }

    private static func decodeTimestamp(_ bytes: ArraySlice<UInt8>) -> Timestamp? {
        let value = bytes.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        guard value <= UInt64(latest) else { return nil }
        return Timestamp(milliseconds: Int64(value))
    }
}
