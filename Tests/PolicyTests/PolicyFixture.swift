import GatehouseCore
import Policy

/// One app `site` on app.test, one route table, people of the directory `staff`.
enum PolicyFixture {
    static let outside = SourceAddress(ipv4: 0xCB00_7107)  // 203.0.113.7
    static let inside = SourceAddress(ipv4: 0x0A01_0203)  // 10.1.2.3

    static func rule(
        _ path: String,
        _ methods: Set<RequestMethod>? = nil,
        _ audience: Demand.Audience? = nil,
        roles: [String] = [],
        permissions: [String] = [],
        networks: [String] = [],
        any: [Demand] = []
    ) throws -> Rule {
        let demand = Demand(
            audience: audience,
            roles: roles,
            permissions: permissions,
            networks: networks.compactMap { Network($0) }
        )
        return Rule(path: try PathPattern(path), methods: methods, demand: demand, any: any)
    }

    static func app(
        directories: Set<String>? = nil,
        encodedSlash: AppPolicy.EncodedSlash = .refuse,
        mergeSlashes: Bool = true,
        _ rules: [Rule]
    ) throws -> AppPolicy {
        try app("site", directories: directories, encodedSlash: encodedSlash, mergeSlashes: mergeSlashes, rules)
    }

    static func app(
        _ name: String,
        hosts: [String] = ["app.test"],
        paths: [String] = [],
        directories: Set<String>? = nil,
        encodedSlash: AppPolicy.EncodedSlash = .refuse,
        mergeSlashes: Bool = true,
        _ rules: [Rule]
    ) throws -> AppPolicy {
        AppPolicy(
            name: name,
            title: name,
            hosts: hosts,
            paths: paths,
            origins: [:],
            encodedSlash: encodedSlash,
            mergeSlashes: mergeSlashes,
            directories: directories,
            rules: rules,
            launch: try Template("/")
        )
    }

    static let roles = RoleTable([
        RoleDefinition(name: "user", attribute: .init(name: "kind", equals: "user"), permissions: ["read"]),
        RoleDefinition(
            name: "admin",
            attribute: .init(name: "kind", equals: "admin"),
            includes: ["user"],
            permissions: ["write"]
        ),
        RoleDefinition(name: "desk", attribute: .init(name: "kind", equals: "desk")),
    ])

    static func table(_ apps: [AppPolicy]) -> RouteTable {
        RouteTable(apps: apps, roles: roles, portal: Origin(scheme: .https, host: "login.test"))
    }

    static func person(
        kind: String? = "user",
        organization: [String]? = nil,
        realm: String = "staff",
        attributes: [String: [String]] = [:]
    ) -> Principal {
        var attributes = attributes
        if let kind { attributes["kind"] = [kind] }
        if let organization { attributes["organization"] = organization }
        let id = SubjectID(realm: realm, immutableID: "1")
        return Principal(subject: Subject(id: id, user: "alice", attributes: attributes, groups: []), table: roles)
    }
}

/// A decision that can be compared; the permit itself cannot be copied, which is its point.
enum Outcome: Equatable {
    case permit(app: Int, rule: Int, isPublic: Bool)
    case challenge(rule: Int)
    case deny(Denial.Reason, rule: Int?)
    /// Answered before any rule: 400 or 421.
    case refused

    var isPermit: Bool { if case .permit = self { true } else { false } }
}

extension RouteTable {
    func host(_ authority: String) -> Host? { host(of: Array(authority.utf8).span) }

    func app(on host: Host, path: String) -> AppIndex? { app(on: host, path: Array(path.utf8).span) }

    /// What happens to a request, from its path on: canonical form, app, decision.
    func outcome(
        _ path: String,
        _ principal: Principal? = nil,
        method: RequestMethod = .get,
        from address: SourceAddress? = PolicyFixture.outside,
        host: String = "app.test"
    ) -> Outcome {
        guard let host = self.host(host),
            let kept = canonical(path, keepEncodedSlash: true, mergeSlashes: true),
            let index = app(on: host, path: kept.span)
        else { return .refused }
        let app = apps[index]
        guard let bytes = canonical(path, keepEncodedSlash: app.encodedSlash == .keep, mergeSlashes: app.mergeSlashes),
            self.app(on: host, path: bytes.span) == index
        else { return .refused }
        let question = Question(method: method, address: address, principal: principal)
        switch Authorizer(self).decide(app: index, on: host, path: bytes.span, question: question) {
        case .permit(let permit): return .permit(app: permit.app, rule: permit.rule, isPublic: permit.isPublic)
        case .challenge(let rule): return .challenge(rule: rule)
        case .deny(let denial): return .deny(denial.reason, rule: denial.rule)
        }
    }
}

/// The canonical bytes of a path, or `nil` when it is refused.
func canonical(_ path: String, keepEncodedSlash: Bool = false, mergeSlashes: Bool = true) -> [UInt8]? {
    canonical(Array(path.utf8), keepEncodedSlash: keepEncodedSlash, mergeSlashes: mergeSlashes)
}

func canonical(_ path: [UInt8], keepEncodedSlash: Bool, mergeSlashes: Bool) -> [UInt8]? {
    do throws(CanonicalPath.Refusal) {
        switch try CanonicalPath.form(of: path.span, keepEncodedSlash: keepEncodedSlash, mergeSlashes: mergeSlashes) {
        case .unchanged: return path
        case .rewritten(let bytes): return bytes
        }
    } catch {
        return nil
    }
}

func text(_ bytes: [UInt8]?) -> String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
}
