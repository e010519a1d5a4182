/// The gateway's own secret: 32 random bytes, the same on every node. Never used itself; each purpose has a key of its
/// own, derived by HMAC-SHA-256 over the purpose's name (one-step KDF, NIST SP 800-108 in counter mode with one block).
package struct GatewayKey: Sendable {
    package static let byteCount = 32

    package enum Purpose: String, Sendable, CaseIterable {
        /// CSRF values of forms before and after sign-in.
        case formProtection = "gatehouse/form-protection/1"
        /// `state`: the public half of an app host's return cookie.
        case returnState = "gatehouse/return-state/1"
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

    private func derivedKey(for purpose: Purpose) -> [UInt8] {
        HMACSHA256.authenticate([0, 0, 0, 1] + Array(purpose.rawValue.utf8) + [0, 0, 0, 1, 0], key: bytes)
    }
}

extension GatewayKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
