internal import GatehouseCore
internal import Policy

/// Works out which apps a person sees: those whose launch page the authorizer would open for them.
struct Tiles: Sendable {
    struct Tile: Equatable, Sendable {
        let title: String
        let url: String
        /// What tells one application of a host from another: host and path, percent-encoded.
        let address: String
    }

    struct Group: Equatable, Sendable {
        let title: String
        var tiles: [Tile]
    }

    private let destinations: Destinations
    private let authorizer: Authorizer

    init(_ destinations: Destinations) {
        self.destinations = destinations
        authorizer = Authorizer(destinations.routes)
    }

    /// Groups in the order of the role table, apps in the order of the file; apps of no relation come last.
    func groups(for principal: Principal, address: SourceAddress, general: String) -> [Group] {
        var tiles: [String: [Tile]] = [:]
        var others: [Tile] = []
        for index in destinations.routes.apps.indices {
            guard let tile = tile(index, principal, address) else { continue }
            if let relation = relation(of: destinations.routes.apps[index], for: principal) {
                tiles[relation, default: []].append(tile)
            } else {
                others.append(tile)
            }
        }
        var groups = principal.grants.relations.compactMap { relation in
            tiles[relation].map { Group(title: Self.titleCased(relation), tiles: $0) }
        }
        if !others.isEmpty { groups.append(Group(title: general, tiles: others)) }
        return groups
    }

    private func tile(_ index: RouteTable.AppIndex, _ principal: Principal, _ address: SourceAddress) -> Tile? {
        let app = destinations.routes.apps[index]
        // An attribute is data: it must not open a second segment or a query of its own.
        let launch = app.launch.render { name in principal.subject.value(of: name).map(percentEncoded) }
        guard let launch, let host = app.hosts.first(where: { destinations.origins[$0] != nil }),
            let origin = destinations.origins[host], let site = destinations.site(host)
        else { return nil }
        let mark = launch.utf8.firstIndex(of: UInt8(ascii: "?")) ?? launch.endIndex
        guard let (owner, path) = destinations.app(on: site, path: String(launch[..<mark])), owner == index else {
            return nil
        }
        let bytes = Array(path.utf8)
        let question = Question(method: .get, address: address, principal: principal)
        switch authorizer.decide(app: index, on: site, path: bytes.span, question: question) {
        case .permit:
            return Tile(
                title: app.title,
                url: "\(origin)\(path)\(launch[mark...])",
                address: path == "/" ? host : host + path
            )
        case .challenge: return nil
        case .deny: return nil
        }
    }

    /// The relation of the first of the person's roles that a rule of the app names.
    private func relation(of app: AppPolicy, for principal: Principal) -> String? {
        let named = Set(app.rules.flatMap { rule in rule.demand.roles + rule.any.flatMap(\.roles) })
        for role in principal.grants.roles where named.contains(role) {
            let index = destinations.routes.roles.index(of: role)
            if let relation = index.flatMap({ destinations.routes.roles.definitions[$0].relation }) { return relation }
        }
        return nil
    }

    /// `partner-desk` is shown as `Partner Desk`.
    static func titleCased(_ relation: String) -> String {
        relation.split { "-_. ".contains($0) }
            .map { $0.prefix(1).uppercased() + $0.dropFirst() }
            .joined(separator: " ")
    }
}
