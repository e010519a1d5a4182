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
    package var headers: HeaderConfiguration

    package init(upstream: UpstreamAddress, preserveHost: Bool = true, headers: HeaderConfiguration = .init()) {
        self.upstream = upstream
        self.preserveHost = preserveHost
        self.headers = headers
    }
}

/// Limits of time and size in the data plane (SECURITY.md, rule 14).
package struct ProxyLimits: Sendable {
    /// Bytes of a request's or response's head: start line and fields.
    package var headBytes = 64 * 1024
    package var fields = 100
    /// From the first byte of a request's head to its last.
    package var headTimeout: Duration = .seconds(10)
    /// A kept-alive connection without a request.
    package var idleTimeout: Duration = .seconds(60)
    /// Between two pieces of a request's body.
    package var bodyTimeout: Duration = .seconds(30)
    /// Between two pieces that a client takes of a response.
    package var writeTimeout: Duration = .seconds(60)
    package var connectTimeout: Duration = .seconds(5)
    /// From the whole request to the first byte of the response.
    package var firstByteTimeout: Duration = .seconds(60)
    /// Between two pieces of a response.
    package var responseTimeout: Duration = .seconds(60)
    /// What is read of a body that nobody wants, so that its connection can be kept.
    package var drainBytes = 64 * 1024
    /// Idle connections kept per upstream and event loop.
    package var idleUpstreamConnections = 32
    package var upstreamIdleTimeout: Duration = .seconds(55)

    package init() {}
}

/// Everything that requests are judged and forwarded by, immutable; one exchange keeps the one that it began with.
package final class ProxySnapshot: Sendable {
    /// Grows with each reload; caches are keyed by it.
    package let number: UInt64
    package let routes: RouteTable
    package let authorizer: Authorizer
    package let forwarding: [ForwardingConfiguration]
    package let cookies: CookieNames
    package let limits: ProxyLimits
    let strippedNames: [IdentityFieldNames]
    let renderers: [IdentityRenderer]

    package init(
        number: UInt64,
        routes: RouteTable,
        forwarding: [ForwardingConfiguration],
        cookies: CookieNames,
        limits: ProxyLimits = ProxyLimits()
    ) {
        precondition(routes.apps.count == forwarding.count, "each app needs its forwarding")
        self.number = number
        self.routes = routes
        self.authorizer = Authorizer(routes)
        self.forwarding = forwarding
        self.cookies = cookies
        self.limits = limits
        strippedNames = forwarding.map { IdentityFieldNames(headers: $0.headers) }
        renderers = forwarding.map { IdentityRenderer(headers: $0.headers) }
    }
}
