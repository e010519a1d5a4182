/// What verifies the signatures of an ``ES256PrivateKey``: a point on P-256 that was checked to be one.
package struct ES256PublicKey: Sendable {
    /// 32 bytes each, the most significant first.
    package let x: [UInt8]
    package let y: [UInt8]
    private let key: P256Key

    /// - Returns: `nil` unless both have 32 bytes and are the coordinates of a point on the curve.
    package init?(x: [UInt8], y: [UInt8]) {
        guard x.count == P256Key.coordinateByteCount else { return nil }
        self.init(point: x + y)
    }

    init?(point: [UInt8]) {
        guard let key = P256Key(point: point) else { return nil }
        x = Array(point.prefix(P256Key.coordinateByteCount))
        y = Array(point.suffix(P256Key.coordinateByteCount))
        self.key = key
    }

    /// - Parameter signature: r and s, exactly 64 bytes; anything else is `false`.
    package func verify(signature: [UInt8], message: [UInt8]) -> Bool {
        key.verify(signature: signature, message: message)
    }
}

extension ES256PublicKey: Hashable {
    package static func == (left: ES256PublicKey, right: ES256PublicKey) -> Bool {
        left.x == right.x && left.y == right.y
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(x)
        hasher.combine(y)
    }
}

extension ES256PublicKey {
    /// The members that a JSON Web Key must have (RFC 7518, section 6.2.1), in lexicographic order. No value needs
    /// escaping.
    package var jwkMembers: [(name: String, value: String)] {
        [
            ("crv", "P-256"), ("kty", "EC"), ("x", Base64Text.encodeURLSafe(x)),
            ("y", Base64Text.encodeURLSafe(y)),
        ]
    }

    /// The key's name, 43 characters of base64url: SHA-256 over its members (RFC 7638).
    package var thumbprint: String {
        let members = jwkMembers.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ",")
        return Base64Text.encodeURLSafe(SHA256.hash(Array("{\(members)}".utf8)))
    }
}
