package import Cryptography
package import GatehouseCore

/// Ties a ticket to the browser that asked for it. The secret half is 256 random bits in the app host's
/// `__Host-gatehouse-return` cookie; the public half, `state`, is an HMAC of it and of the host under the gateway's key. A
/// ticket link that somebody else made therefore signs nobody in (login CSRF), and no store keeps a key for it.
package struct ReturnState: Sendable {
    private let key: GatewayKey

    package init(key: GatewayKey) {
        self.key = key
    }

    /// 43 characters of base64url.
    package func state(of secret: SessionToken, host: String) -> String {
        Base64URL.encode(key.authenticate(secret.bytes + Array(host.utf8), for: .returnState))
    }

    /// Whether a text has the form of a state at all; who made it is known only where the cookie is.
    package static func isWellFormed(_ state: some StringProtocol) -> Bool {
        SessionToken(Array(state.utf8)) != nil
    }
}
