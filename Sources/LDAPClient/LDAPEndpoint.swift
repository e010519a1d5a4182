package import GatehouseCore

/// How one directory server is reached: transport, name and the trust that is demanded of it.
package struct LDAPEndpoint: Hashable, Sendable, CustomStringConvertible {
    package enum Transport: Hashable, Sendable {
        /// `ldaps://`: TLS from the first byte.
        case tls
        /// `ldap://` with StartTLS before anything else is sent; no fallback.
        case startTLS
        /// `ldap://` without TLS: loopback only, or said to be insecure.
        case plaintext
        /// `ldapi://`: a Unix socket.
        case unixSocket(path: String)
    }

    package let transport: Transport
    /// The name or address in the URL, without brackets: it is resolved, and certificates are checked against it.
    package let host: String
    package let port: UInt16

    package init(transport: Transport, host: String, port: UInt16) {
        self.transport = transport
        self.host = host
        self.port = port
    }

    /// Reads `ldaps://host[:port]`, `ldap://host[:port]` or `ldapi://%2Fpath`; nothing may follow.
    /// - Parameter startTLS: what an `ldap://` URL means.
    package init?(_ url: String, startTLS: Bool) {
        let lower = url.lowercased()
        if lower.hasPrefix("ldapi://") {
            guard let path = Self.percentDecoded(url.dropFirst(8)), path.hasPrefix("/"), !path.utf8.contains(0) else {
                return nil
            }
            self.init(transport: .unixSocket(path: path), host: "localhost", port: 0)
            return
        }
        let secure = lower.hasPrefix("ldaps://")
        guard secure || lower.hasPrefix("ldap://") else { return nil }
        var authority = url.dropFirst(secure ? 8 : 7)
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard let (host, port) = HostName.split(authority: authority) else { return nil }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.init(
            transport: secure ? .tls : startTLS ? .startTLS : .plaintext,
            host: bare,
            port: port ?? (secure ? 636 : 389)
        )
    }

    package var isLoopback: Bool {
        if case .unixSocket = transport { return true }
        return host == "localhost" || SourceAddress(host)?.isLoopback == true
    }

    package var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return switch transport {
        case .tls: "ldaps://\(name):\(port)"
        case .startTLS, .plaintext: "ldap://\(name):\(port)"
        case .unixSocket(let path): "ldapi://\(path)"
        }
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// Who the gateway is to the directory: its service account.
package enum LDAPBindIdentity: Sendable {
    /// No bind at all: the search runs as anonymous.
    case anonymous
    /// Simple bind (RFC 4513, section 5.1.3). The password is never empty.
    case simple(dn: String, password: Secret)
    /// SASL EXTERNAL: the client certificate of the TLS connection, or the peer of an `ldapi://` socket.
    case external
}

/// Settings of one group of equal servers, tried in order.
package struct LDAPClientConfiguration: Sendable {
    package var endpoints: [LDAPEndpoint]
    package var identity: LDAPBindIdentity
    /// PEM file of the authorities that may sign the servers' certificates; `nil` is the system's own store.
    package var certificateAuthorityFile: String?
    /// PEM files of the client certificate for SASL EXTERNAL over TLS.
    package var clientCertificateFile: String?
    package var clientKeyFile: String?
    /// How long connecting, TLS and the service bind of one server may take together.
    package var connectTimeout: Duration = .seconds(2)
    /// How long one operation may take, from asking for a connection to its last result; over that it failed.
    package var operationTimeout: Duration = .seconds(3)
    /// Connections that search, at most.
    package var searchConnections: Int = 4
    /// Connections that do nothing but user binds, at most.
    package var bindConnections: Int = 4
    /// Sign-ins that wait for one of those, at most; one more is refused at once. With Argon2's 20 ms four connections
    /// serve several times as many within the deadline.
    package var bindWaiters: Int = 64

    package init(endpoints: [LDAPEndpoint], identity: LDAPBindIdentity) {
        self.endpoints = endpoints
        self.identity = identity
    }
}
