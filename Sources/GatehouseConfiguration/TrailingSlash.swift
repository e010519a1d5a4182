internal import GatehouseCore
internal import Policy

/// Finds rules that a slash at the end of the path goes round: `/admin` is closed, `/admin/` falls to a later rule for
/// `/**`, and to most applications the two are one page.
enum TrailingSlash {
    /// The later rule that decides about the path of `rules[index]` with a slash behind it and demands less, as far as
    /// the texts of the rules show.
    static func weakerRule(behind index: Int, in rules: [Rule]) -> Rule? {
        let rule = rules[index]
        guard !isOpen(rule) else { return nil }
        let segments = segments(of: rule.path)
        guard let last = segments.last, !last.isEmpty, last != "**" else { return nil }
        let path = segments + [""]
        // A request is decided by the first rule that matches it, so each rule takes its methods from the later ones.
        var methods = rule.methods ?? Set(RequestMethod.allCases)
        methods.subtract([.connect, .trace])
        for (position, other) in rules.enumerated() {
            guard matches(Self.segments(of: other.path)[...], path[...]) else { continue }
            let taken = other.methods.map(methods.intersection) ?? methods
            if position > index, !taken.isEmpty, !demands(other, atLeast: rule) { return other }
            methods.subtract(taken)
        }
        return nil
    }

    private static func isOpen(_ rule: Rule) -> Bool {
        rule.demand.audience == .anyone && rule.demand.networks.isEmpty && rule.any.isEmpty
    }

    private static func segments(of path: PathPattern) -> [String] {
        path.description.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
    }

    /// Whether a pattern matches whatever a path stands for, whose own wildcards are segments of any content.
    private static func matches(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "**" {
            return matches(pattern.dropFirst(), path) || (!path.isEmpty && matches(pattern, path.dropFirst()))
        }
        guard let segment = path.first else { return false }
        let fits = first == "*" || isBound(first) || (first == segment && segment != "**")
        return fits && matches(pattern.dropFirst(), path.dropFirst())
    }

    private static func isBound(_ segment: String) -> Bool {
        segment.utf8.first == UInt8(ascii: "{")
    }

    /// Whether who meets `rule` obviously meets `other` as well.
    private static func demands(_ rule: Rule, atLeast other: Rule) -> Bool {
        if rule.demand.audience == .nobody { return true }
        let bound = other.path.boundAttributes
        guard bound.isEmpty || rule.path.boundAttributes == bound else { return false }
        guard other.any.isEmpty || Set(rule.any) == Set(other.any) else { return false }
        return demands(rule, atLeast: other.demand)
    }

    private static func demands(_ rule: Rule, atLeast other: Demand) -> Bool {
        let demand = rule.demand
        let isAudienceMet =
            switch other.audience {
            case .nobody: false
            case .signedIn: asksForPerson(demand) || (!rule.any.isEmpty && rule.any.allSatisfy(asksForPerson))
            case .anyone, nil: true
            }
        return isAudienceMet
            && (other.roles.isEmpty || isFilledSubset(demand.roles, of: other.roles))
            && Set(other.permissions).isSubset(of: demand.permissions)
            && (other.networks.isEmpty || isFilledSubset(demand.networks, of: other.networks))
    }

    private static func asksForPerson(_ demand: Demand) -> Bool {
        demand.audience == .signedIn || !demand.roles.isEmpty || !demand.permissions.isEmpty
    }

    /// One of fewer is one of more.
    private static func isFilledSubset<Element: Hashable>(_ part: [Element], of whole: [Element]) -> Bool {
        !part.isEmpty && Set(part).isSubset(of: whole)
    }
}
