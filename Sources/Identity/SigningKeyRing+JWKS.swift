internal import Cryptography
package import GatehouseCore

extension SigningKeyRing {
    /// `/.well-known/jwks.json`: the published keys as a JWK Set (RFC 7517), never anything of a private key.
    package func jwks(at now: Timestamp) -> String {
        let keys = published(at: now).map { key in
            var object = JSONObjectText()
            for member in key.publicKey.jwkMembers { object.add(member.name, member.value) }
            object.add("use", "sig")
            object.add("alg", "ES256")
            object.add("kid", key.id)
            return object.finish()
        }
        return "{\"keys\":[\(keys.joined(separator: ","))]}"
    }
}
