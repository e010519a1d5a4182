internal import GatehouseCore
internal import Policy

/// Where one application is reached: `hosts`, `paths` and `origin`.
struct AppSites {
    private(set) var hosts: [(value: String, field: Field)] = []
    private(set) var paths: [(value: String, field: Field)] = []
    /// By host; empty where a problem was reported.
    private(set) var origins: [String: Origin] = [:]
    let originField: Field?

    init(_ reader: MappingReader, _ publicOrigin: Origin?) {
        originField = reader["origin"]
        for field in reader["hosts"]?.filledList("name the host that browsers ask for, as crm.example.com") ?? [] {
            guard let host = Self.host(field) else { continue }
            if hosts.contains(where: { $0.value == host }) {
                field.refuse("\(quoted(host)) stands here twice; keep one of them")
            } else {
                hosts.append((host, field))
            }
        }
        for field in reader["paths"]?.filledList("the list is empty; leave the key out for the whole host") ?? [] {
            guard let path = Self.path(field) else { continue }
            if paths.contains(where: { $0.value.lowercased() == path.lowercased() }) {
                field.refuse("\(quoted(path)) stands here twice (case does not count); keep one of them")
            } else {
                paths.append((path, field))
            }
        }
        guard let publicOrigin else { return }
        let own = reader["origin"].map { origin($0, publicOrigin) }
        guard let pattern = own ?? publicOrigin else { return }
        for (host, field) in hosts {
            let origin = Origin(scheme: pattern.scheme, host: host, port: pattern.port)
            if origin.scheme == .http, !origin.isLoopback {
                field.refuse(
                    "server.public_url is http, which is for this machine alone, and \(quoted(host)) is not: use a name below "
                        + "localhost, as \(host.prefix { $0 != "." }).gw.localhost, or https"
                )
            }
            origins[host] = origin
        }
    }

    private static func host(_ field: Field) -> String? {
        guard let text = field.text() else { return nil }
        if let host = HostName.canonical(text) { return host }
        if text.contains("*") {
            field.refuse("a host is written out; \"*\" is not known here")
        } else if let (host, port) = HostName.split(authority: text), port != nil {
            field.refuse(
                "the port is no part of the match; write \(quoted(host)), and the port in \"origin\" if it needs one"
            )
        } else if let (origin, _) = Origin.split(text) {
            field.refuse("this is a URL; write the host alone: \(quoted(origin.host))")
        } else {
            field.refuse(
                "\(quoted(text)) is no host name; write one such as crm.example.com, international names in their xn-- form"
            )
        }
        return nil
    }

    private static func path(_ field: Field) -> String? {
        guard let text = field.text() else { return nil }
        func refuse(_ message: String) -> String? {
            field.refuse("\(quoted(text)) is no path prefix: \(message)")
            return nil
        }
        guard text.hasPrefix("/") else { return refuse("it begins with a slash, as /crm") }
        guard text != "/" else { return refuse("leave \"paths\" out for the whole host") }
        guard !text.hasSuffix("/") else { return refuse("write it without the slash at its end") }
        // ";" begins parameters: one of the readings of a path has none, so that such a prefix would never match.
        guard !text.contains(where: { "*{}?#;".contains($0) }) else {
            return refuse("it is plain text, without *, {name}, ?, # or ;")
        }
        do throws(CanonicalPath.Refusal) {
            let bytes = Array(text.utf8)
            if case .rewritten(let form) = try CanonicalPath.form(
                of: bytes.span,
                keepEncodedSlash: false,
                mergeSlashes: true
            ), form != bytes {
                let judged = quoted(String(decoding: form, as: UTF8.self))
                return refuse("paths are judged in one form, which of this is \(judged)")
            }
        } catch {
            return refuse(error.rawValue)
        }
        guard text.lowercased() != "/.gatehouse", !text.lowercased().hasPrefix("/.gatehouse/") else {
            return refuse("/.gatehouse belongs to the gateway on every host")
        }
        return text
    }

    private func origin(_ field: Field, _ publicOrigin: Origin) -> Origin? {
        guard let text = field.text() else { return nil }
        guard let origin = Origin(text) else {
            field.refuse(
                // Not repeated: a user and a password could stand in it.
                "this is no origin; write scheme, host and perhaps a port, as https://crm.example.com, and nothing more"
            )
            return nil
        }
        guard origin.scheme == publicOrigin.scheme else {
            field.refuse(
                "the scheme is that of server.public_url; write \(publicOrigin.scheme.rawValue)://\(origin.host)"
            )
            return nil
        }
        guard hosts.isEmpty || hosts.contains(where: { $0.value == origin.host }) else {
            field.refuse("its host is none of the app's hosts (\(listed(hosts.map(\.value), "and")))")
            return nil
        }
        return origin
    }
}

/// Which app has which host and path: each belongs to one.
struct SiteClaims {
    let portal: Origin?
    private var owners: [String: [(path: String, app: String)]] = [:]
    private var origins: [String: (origin: Origin, app: String)] = [:]

    init(portal: Origin?) {
        self.portal = portal
    }

    mutating func add(_ sites: AppSites, app: String) {
        for (host, field) in sites.hosts {
            if let portal, host == portal.host {
                field.refuse("this is the portal's host (server.public_url); an app needs one of its own")
                continue
            }
            for (path, field) in sites.paths.isEmpty ? [("", field)] : sites.paths {
                // Paths that differ in case alone are one reading of each other, and would both be denied.
                if let owner = owners[host]?.first(where: { $0.path == path.lowercased() }) {
                    let place = path.isEmpty ? "the whole of \(quoted(host))" : "\(quoted(path)) on \(quoted(host))"
                    field.refuse(
                        "\(place) belongs to the app \(quoted(owner.app)) already; write other \"hosts\" or \"paths\""
                    )
                } else {
                    owners[host, default: []].append((path.lowercased(), app))
                }
            }
            guard let origin = sites.origins[host] else { continue }
            if let other = origins[host], other.origin != origin {
                (sites.originField ?? field).refuse(
                    "the app \(quoted(other.app)) has \(quoted(host)) at \(other.origin), and this one at \(origin); a host has one origin"
                )
            } else {
                origins[host] = (origin, app)
            }
        }
    }
}
