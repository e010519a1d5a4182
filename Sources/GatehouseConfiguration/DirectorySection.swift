internal import Directory
internal import GatehouseCore
internal import LDAPClient

/// One element of `directories`.
struct DirectorySection {
    static let defaultFilter = "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
    static let defaultAttributes = ["name": "cn", "email": "mail", "organization": "o"]
    /// Names that headers and rules already give a meaning to.
    static let reservedNames: Set<String> = ["user", "roles", "permissions", "relations", "realm"]

    let name: String?
    /// Configured names, in lower case, and the directory's attributes.
    let attributes: [String: String]
    let groupsBase: DistinguishedName?
    /// `nil` where a problem was reported.
    private(set) var realm: RealmConfiguration?

    init(_ reader: MappingReader, environment: [String: String]) {
        name = reader["name"]?.name()
        attributes = Self.attributes(reader["attributes"])
        let dialect = reader["dialect"]?.choice().flatMap(RealmConfiguration.Dialect.init(rawValue:))
        _ = reader["watch"]?.choice()
        let user = Self.user(reader["user"])
        let users = reader["users"]?.mapping().flatMap(Self.users)
        let groups = reader["groups"]?.mapping().flatMap(Self.groups)
        groupsBase = groups?.base
        let client = DirectoryClientSection(reader, environment: environment).client
        guard let name, let dialect, let user, let users, let client else { return }
        realm = RealmConfiguration(
            name: name,
            dialect: dialect,
            client: client,
            users: users,
            groups: groups,
            user: user,
            attributes: attributes
        )
    }

    private static func users(_ reader: MappingReader) -> RealmConfiguration.Users? {
        let base = reader["base"]?.distinguishedName()
        guard let field = reader["filter"] else {
            return base.map { RealmConfiguration.Users(base: $0, filter: defaultFilter) }
        }
        guard let filter = field.text() else { return nil }
        if let problem = FilterSyntax.problem(in: filter) {
            field.refuse("this is no filter that finds one person: \(problem); a good one is \(defaultFilter)")
            return nil
        }
        return base.map { RealmConfiguration.Users(base: $0, filter: filter) }
    }

    private static func groups(_ reader: MappingReader) -> RealmConfiguration.Groups? {
        let base = reader["base"]?.distinguishedName()
        let membership = reader["membership"].map { field in
            field.choice().flatMap(RealmConfiguration.Membership.init(rawValue:))
        }
        let nested = reader["nested"].map { $0.flag() }
        guard let base, let membership = membership ?? .auto, let nested = nested ?? true else { return nil }
        return RealmConfiguration.Groups(base: base, membership: membership, nested: nested)
    }

    private static func user(_ field: Field?) -> Template? {
        guard let field else { return try? Template("{uid}") }
        guard let template = field.template() else { return nil }
        guard !template.attributes.isEmpty else {
            field.refuse("everybody would be the same user; name an attribute that tells people apart, as \"{uid}\"")
            return nil
        }
        return template
    }

    private static func attributes(_ field: Field?) -> [String: String] {
        var attributes = defaultAttributes
        var seen: Set<String> = []
        for (name, position, value) in field?.names() ?? [] {
            let key = name.lowercased()
            if !Template.isAttributeName(name) {
                value.problems.refuse(
                    value.path,
                    at: position,
                    "\(quoted(name)) cannot be used in braces; write letters, digits, \"_\" and \"-\""
                )
            } else if reservedNames.contains(key) {
                value.problems.refuse(
                    value.path,
                    at: position,
                    "\(quoted(name)) is a name of the gateway's own; choose another"
                )
            } else if !seen.insert(key).inserted {
                value.problems.refuse(
                    value.path,
                    at: position,
                    "this name stands here twice (case does not count); keep one of them"
                )
            }
            if let attribute = value.attributeName() { attributes[key] = attribute }
        }
        return attributes
    }
}

extension Field {
    /// A distinguished name that is not the root.
    func distinguishedName() -> DistinguishedName? {
        guard let text = text() else { return nil }
        guard let name = DistinguishedName(text), !name.isEmpty else {
            refuse("\(quoted(text)) is no distinguished name; write one such as \"ou=people,dc=example,dc=com\"")
            return nil
        }
        return name
    }

    /// The name of an attribute in the directory.
    func attributeName() -> String? {
        guard let text = text() else { return nil }
        guard Template.isAttributeName(text) else {
            refuse("\(quoted(text)) is no attribute's name; write one such as mail or employeeType")
            return nil
        }
        return text
    }

    func template() -> Template? {
        guard let text = text() else { return nil }
        do throws(Template.Malformed) {
            return try Template(text)
        } catch {
            refuse(error.description)
            return nil
        }
    }
}
