package import GatehouseCore
package import Sessions

/// What the portal is told by the configuration file.
package struct PortalConfiguration: Sendable {
    /// The origin of `server.public_url`: the one base of links and redirects.
    package var origin: Origin
    package var lifetime: SessionLifetime
    package var cookies: CookieNames
    /// Stands in the head of each page and behind each title.
    package var productName: String
    /// By directory, what its people are asked about (`RealmConfiguration.factsDigest`). A session of a directory that is
    /// not here is none.
    package var factsDigests: [String: String]

    package init(
        origin: Origin,
        lifetime: SessionLifetime = SessionLifetime(),
        cookies: CookieNames,
        productName: String = "Gatehouse",
        factsDigests: [String: String]
    ) {
        self.origin = origin
        self.lifetime = lifetime
        self.cookies = cookies
        self.productName = productName
        self.factsDigests = factsDigests
    }
}
