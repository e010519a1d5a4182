package import Cryptography
internal import GatehouseCore

/// What `audit.sealed` signs: that the trail, up to a line, is what this gateway wrote.
struct AuditSeal: Sendable, Equatable {
    /// Why it was made; the event's `reason`.
    enum Occasion: String, Sendable {
        /// A minute after something was written.
        case interval
        /// The last line of a file that was rotated away.
        case rotation
        /// The last line before the gateway stopped.
        case end
    }

    let sequence: UInt64
    let hash: String
    /// As the seal's own line has it.
    let time: String
    let occasion: String

    /// The signed bytes. Time and occasion are among them: whoever cuts a trail behind an old seal must not be able to
    /// write "end" into it.
    var message: [UInt8] {
        Array("gatehouse-audit-seal-1\n\(sequence)\n\(hash)\n\(time)\n\(occasion)\n".utf8)
    }

    func event(signedBy key: ES256PrivateKey) -> AuditEvent {
        var event = AuditEvent(.sealed, outcome: .success, reason: occasion)
        event.details = [
            .init("sealed_seq", Int64(clamping: sequence)),
            .init("sealed_hash", hash),
            .init("key", key.publicKey.thumbprint),
            .init("signature", Base64URL.encode(key.sign(message))),
        ]
        return event
    }
}

extension GatewayKey {
    /// The key that seals this gateway's trails: the same on every node, and nothing that has to be kept besides. 48
    /// bytes (two blocks of HMAC-SHA-256 under the purpose's own key, over the bytes 1 and 2) become the private
    /// scalar.
    package func makeAuditSealKey() -> ES256PrivateKey {
        let blocks = authenticate([1], for: .auditSeal) + authenticate([2], for: .auditSeal)
        return ES256PrivateKey(derivedFrom: Array(blocks.prefix(48)))
    }
}
