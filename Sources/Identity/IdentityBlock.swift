package import GatehouseCore
package import NIOCore

/// A person as headers: what ``IdentityRenderer`` needs to know of them.
package struct IdentityFacts: Sendable {
    package let subject: Subject
    package let roles: [String]
    package let permissions: [String]
    package let relations: [String]

    package init(subject: Subject, roles: [String], permissions: [String], relations: [String]) {
        self.subject = subject
        self.roles = roles
        self.permissions = permissions
        self.relations = relations
    }
}

/// Writes the identity fields of one app. Rendered once per session and app; a request copies the bytes.
package struct IdentityRenderer: Sendable {
    private let headers: HeaderConfiguration

    package init(headers: HeaderConfiguration) {
        self.headers = headers
    }

    /// Name and value of every field, each name once. A field without a value is not sent; nor is one whose value has a
    /// control character, which could end it and begin another.
    package func fields(for facts: IdentityFacts) -> [(name: String, value: String)] {
        let own = Set(headers.set.map { IdentityFieldNames.fold($0.name) })
        var fields: [(name: String, value: IdentityValue)] = headers.profile.fields + Self.always
        fields.removeAll { own.contains(IdentityFieldNames.fold($0.name)) }
        fields += headers.set.map { ($0.name, .template($0.value)) }
        return fields.compactMap { field in
            guard let value = Self.value(field.value, facts), !value.isEmpty, Self.isFieldValue(value) else {
                return nil
            }
            return (field.name, value)
        }
    }

    /// The same as bytes of an HTTP/1.1 head: `Name: value CR LF …`. `nil` when the person has no usable user value:
    /// such a person is nobody to any app.
    package func block(for facts: IdentityFacts) -> ByteBuffer? {
        guard !facts.subject.user.isEmpty, Self.isFieldValue(facts.subject.user) else { return nil }
        var block = ByteBuffer()
        for (name, value) in fields(for: facts) {
            block.writeString(name)
            block.writeStaticString(": ")
            block.writeString(value)
            block.writeStaticString("\r\n")
        }
        return block
    }

    /// What apps get besides their profile (docs/contract.md, "Headers to applications").
    private static let always: [(name: String, value: IdentityValue)] = [
        ("X-XRM-User", .user), ("X-XRM-Roles", .roles), ("X-XRM-Permissions", .permissions),
        ("X-XRM-Relations", .relations), ("X-XRM-Organization", .attribute("organization")), ("X-XRM-Realm", .realm),
    ]

    private static func value(_ value: IdentityValue, _ facts: IdentityFacts) -> String? {
        switch value {
        case .user: facts.subject.user
        case .attribute(let name): facts.subject.value(of: name)
        case .roles: facts.roles.joined(separator: ",")
        case .permissions: facts.permissions.joined(separator: ",")
        case .relations: facts.relations.joined(separator: ",")
        case .realm: facts.subject.id.realm
        case .template(let template):
            template.render { name in
                switch name.lowercased() {
                case "roles": facts.roles.joined(separator: ",")
                case "permissions": facts.permissions.joined(separator: ",")
                case "relations": facts.relations.joined(separator: ",")
                case "realm": facts.subject.id.realm
                default: facts.subject.value(of: name)
                }
            }
        }
    }

    /// RFC 9110, section 5.5: visible characters, spaces and obs-text (our UTF-8); no control, no blank edge.
    private static func isFieldValue(_ value: String) -> Bool {
        value.utf8.first != 0x20 && value.utf8.last != 0x20
            && value.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
