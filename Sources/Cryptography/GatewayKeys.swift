/// The gateway's own secret and those that it had before (`keys.file`, `keys.previous`): what was sealed with an old
/// key can still be opened after a rotation, and everything new is sealed with the current one.
///
/// A sealed box is `version (1) | key id (8) | nonce (12) | ciphertext | tag (16)`: AES-256-GCM under the key's own key
/// for sealing, with version, key id and context authenticated. The nonce is random, which is sound for 2^32 boxes of
/// one key (NIST SP 800-38D, section 8.3); the gateway makes a few a month.
package struct GatewayKeys: Sendable {
    package let current: GatewayKey
    /// In no particular order.
    package let previous: [GatewayKey]

    private static let version: UInt8 = 1
    private static let headerByteCount = 1 + GatewayKey.idByteCount
    /// What a box has besides its ciphertext.
    package static let overhead = headerByteCount + AES256GCM.nonceByteCount + AES256GCM.tagByteCount

    package init(current: GatewayKey, previous: [GatewayKey] = []) {
        self.current = current
        self.previous = previous
    }

    /// - Parameter context: what the box is for and where it lies, as `signing-keys`. A box that is carried elsewhere
    ///   does not open there.
    /// - Returns: ``overhead`` bytes more than the plaintext has.
    package func seal(_ plaintext: [UInt8], context: String) -> [UInt8] {
        let header = [Self.version] + current.id
        let nonce = LibcryptoRandom.publicBytes(AES256GCM.nonceByteCount)
        let sealed = AES256GCM.seal(
            plaintext,
            key: current.derivedKey(for: .sealing),
            nonce: nonce,
            authenticating: header + Array(context.utf8)
        )
        return header + nonce + sealed
    }

    /// - Parameter sealed: bytes from anywhere.
    /// - Returns: `nil` unless one of these keys sealed exactly this box for this context.
    package func open(_ sealed: [UInt8], context: String) -> [UInt8]? {
        guard sealed.count >= Self.overhead, sealed[0] == Self.version else { return nil }
        let header = Array(sealed.prefix(Self.headerByteCount))
        let id = Array(header.dropFirst())
        let rest = sealed.dropFirst(Self.headerByteCount)
        let nonce = Array(rest.prefix(AES256GCM.nonceByteCount))
        let box = Array(rest.dropFirst(AES256GCM.nonceByteCount))
        for key in [current] + previous where key.id == id {
            let key = key.derivedKey(for: .sealing)
            let data = header + Array(context.utf8)
            if let plaintext = AES256GCM.open(box, key: key, nonce: nonce, authenticating: data) { return plaintext }
        }
        return nil
    }
}
