package import GatehouseCore

/// Which application a host and path belong to. Pure look-up over bytes; built once per configuration snapshot.
package final class RouteTable: Sendable {
    /// An app by its place in the configuration.
    package typealias AppIndex = Int

    package enum Site: Equatable, Sendable {
        case portal
        case apps
    }

    struct Prefix: Sendable {
        let path: [UInt8]
        let folded: [UInt8]
        let app: AppIndex
    }

    /// A class: every exchange holds the one that it found.
    final class HostEntry: Sendable {
        let name: [UInt8]
        let text: String
        let site: Site
        /// Longest first.
        let prefixes: [Prefix]

        init(name: [UInt8], text: String, site: Site, prefixes: [Prefix]) {
            self.name = name
            self.text = text
            self.site = site
            self.prefixes = prefixes
        }
    }

    package let apps: [AppPolicy]
    package let roles: RoleTable
    package let portal: Origin
    private let hosts: [UInt64: [HostEntry]]
    let compiled: [CompiledApp]

    struct CompiledApp: Sendable {
        let rulesNameCapitals: Bool
    }

    /// A host that is configured, as ``host(of:)`` finds it.
    package struct Host: Sendable {
        let entry: HostEntry
        package var site: Site { entry.site }
        package var name: String { entry.text }
    }

    package init(apps: [AppPolicy], roles: RoleTable, portal: Origin) {
        self.apps = apps
        self.roles = roles
        self.portal = portal
        var prefixesByHost: [String: [Prefix]] = [:]
        for (index, app) in apps.enumerated() {
            for host in app.hosts {
                for path in app.paths.isEmpty ? [""] : app.paths {
                    let bytes = Array(path.utf8)
                    prefixesByHost[host, default: []].append(
                        Prefix(path: bytes, folded: PathReadings.fold(bytes), app: index)
                    )
                }
            }
        }
        var hosts: [UInt64: [HostEntry]] = [:]
        for (host, prefixes) in prefixesByHost where host != portal.host {
            let name = Array(host.utf8)
            let sorted = prefixes.sorted { $0.path.count > $1.path.count }
            hosts[Self.hash(name), default: []].append(HostEntry(name: name, text: host, site: .apps, prefixes: sorted))
        }
        let portalName = Array(portal.host.utf8)
        hosts[Self.hash(portalName), default: []].append(
            HostEntry(name: portalName, text: portal.host, site: .portal, prefixes: [])
        )
        self.hosts = hosts
        compiled = apps.map { app in
            let prefixesNameCapitals = app.hosts.contains { host in
                prefixesByHost[host, default: []].contains { $0.path != $0.folded }
            }
            return CompiledApp(
                rulesNameCapitals: prefixesNameCapitals || app.rules.contains { $0.path.namesCapitals }
            )
        }
    }

    /// The configured host that an authority (`host[:port]`, the Host field's value) names: case-insensitive, one
    /// trailing dot and any valid port ignored. `nil` is a 421.
    package func host(of authority: Span<UInt8>) -> Host? {
        guard let length = Self.hostLength(of: authority) else { return nil }
        var hash: UInt64 = Self.hashSeed
        for index in 0..<length { hash = Self.step(hash, Self.lower(authority[index])) }
        guard let entries = hosts[hash] else { return nil }
        for entry in entries where entry.name.count == length {
            var equal = true
            for index in 0..<length where Self.lower(authority[index]) != entry.name[index] {
                equal = false
                break
            }
            if equal { return Host(entry: entry) }
        }
        return nil
    }

    /// The app that a canonical path belongs to on an app host; the longest prefix wins.
    package func app(on host: Host, path: Span<UInt8>) -> AppIndex? {
        app(on: host, path: path, caseFolded: false)
    }

    func app(on host: Host, path: Span<UInt8>, caseFolded: Bool) -> AppIndex? {
        let prefixes = host.entry.prefixes
        for position in prefixes.indices {
            let expected = caseFolded ? prefixes[position].folded : prefixes[position].path
            guard path.count >= expected.count else { continue }
            guard path.count == expected.count || path[expected.count] == CanonicalPath.slash else { continue }
            var equal = true
            for index in 0..<expected.count where path[index] != expected[index] {
                equal = false
                break
            }
            if equal { return prefixes[position].app }
        }
        return nil
    }

    /// Length of the host in `host[:port]` without a trailing dot; `nil` when the port is no port.
    private static func hostLength(of authority: Span<UInt8>) -> Int? {
        var length = authority.count
        var index = authority.count - 1
        var digits = 0
        while index >= 0, (0x30...0x39).contains(authority[index]) {
            digits += 1
            index -= 1
        }
        if index >= 0, authority[index] == 0x3A {
            guard (1...5).contains(digits), authority[index + 1] != 0x30 else { return nil }
            var port = 0
            for position in index + 1..<authority.count { port = port * 10 + Int(authority[position] - 0x30) }
            guard port <= 65535 else { return nil }
            length = index
        }
        if length > 0, authority[length - 1] == 0x2E { length -= 1 }
        return length > 0 && length <= 253 ? length : nil
    }

    private static let hashSeed: UInt64 = 0xCBF2_9CE4_8422_2325

    private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(hashSeed, step)
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
}
