/// An http or https origin (RFC 6454): scheme, host in lower case without a trailing dot, port.
package struct Origin: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Hashable, Sendable {
        case http
        case https

        package var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// A registered name or an IPv4 address, or an IPv6 address in brackets.
    package let host: String
    package let port: UInt16

    /// - Parameter host: already in canonical form, as ``HostName/canonical(_:)`` gives it.
    package init(scheme: Scheme, host: String, port: UInt16? = nil) {
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.defaultPort
    }

    /// Reads `https://login.example.com` or `http://login.gw.localhost:8080`, with or without the final slash; no path, query,
    /// fragment or user.
    package init?(_ text: String) {
        guard let (origin, rest) = Self.split(text), rest.isEmpty || rest == "/" else { return nil }
        self = origin
    }

    /// Splits an absolute URL into its origin and the rest (path, query), refusing user information, back-slashes,
    /// controls, fragments and everything else that two parsers could read in two ways (docs/security-rules.md, rule 10).
    package static func split(_ url: String) -> (origin: Origin, rest: Substring)? {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C && $0 != 0x23 }) else { return nil }
        let scheme: Scheme
        let afterScheme: Substring
        let lower = url.lowercased()
        if lower.hasPrefix("https://") {
            scheme = .https
            afterScheme = url.dropFirst(8)
        } else if lower.hasPrefix("http://") {
            scheme = .http
            afterScheme = url.dropFirst(7)
        } else {
            return nil
        }
        let end = afterScheme.firstIndex { $0 == "/" || $0 == "?" } ?? afterScheme.endIndex
        guard let (host, port) = HostName.split(authority: afterScheme[..<end]) else { return nil }
        return (Origin(scheme: scheme, host: host, port: port), afterScheme[end...])
    }

    /// Whether this origin is reached without leaving the machine: `localhost`, a name below it, or a loopback address.
    package var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || SourceAddress(host)?.isLoopback == true
            || (host.hasPrefix("[") && SourceAddress(String(host.dropFirst().dropLast()))?.isLoopback == true)
    }

    /// The value of a Host field for this origin: the port only where it is not the scheme's own.
    package var authority: String {
        port == scheme.defaultPort ? host : "\(host):\(port)"
    }

    package var description: String { "\(scheme.rawValue)://\(authority)" }
}

/// Host names in one spelling (docs/security-rules.md, rule 9).
package enum HostName {
    /// Lower case, one trailing dot removed. `nil` for what is no registered name of letters, digits, `-`, `_` and `.`,
    /// and no address.
    package static func canonical(_ text: some StringProtocol) -> String? {
        // Before lower case is made: U+212A, the Kelvin sign, would become a plain "k".
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var name = text.lowercased()
        if name.hasPrefix("[") {
            guard name.hasSuffix("]"), let address = SourceAddress(String(name.dropFirst().dropLast())) else {
                return nil
            }
            return address.isIPv4 ? nil : "[\(address)]"
        }
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        for label in name.split(separator: ".", omittingEmptySubsequences: false) {
            guard !label.isEmpty, label.utf8.count <= 63,
                label.utf8.allSatisfy({
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
                })
            else { return nil }
        }
        return name
    }

    /// Splits `host[:port]`; the port is digits without a leading zero, 1 to 65535.
    package static func split(authority: some StringProtocol) -> (host: String, port: UInt16?)? {
        var name = String(authority)
        var port: UInt16?
        let afterBracket = name.lastIndex(of: "]") ?? name.startIndex
        if let colon = name[afterBracket...].lastIndex(of: ":") {
            let digits = name[name.index(after: colon)...]
            guard !digits.isEmpty, digits.first != "0", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt16(digits)
            else { return nil }
            port = number
            name = String(name[..<colon])
        }
        guard let host = canonical(name) else { return nil }
        return (host, port)
    }
}
