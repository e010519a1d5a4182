internal import NIOCore

/// `/.well-known/jwks.json` on the portal's host: the keys by which applications check the assertion (RFC 7517). They are
/// public, and may be kept for five minutes; the next key is published an hour before its time.
struct KeySet: Sendable {
    let environment: PortalEnvironment

    @Sendable
    func show(_ visit: Visit) async throws -> PortalResponse {
        // An empty set would be believed: every assertion would seem forged for five minutes.
        guard let keys = environment.services.jwks() else { throw PageFailure(.unavailable) }
        return PortalResponse(
            status: 200,
            fields: [
                ("Content-Type", "application/jwk-set+json"), ("Cache-Control", "public, max-age=300"),
                ("X-Content-Type-Options", "nosniff"),
            ],
            body: ByteBuffer(string: keys)
        )
    }
}
