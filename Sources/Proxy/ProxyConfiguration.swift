internal import GatehouseCore
internal import HTTPWire
package import Identity
package import Policy
package import Sessions

/// Where the data plane listens.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IP address literal without brackets, and a port.
    case ip(String, port: UInt16)
    case unixSocket(path: String)

    package var description: String {
        switch self {
        case .ip(let address, let port): address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .unixSocket(let path): "unix:\(path)"
        }
    }
}

extension ListenAddress {
    /// Whether something else than this machine may connect.
    package var isOpenToOthers: Bool {
        switch self {
        case .ip(let address, _): SourceAddress(address)?.isLoopback != true
        case .unixSocket: false
        }
    }
}

/// One server that an app runs on; plain HTTP/1.1 in this version.
package struct UpstreamAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address literal without brackets.
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    package var authority: String { (host.contains(":") ? "[\(host)]" : host) + (port == 80 ? "" : ":\(port)") }
    package var description: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// How requests of one app are forwarded. The app's place in the list is its place in the route table.
package struct ForwardingConfiguration: Sendable {
    package var upstream: UpstreamAddress
    /// The app sees the Host that the browser sent; otherwise the upstream's own.
    package var preserveHost: Bool
    package let headers: HeaderConfiguration
    /// Requests at these paths are no activity: they leave a session's idle end where it is.
    package var passive: [PathPattern]
    /// Permitted requests are for the audit trail too, as denied ones are.
    package var auditsPermitted: Bool

    package init(
        upstream: UpstreamAddress,
        preserveHost: Bool = true,
        headers: HeaderConfiguration = .init(),
        passive: [PathPattern] = [],
        auditsPermitted: Bool = false
    ) {
        self.upstream = upstream
        self.preserveHost = preserveHost
        self.headers = headers
        self.passive = passive
        self.auditsPermitted = auditsPermitted
        setsKnownFields = headers.set.contains { FieldKind.of($0.name) != .other }
    }

    /// The app is set a field of a name that requests usually pass without a look at it (`Authorization`,
    /// `Accept-Language`, …): the client's own must not stand beside it.
    let setsKnownFields: Bool
}

/// Limits of time and size in the data plane (docs/security-rules.md, rule 14).
package struct ProxyLimits: Sendable {
    /// Bytes of a request's or response's head: start line and fields.
    package var headBytes = 64 * 1024
    package var fields = 100
    /// From the first byte of a request's head to its last.
    package var headTimeout: Duration = .seconds(10)
    /// A kept-alive connection without a request.
    package var idleTimeout: Duration = .seconds(60)
    /// Within which ``bodyPiece`` more of a request's body, or the rest of it, must arrive.
    package var bodyTimeout: Duration = .seconds(30)
    /// In bytes: what a body must at least grow by to earn another ``bodyTimeout``.
    package var bodyPiece = 4 * 1024
    /// Between two pieces that a client takes of a response, or an upstream of a request.
    package var writeTimeout: Duration = .seconds(60)
    package var connectTimeout: Duration = .seconds(5)
    /// From the whole request to the first byte of the response.
    package var firstByteTimeout: Duration = .seconds(60)
    /// Between two pieces of a response.
    package var responseTimeout: Duration = .seconds(60)
    /// What is read of a body that nobody wants, so that its connection can be kept.
    package var drainBytes = 64 * 1024
    /// Idle connections kept per upstream and event loop. What is closed above it is opened again by the next burst, which
    /// costs more than the request itself.
    package var idleUpstreamConnections = 256
    package var upstreamIdleTimeout: Duration = .seconds(55)

    package init() {}
}

/// Everything that requests are judged and forwarded by, immutable; one exchange keeps the one that it began with.
package final class ProxySnapshot: Sendable {
    /// Grows with each reload: tells in a log or a test under which configuration something was decided.
    package let number: UInt64
    package let routes: RouteTable
    package let authorizer: Authorizer
    package let forwarding: [ForwardingConfiguration]
    package let cookies: CookieNames
    package let limits: ProxyLimits
    package let trustedProxies: TrustedProxies
    /// By directory: what its people are asked for (`RealmConfiguration.factsDigest`). A session of another directory is
    /// nobody's, one with another digest is read anew before it is judged.
    package let factsDigests: [String: String]
    /// Whether there is anybody whose word about a request counts.
    let trustsProxies: Bool
    let strippedNames: [IdentityFieldNames]
    let renderers: [IdentityRenderer]

    package init(
        number: UInt64,
        routes: RouteTable,
        forwarding: [ForwardingConfiguration],
        cookies: CookieNames,
        limits: ProxyLimits = ProxyLimits(),
        trustedProxies: TrustedProxies = .none,
        factsDigests: [String: String]
    ) {
        precondition(routes.apps.count == forwarding.count, "each app needs its forwarding")
        self.number = number
        self.routes = routes
        self.authorizer = Authorizer(routes)
        self.forwarding = forwarding
        self.cookies = cookies
        self.limits = limits
        self.trustedProxies = trustedProxies
        self.factsDigests = factsDigests
        trustsProxies = !trustedProxies.isEmpty
        strippedNames = zip(forwarding, routes.apps).map { forwarding, app in
            IdentityFieldNames(headers: forwarding.headers, judgesMethods: app.rules.contains { $0.methods != nil })
        }
        renderers = forwarding.map { IdentityRenderer(headers: $0.headers) }
    }
}
