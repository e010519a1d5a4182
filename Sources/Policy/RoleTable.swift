package import GatehouseCore

/// What makes a person hold a role, and what holding it brings.
package struct RoleDefinition: Sendable, Hashable {
    package struct AttributeCondition: Sendable, Hashable {
        /// The directory's attribute name.
        package let name: String
        /// Compared as a whole and without regard to case, as directories compare most text.
        package let equals: String

        package init(name: String, equals: String) {
            self.name = name
            self.equals = equals
        }
    }

    /// `[a-z0-9._-]+`
    package var name: String
    /// The relationship that the role belongs to: `customers`, `partners`, `employees`, …
    package var relation: String?
    package var groups: Set<DistinguishedName>
    package var attribute: AttributeCondition?
    /// Names of roles that come with this one.
    package var includes: [String]
    package var permissions: [String]

    package init(
        name: String,
        relation: String? = nil,
        groups: Set<DistinguishedName> = [],
        attribute: AttributeCondition? = nil,
        includes: [String] = [],
        permissions: [String] = []
    ) {
        self.name = name
        self.relation = relation
        self.groups = groups
        self.attribute = attribute
        self.includes = includes
        self.permissions = permissions
    }
}

/// Roles, in the order of the file, with their includes followed to the end.
package struct RoleTable: Sendable {
    package let definitions: [RoleDefinition]
    private let indexByName: [String: Int]
    /// By role: the role itself and all that it includes, directly or not.
    private let closures: [[Int]]

    /// Includes that name no role are ignored here; the configuration refuses them before.
    package init(_ definitions: [RoleDefinition]) {
        self.definitions = definitions
        var indexByName: [String: Int] = [:]
        for (index, definition) in definitions.enumerated() { indexByName[definition.name] = index }
        self.indexByName = indexByName
        closures = definitions.indices.map { start in
            var seen: Set<Int> = [start]
            var pending = [start]
            while let index = pending.popLast() {
                for name in definitions[index].includes {
                    if let included = indexByName[name], seen.insert(included).inserted { pending.append(included) }
                }
            }
            return seen.sorted()
        }
    }

    package func index(of role: String) -> Int? { indexByName[role] }

    /// What a person may do under this table.
    package func grants(for subject: Subject) -> Grants {
        var held: Set<Int> = []
        for (index, definition) in definitions.enumerated() where Self.isHeld(definition, by: subject) {
            held.formUnion(closures[index])
        }
        let order = held.sorted()
        return Grants(
            roles: order.map { definitions[$0].name },
            relations: Self.distinct(order.compactMap { definitions[$0].relation }),
            permissions: Self.distinct(order.flatMap { definitions[$0].permissions })
        )
    }

    private static func isHeld(_ role: RoleDefinition, by subject: Subject) -> Bool {
        if !role.groups.isDisjoint(with: subject.groups) { return true }
        guard let condition = role.attribute else { return false }
        let wanted = condition.equals.lowercased()
        return subject.values(of: condition.name).contains { $0.lowercased() == wanted }
    }

    private static func distinct(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

/// Roles, relations and permissions of one person, each once, in the order of the role table.
package struct Grants: Sendable, Hashable {
    package let roles: [String]
    package let relations: [String]
    package let permissions: [String]

    package init(roles: [String], relations: [String], permissions: [String]) {
        self.roles = roles
        self.relations = relations
        self.permissions = permissions
    }
}

/// A signed-in person under one configuration snapshot: what the authorizer looks at. Made once per session and
/// snapshot.
package final class Principal: Sendable {
    package let subject: Subject
    package let grants: Grants
    let roles: Set<String>
    let permissions: Set<String>

    package init(subject: Subject, table: RoleTable) {
        self.subject = subject
        grants = table.grants(for: subject)
        roles = Set(grants.roles)
        permissions = Set(grants.permissions)
    }
}
