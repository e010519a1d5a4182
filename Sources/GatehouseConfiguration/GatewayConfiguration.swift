package import Audit
package import Directory
package import GatehouseCore
package import Policy
package import Proxy
package import RedisClient
package import Sessions

/// One configuration, read, validated and immutable: what the gateway runs by until the next reload.
package struct GatewayConfiguration: Sendable {
    /// What was read: the main file, then the included ones in their order.
    package let files: [String]
    package let listen: [ListenAddress]
    package let publicOrigin: Origin
    /// Event loops; 0 is one for each core.
    package let threads: Int
    package let trustedProxies: TrustedProxies
    /// Where `/healthz`, `/readyz` and `/metrics` answer; empty is nowhere.
    package let operationsListen: [ListenAddress]
    /// How long readiness says no before the listeners close: 0 s to 5 min.
    package let drainDelay: Duration
    /// Of the gateway's own secret. It may not exist yet: `serve` makes it.
    package let keyFile: String
    /// Of the secrets before it; when the configuration was read each had 32 bytes that its owner alone can read.
    package let previousKeyFiles: [String]
    /// `nil` keeps sessions and counted failures in memory.
    package let redis: RedisConfiguration?
    package let realm: RealmConfiguration
    package let roles: RoleTable
    package let apps: [AppPolicy]
    /// By app, in the order of ``apps``.
    package let forwarding: [ForwardingConfiguration]
    package let lifetime: SessionLifetime
    package let signInLimits: SignInLimits
    package let audit: AuditConfiguration
    /// What `serve` has to say of this configuration.
    package internal(set) var warnings: [ConfigurationProblem]
    /// Where each key of the main file stands.
    let places: KeyPlaces

    package var cookies: CookieNames { CookieNames(portal: publicOrigin.scheme) }

    package func routeTable() -> RouteTable {
        RouteTable(apps: apps, roles: roles, portal: publicOrigin)
    }

    /// - Parameter number: larger than that of any snapshot before.
    package func proxySnapshot(number: UInt64) -> ProxySnapshot {
        ProxySnapshot(
            number: number,
            routes: routeTable(),
            forwarding: forwarding,
            cookies: cookies,
            trustedProxies: trustedProxies,
            factsDigests: [realm.name: realm.factsDigest]
        )
    }
}
