internal import GatehouseCore
internal import LDAPClient

/// Turns an entry into facts, as the configuration of a realm says.
struct EntryReader {
    /// OpenLDAP's immutable id (RFC 4530); operational, so it must be named.
    static let immutableID = "entryUUID"
    private static let lockedTime = "pwdAccountLockedTime"
    /// draft-behera-ldap-password-policy-10, section 5.3.3: locked until an administrator says otherwise.
    private static let lockedForGood = "000001010000Z"

    let configuration: RealmConfiguration

    /// Everything that is ever needed of a person, operational attributes by name.
    var requested: [String] {
        var names = [Self.immutableID, Self.lockedTime]
        names += configuration.attributes.values
        names += configuration.user.attributes
        names += configuration.extraAttributes
        if let groups = configuration.groups, groups.membership != .member { names.append("memberOf") }
        var seen: Set<String> = []
        return names.filter { seen.insert($0.lowercased()).inserted }.sorted()
    }

    func subjectID(_ entry: LDAPEntry) throws(DirectoryError) -> SubjectID {
        guard let id = entry.text(Self.immutableID), !id.isEmpty else {
            throw DirectoryError(
                .misconfigured,
                "An entry has no readable \(Self.immutableID): the gateway's account needs the right to read it."
            )
        }
        return SubjectID(realm: configuration.name, immutableID: id.lowercased())
    }

    /// - Returns: `nil` when the entry lacks what the user header is made of.
    func subject(_ entry: LDAPEntry, id: SubjectID, groups: [GroupPath]) -> Subject? {
        let user = configuration.user.render { name in
            entry.texts(configuration.attributes[name.lowercased()] ?? name).first { !$0.isEmpty }
        }
        guard let user else { return nil }
        return Subject(
            id: id,
            user: user,
            attributes: attributes(entry),
            groups: Set(groups.map(\.group)).intersection(configuration.namedGroups)
        )
    }

    func isDisabled(_ entry: LDAPEntry) -> Bool {
        entry.text(Self.lockedTime) == Self.lockedForGood
    }

    private func attributes(_ entry: LDAPEntry) -> [String: [String]] {
        var attributes: [String: [String]] = [:]
        func set(_ key: String, _ attribute: String) {
            let values = entry.texts(attribute)
            if !values.isEmpty { attributes[key.lowercased()] = values }
        }
        for attribute in configuration.extraAttributes { set(attribute, attribute) }
        // A configured name wins over a directory attribute that happens to be called the same.
        for (name, attribute) in configuration.attributes { set(name, attribute) }
        return attributes
    }
}
