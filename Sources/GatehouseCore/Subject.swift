/// Names a person for good: the realm (the directory's name in the configuration) and the entry's immutable id
/// (entryUUID, objectGUID, nsUniqueId). It survives renames and never passes from one person to another
/// (docs/security-rules.md, rule 18).
package struct SubjectID: Hashable, Sendable, CustomStringConvertible {
    package let realm: String
    package let immutableID: String

    package init(realm: String, immutableID: String) {
        self.realm = realm
        self.immutableID = immutableID
    }

    package var description: String { "\(realm)/\(immutableID)" }
}

/// A person as the directory described them when they were last read: facts, never conclusions. Roles are worked out
/// from these by `Policy`, under whichever configuration is in force.
package struct Subject: Hashable, Sendable {
    package let id: SubjectID
    /// The value of the user header: from the entry, never from what was typed.
    package let user: String
    /// Values by attribute name in lower case: the configured names (`name`, `email`, `organization`, …) and the
    /// directory's own attribute names where a role or a template uses them.
    package let attributes: [String: [String]]
    /// The person's groups, nested ones included, as far as the role table names them.
    package let groups: Set<DistinguishedName>

    package init(id: SubjectID, user: String, attributes: [String: [String]], groups: Set<DistinguishedName>) {
        self.id = id
        self.user = user
        self.attributes = attributes
        self.groups = groups
    }

    /// All values of an attribute, compared without regard to case; `user` is the user header's value.
    package func values(of attribute: String) -> [String] {
        let name = attribute.lowercased()
        if let values = attributes[name] { return values }
        return name == "user" ? [user] : []
    }

    package func value(of attribute: String) -> String? {
        values(of: attribute).first { !$0.isEmpty }
    }

    package var name: String? { value(of: "name") }
    package var email: String? { value(of: "email") }
    package var organization: String? { value(of: "organization") }
}
