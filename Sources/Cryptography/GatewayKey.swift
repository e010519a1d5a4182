/// The gateway's own secret: 32 random bytes, the same on every node. Never used itself; each purpose has a key of its
/// own, derived by HMAC-SHA-256 over the purpose's name (one-step KDF, NIST SP 800-108 in counter mode with one block).
package struct GatewayKey: Sendable {
    package static let byteCount = 32

    package enum Purpose: String, Sendable, CaseIterable {
        /// CSRF values of forms before and after sign-in.
        case formProtection = "gatehouse/form-protection/1"
        /// `state`: the public half of an app host's return cookie.
        case returnState = "gatehouse/return-state/1"
        /// What lies encrypted in Redis or beside the key file (``GatewayKeys``).
        case sealing = "gatehouse/sealing/1"
        /// The key pair that signs the audit trail's seals.
        case auditSeal = "gatehouse/audit-seal/1"
        /// The public name of the key itself: ``GatewayKey/digest``.
        case keyDigest = "gatehouse/key-digest/1"
        /// Names of people and networks in the keys of limits, so that a dump of Redis names nobody.
        case limitNames = "gatehouse/limit-names/1"
    }

    private let bytes: [UInt8]

    /// - Returns: `nil` unless there are exactly 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    package func authenticate(_ message: [UInt8], for purpose: Purpose) -> [UInt8] {
        HMACSHA256.authenticate(message, key: derivedKey(for: purpose))
    }

    /// 32 bytes, the same on every node and in every version. Stays in this module.
    func derivedKey(for purpose: Purpose) -> [UInt8] {
        HMACSHA256.authenticate([0, 0, 0, 1] + Array(purpose.rawValue.utf8) + [0, 0, 0, 1, 0], key: bytes)
    }
}

extension GatewayKey {
    /// The key's public name, by which nodes find out that they have the same one: 16 bytes in 32 hexadecimal digits.
    /// Safe to print, log and store: nothing about the key follows from it.
    package var digest: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: name.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The beginning of the name, which stands in every sealed box.
    var id: [UInt8] { Array(name.prefix(Self.idByteCount)) }
    static let idByteCount = 8

    private var name: ArraySlice<UInt8> { authenticate([], for: .keyDigest).prefix(16) }
}

extension GatewayKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
