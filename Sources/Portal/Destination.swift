internal import GatehouseCore
internal import Policy

/// Where a sign-in leads. There is no free redirect target: an address becomes a destination only by being a place that
/// the route table knows (docs/security-rules.md, rule 10).
enum Destination: Equatable, Sendable {
    case app(AppDestination)
    case launcher
}

struct AppDestination: Equatable, Sendable {
    let app: RouteTable.AppIndex
    let title: String
    let origin: Origin
    /// Built anew from origin, canonical path and the query's bytes.
    let url: String
}

/// Tells destinations from everything else that can be written into a URL.
struct Destinations: Sendable {
    private static let lengthLimit = 4096

    let routes: RouteTable
    /// The origin of each app host.
    let origins: [String: Origin]

    init(_ routes: RouteTable) {
        self.routes = routes
        var origins: [String: Origin] = [:]
        for app in routes.apps {
            for host in app.hosts where host != routes.portal.host {
                origins[host] = origins[host] ?? app.origins[host]
            }
        }
        self.origins = origins
    }

    /// Everything that is not a known place leads to the launcher.
    func resolve(_ address: String?) -> Destination {
        guard let address, address.utf8.count <= Self.lengthLimit, let (origin, rest) = Origin.split(address),
            let place = place(origin, rest)
        else { return .launcher }
        return .app(place)
    }

    /// The entry of an app's host: `/`, or the first app's prefix where apps share the host.
    func root(of host: String) -> String {
        guard let site = site(host) else { return "/" }
        if routes.app(on: site, path: Array("/".utf8).span) != nil { return "/" }
        let prefix = routes.apps.first { $0.hosts.contains(host) }?.paths.first ?? ""
        return prefix + "/"
    }

    /// What the host's pages call themselves: the app's title where there is one app, else the host's name.
    func title(of host: String) -> String {
        let titles = routes.apps.filter { $0.hosts.contains(host) }.map(\.title)
        return titles.count == 1 ? titles[0] : host
    }

    private func place(_ origin: Origin, _ rest: Substring) -> AppDestination? {
        guard origins[origin.host] == origin, let site = site(origin.host) else { return nil }
        let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        let path = rest[..<mark].isEmpty ? "/" : String(rest[..<mark])
        guard let (index, form) = app(on: site, path: path) else { return nil }
        let app = routes.apps[index]
        return AppDestination(app: index, title: app.title, origin: origin, url: "\(origin)\(form)\(rest[mark...])")
    }

    func site(_ host: String) -> RouteTable.Host? {
        routes.host(of: Array(host.utf8).span).flatMap { $0.site == .apps ? $0 : nil }
    }

    /// The app that a path leads to, and the path's canonical form; `nil` where it leads to the gateway or nowhere.
    func app(on site: RouteTable.Host, path: String) -> (index: RouteTable.AppIndex, path: String)? {
        guard let place = try? routes.place(on: site, path: Array(path.utf8).span), case .app(let index) = place.owner
        else {
            return nil
        }
        if case .rewritten(let bytes) = place.form { return (index, String(decoding: bytes, as: UTF8.self)) }
        return (index, path)
    }
}
