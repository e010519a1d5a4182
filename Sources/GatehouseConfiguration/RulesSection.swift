internal import GatehouseCore
internal import Policy

/// `apps[].rules`
struct RulesSection {
    private(set) var rules: [Rule] = []
    private let surroundings: AppSurroundings

    init(_ field: Field?, _ surroundings: AppSurroundings) {
        self.surroundings = surroundings
        let fields =
            field?.filledList("without a rule everything is denied; write one, as { path: \"/**\", allow: signed_in }")
            ?? []
        var reachable: [(rule: Rule, field: Field)] = []
        for field in fields {
            guard let reader = field.mapping(), let rule = rule(reader) else { continue }
            if let earlier = reachable.first(where: { Self.covers($0.rule, rule) })?.rule {
                field.warn(
                    "this rule never decides: an earlier one for \(quoted(earlier.path.description)) matches all that it matches; "
                        + "put it first, or remove it"
                )
            } else {
                reachable.append((rule, field))
            }
            rules.append(rule)
        }
        for (index, (rule, field)) in reachable.enumerated() {
            guard let weaker = TrailingSlash.weakerRule(behind: index, in: reachable.map(\.rule)) else { continue }
            field.warn(
                "this rule does not match \(quoted(rule.path.description + "/")), which the rule for "
                    + "\(quoted(weaker.path.description)) decides; write \(quoted(rule.path.description + "/**")) if the whole "
                    + "tree is meant"
            )
        }
    }

    private func rule(_ reader: MappingReader) -> Rule? {
        let path = path(reader["path"])
        let methods = reader["methods"].map(Self.methods)
        let demand = demand(reader)
        let factors = reader["factors"].map {
            $0.integer(beyond: "second factors are not in this version; write 0 or 1") ?? 0
        }
        let bound = path?.boundAttributes ?? []
        var any: [Demand] = []
        for field in reader["any"]?.filledList(
            "an empty list has no alternative that could be met; write one, or leave the key out"
        ) ?? [] {
            guard let reader = field.mapping() else { continue }
            any.append(alternative(reader, bound))
        }
        checkAudience(
            reader,
            demand,
            besides: !bound.isEmpty ? "{\(bound[0])} in its path" : reader["any"] != nil ? "\"any\"" : nil
        )
        if demand.audience == .anyone, factors == 1 {
            reader.refuse(
                "factors",
                "who has not signed in has proved no factor; write \"allow: signed_in\", or leave \"factors\" out"
            )
        }
        let saysWho = ["allow", "roles", "permissions", "networks", "any"].contains { reader[$0] != nil }
        if !saysWho, bound.isEmpty {
            reader.field.refuse(
                "this rule says nothing about who may pass; write \"allow: signed_in\", or roles, permissions or networks"
            )
        }
        return path.map { Rule(path: $0, methods: methods, demand: demand, any: any) }
    }

    private func alternative(_ reader: MappingReader, _ bound: [String]) -> Demand {
        var demand = demand(reader)
        demand.unbound = reader["unbound"]?.flag() ?? false
        if demand.unbound, bound.isEmpty {
            reader.refuse(
                "unbound",
                "the rule's path has no {name} segment whose comparison could be waived; leave this out"
            )
        }
        checkAudience(
            reader,
            demand,
            besides: bound.isEmpty || demand.unbound ? nil : "{\(bound[0])} in the rule's path"
        )
        if ["allow", "roles", "permissions", "networks"].allSatisfy({ reader[$0] == nil }) {
            reader.field.refuse(
                "this alternative says nothing about who may pass; write \"allow: signed_in\", or roles, permissions or networks"
            )
        }
        return demand
    }

    /// `anyone` and `nobody` leave nothing to ask of a person.
    private func checkAudience(_ reader: MappingReader, _ demand: Demand, besides: String?) {
        guard let audience = demand.audience, audience != .signedIn else { return }
        let asked = ["roles", "permissions"].first { reader[$0] != nil }.map { quoted($0) }
        guard let asked = asked ?? besides else { return }
        reader.refuse(
            "allow",
            audience == .anyone
                ? "\"anyone\" needs not sign in, and \(asked) asks who it is; leave one of the two out"
                : "\"nobody\" passes, whatever \(asked) asks for; leave one of the two out"
        )
    }

    private func demand(_ reader: MappingReader) -> Demand {
        Demand(
            audience: reader["allow"]?.choice().flatMap(Demand.Audience.init(rawValue:)),
            roles: known(reader["roles"], "role", surroundings.roles, "write it below \"roles\""),
            permissions: known(reader["permissions"], "permission", surroundings.permissions, "no role grants it"),
            networks: networks(reader["networks"])
        )
    }

    /// With TLS in front of the gateway every request comes from there, and only a proxy that is trusted can say where it
    /// began: a demand that cannot be checked is refused before it lets the wrong people through.
    private func networks(_ field: Field?) -> [Network] {
        guard let field else { return [] }
        if surroundings.publicOrigin?.scheme == .https, !surroundings.trustsProxies {
            field.refuse(
                "networks cannot be checked here: TLS ends in front of the gateway, and every request comes from there. Name that "
                    + "server in \"server.trusted_proxies\", or leave this out"
            )
        }
        return field.texts().compactMap { text, field in
            if let network = Network(text) { return network }
            field.refuse(
                "\(quoted(text)) is no network; write one such as 10.0.0.0/8 or 2001:db8::/32, no bit set behind the prefix"
            )
            return nil
        }
    }

    private func known(_ field: Field?, _ what: String, _ names: Set<String>, _ otherwise: String) -> [String] {
        (field?.filledList("an empty list demands nothing; name a \(what), or leave the key out") ?? []).compactMap {
            field in
            guard let name = field.name() else { return nil }
            if !names.contains(name) {
                let hint = NearestName.hint(name, among: names.sorted())
                field.refuse("there is no \(what) \(quoted(name))\(hint.isEmpty ? "; \(otherwise)" : hint)")
            }
            return name
        }
    }

    private func path(_ field: Field?) -> PathPattern? {
        guard let field else { return try? PathPattern("/**") }
        guard let text = field.text() else { return nil }
        do throws(PathPattern.Malformed) {
            let pattern = try PathPattern(text)
            for name in pattern.boundAttributes where !surroundings.pathNames.contains(name.lowercased()) {
                field.refuseUnknownName(name, surroundings.pathNames)
            }
            return pattern
        } catch {
            field.refuse(error.description)
            return nil
        }
    }

    private static func methods(_ field: Field) -> Set<RequestMethod> {
        var methods: Set<RequestMethod> = []
        for (text, field) in field.texts() {
            switch RequestMethod(rawValue: text) {
            case .connect, .trace:
                field.refuse("\(text) never passes the gateway; leave it out")
            case let method?:
                methods.insert(method)
            case nil:
                let isSmall = RequestMethod(rawValue: text.uppercased()) != nil
                field.refuse(
                    isSmall
                        ? "methods are written in capitals: \(text.uppercased())"
                        : "\(quoted(text)) is not told apart in this version; write \"other\" for every method besides GET, HEAD, POST, PUT, "
                            + "DELETE, OPTIONS and PATCH"
                )
            }
        }
        return methods
    }

    /// Whether `earlier` matches whatever `later` matches, as far as their texts show.
    private static func covers(_ earlier: Rule, _ later: Rule) -> Bool {
        guard earlier.path == later.path || earlier.path.description == "/**" else { return false }
        guard let methods = earlier.methods else { return true }
        return later.methods?.isSubset(of: methods) ?? false
    }
}
