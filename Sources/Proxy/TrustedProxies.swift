package import GatehouseCore

/// `server.trusted_proxies`: the peers whose `X-Forwarded-*` is believed (docs/security-rules.md, rule 3). Empty by default.
package struct TrustedProxies: Sendable, Equatable {
    package let networks: [Network]
    /// Whoever may connect to a Unix socket of ours, written as `unix:`.
    package let includesUnixSockets: Bool

    package init(networks: [Network] = [], includesUnixSockets: Bool = false) {
        self.networks = networks
        self.includesUnixSockets = includesUnixSockets
    }

    package static let none = TrustedProxies()

    package var isEmpty: Bool { networks.isEmpty && !includesUnixSockets }

    /// - Parameter peer: of a socket; `nil` on a Unix socket.
    package func contains(_ peer: SourceAddress?) -> Bool {
        guard let peer else { return includesUnixSockets }
        return networks.contains { $0.contains(peer) }
    }
}
