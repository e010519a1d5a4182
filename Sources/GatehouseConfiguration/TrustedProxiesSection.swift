internal import GatehouseCore
internal import Proxy

/// `server.trusted_proxies`
struct TrustedProxiesSection {
    let proxies: TrustedProxies
    /// Nothing stands there, neither right nor wrong.
    let isEmpty: Bool
    /// Something other than `unix:` stands there, be it right or wrong: who listens for other machines has said whom
    /// they are.
    let namesNetworks: Bool

    init(_ field: Field?) {
        var networks: [Network] = []
        var includesUnixSockets = false
        let fields = field?.list() ?? []
        for field in fields {
            guard let text = field.text() else { continue }
            if text == "unix:" {
                if includesUnixSockets { field.refuse("\"unix:\" stands here twice; keep one of them") }
                includesUnixSockets = true
            } else if let network = Self.network(text, field) {
                if networks.contains(network) {
                    field.refuse("\(network) stands here twice; keep one of them")
                } else {
                    networks.append(network)
                }
            }
        }
        proxies = TrustedProxies(networks: networks, includesUnixSockets: includesUnixSockets)
        isEmpty = fields.isEmpty
        namesNetworks = fields.count > (includesUnixSockets ? 1 : 0)
    }

    private static func network(_ text: String, _ field: Field) -> Network? {
        guard let network = Network(text) else {
            field.refuse(
                text.hasPrefix("unix:")
                    ? "write \"unix:\" alone: it stands for every Unix socket of \"listen\""
                    : "\(quoted(text)) is no network; write an address as 127.0.0.1, a network as 10.0.0.0/8 or 2001:db8::/32 (no bit "
                        + "set behind the prefix), or unix:"
            )
            return nil
        }
        // Also ::ffff:0:0/96, which is 0.0.0.0/0 in another spelling.
        if ["0.0.0.0/0", "::/0"].contains(network.description) {
            field.warn(
                "everybody may name any address as their own: limits and \"networks\" mean nothing then. Name the proxies alone"
            )
        }
        return network
    }
}
