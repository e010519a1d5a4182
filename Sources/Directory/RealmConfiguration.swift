package import GatehouseCore
package import LDAPClient

/// One directory as the administrator described it. "Directory" and "realm" are one thing; the name is sent as
/// `X-XRM-Realm`.
package struct RealmConfiguration: Sendable {
    package enum Dialect: String, Sendable, CaseIterable {
        case openldap
    }

    /// How a person's direct groups are found.
    package enum Membership: String, Sendable, CaseIterable {
        /// `memberOf` where the entry has it, else a search for `member`.
        case auto
        /// The entry's own `memberOf` attribute.
        case memberof
        /// Groups below the base whose `member` (or `uniqueMember`) names the entry.
        case member
    }

    package struct Users: Sendable {
        package var base: DistinguishedName
        /// RFC 4515 filter; `{login}` stands for the escaped name that was typed.
        package var filter: String

        package init(base: DistinguishedName, filter: String) {
            self.base = base
            self.filter = filter
        }
    }

    package struct Groups: Sendable {
        package var base: DistinguishedName
        package var membership: Membership
        package var nested: Bool

        package init(base: DistinguishedName, membership: Membership = .auto, nested: Bool = true) {
            self.base = base
            self.membership = membership
            self.nested = nested
        }
    }

    package var name: String
    package var dialect: Dialect
    package var client: LDAPClientConfiguration
    package var users: Users
    package var groups: Groups?
    /// The user header's value, over the directory's own attribute names.
    package var user: Template
    /// Configured name (lower case) → the directory's attribute. `name`, `email`, `organization` by default.
    package var attributes: [String: String]
    /// Directory attributes that roles ask for, read in addition and kept under their own names.
    package var extraAttributes: Set<String>
    /// The groups that the role table names: no others are kept.
    package var namedGroups: Set<DistinguishedName>

    package init(
        name: String,
        dialect: Dialect,
        client: LDAPClientConfiguration,
        users: Users,
        groups: Groups?,
        user: Template,
        attributes: [String: String],
        extraAttributes: Set<String> = [],
        namedGroups: Set<DistinguishedName> = []
    ) {
        self.name = name
        self.dialect = dialect
        self.client = client
        self.users = users
        self.groups = groups
        self.user = user
        self.attributes = attributes
        self.extraAttributes = extraAttributes
        self.namedGroups = namedGroups
    }
}
