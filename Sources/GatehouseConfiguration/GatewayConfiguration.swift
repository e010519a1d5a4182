package import Directory
package import GatehouseCore
package import Policy
package import Proxy
package import Sessions

/// One configuration, read, validated and immutable: what the gateway runs by until the next reload.
package struct GatewayConfiguration: Sendable {
    /// What was read: the main file, then the included ones in their order.
    package let files: [String]
    package let listen: [ListenAddress]
    package let publicOrigin: Origin
    /// Event loops; 0 is one for each core.
    package let threads: Int
    /// Of the gateway's own secret. It may not exist yet: `serve` makes it.
    package let keyFile: String
    package let realm: RealmConfiguration
    package let roles: RoleTable
    package let apps: [AppPolicy]
    /// By app, in the order of ``apps``.
    package let forwarding: [ForwardingConfiguration]
    package let lifetime: SessionLifetime
    /// What `serve` has to say of this configuration.
    package let warnings: [ConfigurationProblem]

    package var cookies: CookieNames { CookieNames(portal: publicOrigin.scheme) }

    package func routeTable() -> RouteTable {
        RouteTable(apps: apps, roles: roles, portal: publicOrigin)
    }

    /// - Parameter number: larger than that of any snapshot before.
    package func proxySnapshot(number: UInt64) -> ProxySnapshot {
        ProxySnapshot(number: number, routes: routeTable(), forwarding: forwarding, cookies: cookies)
    }
}
