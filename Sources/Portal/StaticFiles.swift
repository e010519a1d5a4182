internal import NIOCore

/// What is the same for everybody.
struct StaticFiles: Sendable {
    let environment: PortalEnvironment

    /// The style sheet and the icon, below `/.gatehouse/assets/` on every host.
    var assets: [PortalRouter.Page] {
        Assets.all.map { asset in
            .get(asset.path) { _ in
                PortalResponse(
                    status: 200,
                    fields: [("Content-Type", asset.contentType)] + environment.security.asset,
                    body: asset.body
                )
            }
        }
    }

    @Sendable
    func icon(_ visit: Visit) async throws -> PortalResponse {
        PortalResponse(
            status: 200,
            fields: [
                ("Content-Type", Assets.icon.contentType), ("Cache-Control", "public, max-age=86400"),
                ("X-Content-Type-Options", "nosniff"),
            ],
            body: Assets.icon.body
        )
    }

    /// A sign-in page has no place in a search engine.
    @Sendable
    func robots(_ visit: Visit) async throws -> PortalResponse {
        PortalResponse(
            status: 200,
            fields: [
                ("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "public, max-age=86400"),
                ("X-Content-Type-Options", "nosniff"),
            ],
            body: ByteBuffer(string: "User-agent: *\nDisallow: /\n")
        )
    }
}
