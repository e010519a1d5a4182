internal import Cryptography
internal import GatehouseCore

extension GatewayConfiguration {
    /// Names what stands in the files of this configuration at this moment, for the audit trail: SHA-256 over those of the
    /// files in their order, base64url.
    package var contentDigest: String {
        let digests = files.flatMap { path in
            SHA256.hash((try? ConfigurationFile.read(path, limit: .max).bytes) ?? [])
        }
        return Base64URL.encode(SHA256.hash(digests))
    }
}
