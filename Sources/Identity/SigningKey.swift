package import Cryptography
package import GatehouseCore

/// One key that signs assertions, and when.
package struct SigningKey: Sendable {
    /// `kid`: the thumbprint of the public key (RFC 7638).
    package let id: String
    package let privateKey: ES256PrivateKey
    /// Since when `/.well-known/jwks.json` has it.
    package let publishedAt: Timestamp
    /// From when on it signs, until a younger one does.
    package let activeFrom: Timestamp

    package var publicKey: ES256PublicKey { privateKey.publicKey }

    package init(privateKey: ES256PrivateKey, publishedAt: Timestamp, activeFrom: Timestamp) {
        id = privateKey.publicKey.thumbprint
        self.privateKey = privateKey
        self.publishedAt = publishedAt
        self.activeFrom = activeFrom
    }

    func activated(from moment: Timestamp) -> SigningKey {
        SigningKey(privateKey: privateKey, publishedAt: publishedAt, activeFrom: moment)
    }
}
