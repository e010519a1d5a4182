internal import GatehouseCore
internal import LDAPClient

/// Works out the groups of an entry, nested ones too: breadth first, each group once however the names are spelt and
/// however the groups contain each other. Over a bound it is an error, never a shorter list.
struct GroupResolver {
    static let deepest = 32
    static let most = 5000
    /// Names in one filter.
    static let batch = 50

    let servers: LDAPServerGroup
    let groups: RealmConfiguration.Groups
    let deadline: ContinuousClock.Instant
    /// Whether the way to each group must be exact: then each group is asked for by itself.
    let isTracing: Bool

    /// - Returns: the way to each group, direct groups first.
    func resolve(_ entry: LDAPEntry) async throws(DirectoryError) -> [GroupPath] {
        let memberOf = entry.texts("memberOf")
        var seen: Set<DistinguishedName> = []
        var paths: [GroupPath] = []
        var level: [GroupPath] = []
        func add(_ group: DistinguishedName, behind steps: [DistinguishedName]) throws(DirectoryError) {
            guard group.isWithin(groups.base), seen.insert(group).inserted else { return }
            guard seen.count <= Self.most else {
                throw DirectoryError(.tooManyGroups, "A person is in more than \(Self.most) groups.")
            }
            level.append(GroupPath(steps: steps + [group]))
        }

        switch groups.membership {
        case .memberof,
            .auto where !memberOf.isEmpty:
            for group in memberOf.compactMap({ DistinguishedName($0) }) { try add(group, behind: []) }
        case .member, .auto:
            for group in try await holders(of: [entry.dn]) { try add(group, behind: []) }
        }
        paths += level

        var depth = 1
        while groups.nested, !level.isEmpty {
            guard depth < Self.deepest else {
                throw DirectoryError(.tooManyGroups, "Groups are nested more than \(Self.deepest) deep.")
            }
            depth += 1
            let previous = level
            level = []
            for (steps, group) in try await parents(of: previous) { try add(group, behind: steps) }
            paths += level
        }
        return paths
    }

    /// - Returns: each parent with the steps before it. Without tracing these are the steps to any group of the batch.
    private func parents(of level: [GroupPath]) async throws(DirectoryError)
        -> [(steps: [DistinguishedName], group: DistinguishedName)]
    {
        var found: [(steps: [DistinguishedName], group: DistinguishedName)] = []
        var rest = level[...]
        while !rest.isEmpty {
            // OpenLDAP's overlay derives memberOf from member, so a search by member sees at least as much; it is the
            // one that can be asked for many groups at once. Whoever says "memberof" has his reasons, and gets that
            // alone.
            if groups.membership == .memberof {
                let chunk = rest.prefix(Self.batch)
                rest = rest.dropFirst(chunk.count)
                found += try await memberOf(Array(chunk))
            } else {
                let chunk = rest.prefix(isTracing ? 1 : Self.batch)
                rest = rest.dropFirst(chunk.count)
                guard let steps = chunk.first?.steps else { continue }
                found += try await holders(of: chunk.map(\.group.description)).map { (steps, $0) }
            }
        }
        return found
    }

    /// The groups that name one of these entries as a member.
    private func holders(of members: [String]) async throws(DirectoryError) -> [DistinguishedName] {
        let terms = members.map { member in
            let value = LDAPFilter.escape(member)
            return "(member=\(value))(uniqueMember=\(value))"
        }
        let result = try await search("(|\(terms.joined()))", attributes: [])
        return result.compactMap { DistinguishedName($0.dn) }
    }

    /// The groups' own `memberOf`, many groups at once by `entryDN`; those that are not found that way are read singly.
    private func memberOf(_ level: [GroupPath]) async throws(DirectoryError)
        -> [(steps: [DistinguishedName], group: DistinguishedName)]
    {
        let terms = level.map { "(entryDN=\(LDAPFilter.escape($0.group.description)))" }
        var entries = try await search("(|\(terms.joined()))", attributes: ["memberOf"])
        let answered = Set(entries.compactMap { DistinguishedName($0.dn) })
        for path in level where !answered.contains(path.group) {
            if let entry = try await read(path.group) { entries.append(entry) }
        }
        let steps = Dictionary(level.map { ($0.group, $0.steps) }, uniquingKeysWith: { first, _ in first })
        return entries.flatMap { entry in
            guard let name = DistinguishedName(entry.dn), let steps = steps[name] else {
                return [(steps: [DistinguishedName], group: DistinguishedName)]()
            }
            return entry.texts("memberOf").compactMap { DistinguishedName($0) }.map { (steps, $0) }
        }
    }

    private func read(_ group: DistinguishedName) async throws(DirectoryError) -> LDAPEntry? {
        let search = LDAPSearch(
            base: group.description,
            scope: .base,
            filter: "(objectClass=*)",
            attributes: ["memberOf"],
            sizeLimit: 1
        )
        do throws(LDAPError) {
            return try await servers.search(search, deadline: deadline).entries.first
        } catch {
            // A name that outlived its group: it holds nobody.
            if error.code == .noSuchObject { return nil }
            throw DirectoryError(error)
        }
    }

    private func search(_ filter: String, attributes: [String]) async throws(DirectoryError) -> [LDAPEntry] {
        let search = LDAPSearch(
            base: groups.base.description,
            scope: .subtree,
            filter: filter,
            attributes: attributes,
            sizeLimit: Self.most
        )
        do throws(LDAPError) {
            let result = try await servers.search(search, deadline: deadline)
            guard result.references.isEmpty else {
                throw LDAPError(.referral, "The directory referred the search for groups elsewhere.")
            }
            return result.entries
        } catch {
            if error.code == .sizeLimitExceeded {
                throw DirectoryError(
                    .tooManyGroups,
                    "A person has more groups than the directory hands out: raise its size limit for the gateway.",
                    cause: error
                )
            }
            throw DirectoryError(error)
        }
    }
}
