internal import GatehouseCore

/// The right to forward one request. Only ``Authorizer`` makes one, it cannot be copied, and forwarding consumes it:
/// "did we check?" is a question for the compiler.
package struct Permit: ~Copyable, Sendable {
    package let app: RouteTable.AppIndex
    /// Index of the deciding rule in the app's list.
    package let rule: Int
    /// Whether the rule lets everybody in: the identity of a live session is sent all the same.
    package let isPublic: Bool

    fileprivate init(app: RouteTable.AppIndex, rule: Int, isPublic: Bool) {
        self.app = app
        self.rule = rule
        self.isPublic = isPublic
    }
}

package enum Decision: ~Copyable {
    case permit(Permit)
    /// Signing in could meet the demand.
    case challenge(rule: Int)
    case deny(Denial)
}

/// Judges requests. Pure: the same question under the same table has the same answer.
package struct Authorizer: Sendable {
    private let table: RouteTable

    package init(_ table: RouteTable) {
        self.table = table
    }

    /// Judges a canonical path in each of its readings (docs/security-rules.md, rule 8): all must permit, and all must belong to
    /// the same app.
    package func decide(
        app index: RouteTable.AppIndex,
        on host: RouteTable.Host,
        path: Span<UInt8>,
        question: Question
    ) -> Decision {
        if let principal = question.principal, let directories = table.apps[index].directories,
            !directories.contains(principal.subject.id.realm)
        {
            // To this app the person is a stranger: only what is open to everybody is open to them.
            var anonymous = question
            anonymous.principal = nil
            if case .met(let rule, isPublic: true) = judge(index, host, path, anonymous) {
                return .permit(Permit(app: index, rule: rule, isPublic: true))
            }
            return .deny(Denial(reason: .otherDirectory, rule: nil))
        }
        switch judge(index, host, path, question) {
        case .met(let rule, let isPublic): return .permit(Permit(app: index, rule: rule, isPublic: isPublic))
        case .needsSignIn(let rule): return .challenge(rule: rule)
        case .unmet(let denial): return .deny(denial)
        }
    }

    private enum Verdict {
        case met(rule: Int, isPublic: Bool)
        case needsSignIn(rule: Int)
        case unmet(Denial)
    }

    private func judge(
        _ index: RouteTable.AppIndex,
        _ host: RouteTable.Host,
        _ path: Span<UInt8>,
        _ question: Question
    ) -> Verdict {
        let rules = table.apps[index].rules
        var verdict = judgeReading(rules, path, caseFolded: false, question)
        if case .unmet = verdict { return verdict }
        let readings = PathReadings(of: path, rulesNameCapitals: table.compiled[index].rulesNameCapitals)
        for reading in readings.others {
            guard table.app(on: host, path: reading.path.span, caseFolded: reading.caseFolded) == index else {
                return .unmet(Denial(reason: .ambiguousPath, rule: nil))
            }
            let other = judgeReading(rules, reading.path.span, caseFolded: reading.caseFolded, question)
            switch (verdict, other) {
            case (_, .unmet): return other
            case (.met(_, let wasPublic), .met(let rule, let isPublic)):
                if wasPublic && !isPublic { verdict = .met(rule: rule, isPublic: false) }
            case (.met, .needsSignIn): verdict = other
            case (.needsSignIn, _), (.unmet, _): break
            }
        }
        return verdict
    }

    private func judgeReading(
        _ rules: [Rule],
        _ path: Span<UInt8>,
        caseFolded: Bool,
        _ question: Question
    ) -> Verdict {
        // By index: only the rule that fits is worth a copy.
        for index in rules.indices {
            guard rules[index].methods?.contains(question.method) ?? true else { continue }
            guard rules[index].path.matches(path, caseFolded: caseFolded) else { continue }
            return judgeRule(rules[index], index, path, caseFolded, question)
        }
        return .unmet(Denial(reason: .noRule, rule: nil))
    }

    private func judgeRule(
        _ rule: Rule,
        _ index: Int,
        _ path: Span<UInt8>,
        _ caseFolded: Bool,
        _ question: Question
    ) -> Verdict {
        let demand = check(rule.demand, question, leavingPersonToAlternatives: !rule.any.isEmpty)
        if case .unmet(let reason) = demand { return .unmet(Denial(reason: reason, rule: index)) }
        let hasBinding = rule.path.bindsSegments
        let binding = hasBinding ? checkBinding(rule.path, path, caseFolded, question) : .met
        guard !rule.any.isEmpty else {
            return combine(demand, binding, index, isPublic: rule.demand.isMetByAnyone && !hasBinding)
        }
        let isOpenBesides = rule.demand.isMetByAnyone || rule.demand.leavesPersonOpen
        var best: Check?
        for alternative in rule.any {
            let own = check(alternative, question)
            let together = alternative.unbound ? own : worse(own, binding)
            if case .met = together {
                let isPublic = isOpenBesides && alternative.isMetByAnyone && (alternative.unbound || !hasBinding)
                return combine(demand, .met, index, isPublic: isPublic)
            }
            if case .needsSignIn = together { best = together } else if best == nil { best = together }
        }
        return combine(demand, best ?? .met, index, isPublic: false)
    }

    private enum Check {
        case met
        case needsSignIn
        case unmet(Denial.Reason)
    }

    private func worse(_ left: Check, _ right: Check) -> Check {
        if case .unmet = left { return left }
        if case .unmet = right { return right }
        if case .needsSignIn = left { return left }
        return right
    }

    private func combine(_ left: Check, _ right: Check, _ rule: Int, isPublic: Bool) -> Verdict {
        switch worse(left, right) {
        case .met: .met(rule: rule, isPublic: isPublic)
        case .needsSignIn: .needsSignIn(rule: rule)
        case .unmet(let reason): .unmet(Denial(reason: reason, rule: rule))
        }
    }

    /// A demand that does not say `allow: anyone` asks for a person, so that a rule with `networks` alone does not let
    /// strangers in.
    private func check(
        _ demand: Demand,
        _ question: Question,
        leavingPersonToAlternatives: Bool = false
    ) -> Check {
        if demand.audience == .nobody { return .unmet(.nobody) }
        // Signing in does not change the network, so this stands before every challenge.
        if !demand.networks.isEmpty {
            guard let address = question.address, demand.networks.contains(where: { $0.contains(address) }) else {
                return .unmet(.network)
            }
        }
        if demand.isMetByAnyone || leavingPersonToAlternatives && demand.leavesPersonOpen { return .met }
        guard let principal = question.principal else { return .needsSignIn }
        if !demand.roles.isEmpty, !demand.roles.contains(where: principal.roles.contains) {
            return .unmet(.missingRole(anyOf: demand.roles))
        }
        if let missing = demand.permissions.first(where: { !principal.permissions.contains($0) }) {
            return .unmet(.missingPermission(missing))
        }
        return .met
    }

    /// An attribute that is absent or empty is never equal to anything.
    private func checkBinding(
        _ pattern: PathPattern,
        _ path: Span<UInt8>,
        _ caseFolded: Bool,
        _ question: Question
    ) -> Check {
        guard let principal = question.principal else { return .needsSignIn }
        for (attribute, segment) in pattern.boundSegments(in: path) {
            let isHeld = principal.subject.values(of: attribute).contains { value in
                guard !value.isEmpty else { return false }
                return caseFolded
                    ? PathReadings.fold(value).utf8.elementsEqual(segment)
                    : value.utf8.elementsEqual(segment)
            }
            if !isHeld { return .unmet(.boundSegment(attribute: attribute)) }
        }
        return .met
    }
}
