internal import GatehouseCore
internal import Proxy

extension Field {
    /// An address to listen on, of this machine or open to others: `127.0.0.1:8080`, `[::]:8080`, `localhost:8080` or
    /// `unix:/PATH`. Names are not resolved.
    func listenAddress() -> ListenAddress? {
        guard let text = text() else { return nil }
        if text.hasPrefix("unix:") {
            return unixSocket(text.dropFirst(5)).map { .unixSocket(path: $0) }
        }
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
            refuse(
                "\(quoted(text)) is no address; write one with its port, as 127.0.0.1:8080 or [::1]:8080, or unix:/PATH"
            )
            return nil
        }
        let host = String(text[..<colon])
        if host.lowercased() == "localhost" { return .ip("127.0.0.1", port: port) }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = isBracketed ? String(host.dropFirst().dropLast()) : host
        if let address = SourceAddress(bare), bare.contains(":") == isBracketed {
            return .ip(address.description, port: port)
        }
        refuse(
            host.isEmpty || host == "*"
                ? "\(quoted(text)) does not say which address; write 127.0.0.1:\(port) for this machine alone, or 0.0.0.0:\(port) or "
                    + "[::]:\(port) for all networks"
                : "\(quoted(text)) is no address of this machine; write 127.0.0.1:\(port), [::1]:\(port) or localhost:\(port)"
        )
        return nil
    }

    /// The path of a Unix socket, taken from the folder of the file that names it.
    /// - Parameter path: what stands behind `unix:`.
    func unixSocket(_ path: Substring) -> String? {
        let resolved = ConfigurationFile.resolve(String(path), relativeTo: position.file)
        // sockaddr_un has 108 bytes, the last of them NUL.
        guard !path.isEmpty, resolved.utf8.count <= 107 else {
            refuse("a Unix socket is written unix:/run/gatehouse/http.sock, its path at most 107 bytes long")
            return nil
        }
        return resolved
    }

    /// 1 to 65535, without a sign or a leading zero.
    static func port(_ digits: Substring) -> UInt16? {
        guard !digits.isEmpty, digits.first != "0", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return UInt16(digits)
    }
}

extension ListenAddress {
    /// Whether a connection to `host` and `port`, made on this machine, ends at this listener, as far as the texts show.
    func isReached(by host: String, port: UInt16) -> Bool {
        guard case .ip(let listened, port) = self else { return false }
        let address = SourceAddress(host)
        let isThisMachine = host == "localhost" || address?.isLoopback == true
        if listened == "0.0.0.0" || listened == "::" { return isThisMachine || address?.description == listened }
        return address?.description == listened || (host == "localhost" && !isOpenToOthers)
    }
}
