internal import Cryptography
package import GatehouseCore

/// Makes `X-Gatehouse-Assertion`: who is there as a signed token for one application (docs/contract.md, "Headers to
/// applications"; docs/security-rules.md, rule 7), a JWT (RFC 7519) in the compact form of a JWS (RFC 7515).
///
/// Immutable, and made anew with each ring. A signature costs tens of microseconds: a token is made once for a session
/// and an app and serves many requests, which is why it has no `jti`. An application that refused the second sight of
/// one would refuse the second request.
package struct AssertionIssuer: Sendable {
    /// `exp` less `iat`.
    package static let lifetime: Duration = .seconds(300)

    private let issuer: String
    private let ring: SigningKeyRing

    /// - Parameter issuer: the origin of `public_url`, as `https://login.example.com`.
    package init(issuer: String, ring: SigningKeyRing) {
        self.issuer = issuer
        self.ring = ring
    }

    /// - Parameter audience: the app's name.
    /// - Returns: three parts of base64url with dots between, usually under 1 KiB; it grows with the names of roles and
    ///   permissions, without a limit of its own. `nil` of a ring without keys, and of a person without a user value or
    ///   an immutable id, who is nobody to any app.
    package func token(for facts: AssertionFacts, audience: String, at now: Timestamp) -> String? {
        let subject = facts.subject
        guard let key = ring.current(at: now), !subject.user.isEmpty, !subject.id.immutableID.isEmpty else {
            return nil
        }
        var header = JSONObjectText()
        header.add("alg", "ES256")
        header.add("typ", "JWT")
        header.add("kid", key.id)
        let claims = claims(of: facts, audience: audience, at: now)
        let signed = "\(Base64URL.encode(header.finish().utf8)).\(Base64URL.encode(claims.utf8))"
        return "\(signed).\(Base64URL.encode(key.privateKey.sign(Array(signed.utf8))))"
    }

    private func claims(of facts: AssertionFacts, audience: String, at now: Timestamp) -> String {
        let subject = facts.subject
        let issuedAt = Self.seconds(now)
        var claims = JSONObjectText()
        claims.add("iss", issuer)
        claims.add("aud", audience)
        // An immutable id alone is unique within its realm only (docs/security-rules.md, rule 18).
        claims.add("sub", subject.id.description)
        claims.add("preferred_username", subject.user)
        claims.add("name", subject.name)
        claims.add("email", subject.email)
        claims.add("organization", subject.organization)
        claims.add("roles", facts.roles)
        claims.add("permissions", facts.permissions)
        claims.add("amr", facts.authenticationMethods)
        claims.add("auth_time", Self.seconds(facts.authenticatedAt))
        claims.add("checked_at", Self.seconds(facts.checkedAt))
        claims.add("iat", issuedAt)
        claims.add("exp", issuedAt + Self.lifetime.components.seconds)
        return claims.finish()
    }

    /// NumericDate (RFC 7519, section 2) in whole seconds.
    private static func seconds(_ moment: Timestamp) -> Int64 {
        moment.milliseconds / 1000
    }
}
