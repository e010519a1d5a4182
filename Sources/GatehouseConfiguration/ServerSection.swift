internal import GatehouseCore
internal import Proxy

/// `server`: where the gateway listens and where people reach it.
struct ServerSection {
    let listen: [ListenAddress]
    let publicOrigin: Origin?
    let threads: Int?
    let trustedProxies: TrustedProxies
    let trustsProxies: Bool
    let operationsListen: [ListenAddress]
    let drainDelay: Duration?

    private static let longestDrainDelay: Duration = .seconds(300)

    init(_ reader: MappingReader) {
        let proxies = TrustedProxiesSection(reader["trusted_proxies"])
        trustedProxies = proxies.proxies
        trustsProxies = !proxies.isEmpty
        listen = Self.listen(reader, proxies)
        operationsListen = Self.operationsListen(reader["operations_listen"], besides: listen)
        publicOrigin = reader["public_url"].flatMap(Self.publicOrigin)
        threads = reader["threads"].map { $0.integer() } ?? 0
        drainDelay =
            reader["drain_delay"].map {
                $0.duration(in: .zero...Self.longestDrainDelay, "waiting before the listeners close takes 0s to 5m")
            } ?? .seconds(5)
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

    private static func listen(_ reader: MappingReader, _ proxies: TrustedProxiesSection) -> [ListenAddress] {
        guard
            let fields = reader["listen"]?.filledList(
                "the gateway listens nowhere; write an address such as 127.0.0.1:8080"
            )
        else { return [] }
        var addresses: [ListenAddress] = []
        for field in fields {
            let source: Field? = if case .mapping = field.node.value { field.mapping()?["address"] } else { field }
            guard let source, let address = source.listenAddress() else { continue }
            if addresses.contains(address) {
                source.refuse("\(address) stands here twice; keep one of them")
                continue
            }
            if address.isOpenToOthers { checkOpen(address, source, proxies) }
            addresses.append(address)
        }
        return addresses
    }

    /// Plain HTTP is for this machine, or for the proxies that do TLS in front.
    private static func checkOpen(_ address: ListenAddress, _ field: Field, _ proxies: TrustedProxiesSection) {
        guard proxies.namesNetworks else {
            let port = if case .ip(_, let port) = address { port } else { UInt16(8080) }
            field.refuse(
                "\"\(address)\" can be reached from other machines, which needs server.trusted_proxies with the addresses of the "
                    + "proxies that do TLS in front (server.tls is not in this version); name them there, or listen on 127.0.0.1:\(port)"
            )
            return
        }
        field.warn(
            "passwords cross the network between the proxies and this address in plain text; let nobody else be on it"
        )
    }

    private static func operationsListen(_ field: Field?, besides listen: [ListenAddress]) -> [ListenAddress] {
        let fields = field?.filledList("the list is empty; write null, or leave the key out, to listen nowhere") ?? []
        var addresses: [ListenAddress] = []
        for field in fields {
            guard let address = field.listenAddress() else { continue }
            if listen.contains(address) {
                field.refuse("\(address) stands in server.listen already; operations need an address of their own")
            } else if addresses.contains(address) {
                field.refuse("\(address) stands here twice; keep one of them")
            } else {
                if address.isOpenToOthers {
                    field.warn(
                        "other machines reach this address, without signing in: metrics hold no secret, but they are not public either"
                    )
                }
                addresses.append(address)
            }
        }
        return addresses
    }
}
