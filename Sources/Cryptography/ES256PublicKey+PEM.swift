extension ES256PublicKey {
    private static let pemHeader = "-----BEGIN PUBLIC KEY-----"
    private static let pemFooter = "-----END PUBLIC KEY-----"
    /// Longer texts are not even looked at.
    private static let longestPEM = 4096

    /// A SubjectPublicKeyInfo as text (RFC 7468, section 13), with a line feed at its end.
    package var pem: String {
        var lines = [Self.pemHeader]
        var rest = Base64Text.encode(P256Key.publicKeyHeader + x + y)[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        return (lines + [Self.pemFooter, ""]).joined(separator: "\n")
    }

    /// Reads what ``pem`` writes, with any line ends and line lengths.
    ///
    /// - Returns: `nil` unless the text is one public key of P-256 by name with an uncompressed point, and nothing
    ///   else.
    package init?(pem text: String) {
        guard text.utf8.count <= Self.longestPEM else { return nil }
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.count >= 3, lines[0] == Self.pemHeader, lines[lines.count - 1] == Self.pemFooter
        else { return nil }
        let header = P256Key.publicKeyHeader
        let count = header.count + 2 * P256Key.coordinateByteCount
        let base64 = lines.dropFirst().dropLast().joined()
        guard let encoded = Base64Text.decode(base64, count: count), encoded.starts(with: header) else {
            return nil
        }
        self.init(point: Array(encoded.dropFirst(header.count)))
    }
}
