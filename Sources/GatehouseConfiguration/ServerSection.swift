internal import GatehouseCore
internal import Proxy

/// `server`: where the gateway listens and where people reach it.
struct ServerSection {
    let listen: [ListenAddress]
    let publicOrigin: Origin?
    let threads: Int?

    init(_ reader: MappingReader) {
        listen = Self.listen(reader)
        publicOrigin = reader["public_url"].flatMap(Self.publicOrigin)
        threads = reader["threads"].map { $0.integer() } ?? 0
    }

    private static func publicOrigin(_ field: Field) -> Origin? {
        guard let text = field.text() else { return nil }
        guard let origin = Origin(text) else {
            field.refuse(
                // Not repeated: a user and a password could stand in it.
                "this is no origin; write scheme, host and perhaps a port, as https://login.example.com, and nothing more"
            )
            return nil
        }
        guard origin.scheme == .https || origin.isLoopback else {
            field.refuse(
                "people would type their passwords over plain http; write https://\(origin.host) (http is for localhost, "
                    + "*.localhost and 127.0.0.1)"
            )
            return nil
        }
        return origin
    }

    private static func listen(_ reader: MappingReader) -> [ListenAddress] {
        guard
            let fields = reader["listen"]?.filledList(
                "the gateway listens nowhere; write an address such as 127.0.0.1:8080"
            )
        else { return [] }
        var addresses: [ListenAddress] = []
        for field in fields {
            let source: Field? = if case .mapping = field.node.value { field.mapping()?["address"] } else { field }
            guard let source, let text = source.text(), let address = address(text, source) else { continue }
            if addresses.contains(address) {
                source.refuse("\(address) stands here twice; keep one of them")
            } else {
                addresses.append(address)
            }
        }
        return addresses
    }

    private static func address(_ text: String, _ field: Field) -> ListenAddress? {
        if text.hasPrefix("unix:") {
            let path = ConfigurationFile.resolve(String(text.dropFirst(5)), relativeTo: field.position.file)
            // sockaddr_un has 108 bytes, the last of them NUL.
            guard !text.dropFirst(5).isEmpty, path.utf8.count <= 107 else {
                field.refuse("a Unix socket is written unix:/run/gatehouse/http.sock, its path at most 107 bytes long")
                return nil
            }
            return .unixSocket(path: path)
        }
        guard let colon = text.lastIndex(of: ":"), let port = port(text[text.index(after: colon)...]) else {
            field.refuse(
                "\(quoted(text)) is no address; write one with its port, as 127.0.0.1:8080 or [::1]:8080, or unix:/PATH"
            )
            return nil
        }
        let host = String(text[..<colon])
        if host.lowercased() == "localhost" { return .ip("127.0.0.1", port: port) }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = isBracketed ? String(host.dropFirst().dropLast()) : host
        if let address = SourceAddress(bare), bare.contains(":") == isBracketed, address.isLoopback {
            return .ip(address.description, port: port)
        }
        let isElsewhere = host.isEmpty || host == "*" || SourceAddress(bare) != nil && bare.contains(":") == isBracketed
        field.refuse(
            isElsewhere
                ? "\(quoted(text)) can be reached from other machines, which needs server.tls or server.trusted_proxies, and neither "
                    + "is in this version; listen on 127.0.0.1:\(port), and put a proxy that does TLS in front, on this machine"
                : "\(quoted(text)) is no address of this machine; write 127.0.0.1:\(port), [::1]:\(port) or localhost:\(port)"
        )
        return nil
    }

    private static func port(_ digits: Substring) -> UInt16? {
        guard !digits.isEmpty, digits.first != "0", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return UInt16(digits)
    }
}
