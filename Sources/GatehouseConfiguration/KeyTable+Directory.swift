internal import Directory

extension KeyTable {
    package static let directory = KeyTable(
        "directories[]",
        "One directory.",
        [
            .required(
                "name",
                .text,
                example: "staff",
                "`[a-z0-9._-]+`. Sent to applications as `X-XRM-Realm`; part of what names a person, so never change it."
            ),
            .required(
                "dialect",
                .choice(
                    RealmConfiguration.Dialect.allCases.map(\.rawValue),
                    later: ["active_directory", "389ds", "freeipa", "generic"]
                ),
                example: "openldap",
                "Whose server it is."
            ),
            .required(
                "servers",
                .list(.text),
                example: #"["ldaps://ldap.example.com"]"#,
                "Equal servers, tried in order: `ldaps://ldap1.example.com`, `ldap://ldap2.example.com:389`, "
                    + "`ldapi://%2Frun%2Fslapd%2Fldapi`."
            ),
            .optional("tls", .mapping(.directoryTLS), "How the connections are protected."),
            .optional(
                "bind",
                .mapping(.bind),
                "The gateway's account in the directory. Without it searches are anonymous."
            ),
            .required(
                "users",
                .mapping(.users),
                example: #"{ base: "ou=people,dc=example,dc=com" }"#,
                "Where people are found."
            ),
            .optional(
                "groups",
                .mapping(.groups),
                "Where groups are found. Needed as soon as a role names one."
            ),
            .optional(
                "watch",
                .choice(["off"], later: ["auto", "syncrepl", "persistent_search", "dirsync", "poll"]),
                default: "`off` in this version",
                "How changes in the directory become known. With `off` a person is read at sign-in."
            ),
            .optional(
                "user",
                .text,
                default: "`{uid}`",
                "The value of the user header: a template over the directory's own attributes, as `{uid}@partners`."
            ),
            .optional(
                "attributes",
                .names(.text),
                default: "`{ name: cn, email: mail, organization: o }`",
                "Configured name → the directory's attribute. What is given here is added to the default; extra names can be "
                    + "used in rules, headers and roles. The names `user`, `roles`, `permissions`, `relations` and `realm` are the "
                    + "gateway's own."
            ),
        ]
    )

    package static let directoryTLS = KeyTable(
        "directories[].tls",
        "How the connections to the servers are protected. Certificates and names are always checked.",
        [
            .optional(
                "start",
                .choice(["require", "off"], later: []),
                default: "`require`",
                "What an `ldap://` server means: `require` is StartTLS before anything else is sent, without a fallback; `off` is "
                    + "plain text, for loopback alone or with `insecure: true`. `ldaps://` has TLS from the first byte."
            ),
            .optional(
                "ca",
                .path,
                default: "the system's authorities",
                "PEM file of the authorities that sign the servers."
            ),
            .optional(
                "insecure",
                .flag,
                default: "`false`",
                "With `start: off`: passwords may cross a network in plain text. It never switches a check of certificates off."
            ),
            .optional("certificate", .path, "PEM file of the gateway's own certificate, for `mechanism: EXTERNAL`."),
            .optional("key", .path, "PEM file of its key, readable by its owner alone."),
        ]
    )

    package static let bind = KeyTable(
        "directories[].bind",
        "The gateway's account in the directory: `dn` and `password`, or `mechanism`.",
        [
            .optional("dn", .text, "The account's distinguished name."),
            .optional("password", .secret, "Its password."),
            .optional(
                "mechanism",
                .choice(["EXTERNAL"], later: ["GSSAPI", "SCRAM-SHA-256"]),
                "`EXTERNAL`: the account is the client certificate (`tls.certificate`), or the process at the other end of an "
                    + "`ldapi://` socket."
            ),
        ]
    )

    package static let users = KeyTable(
        "directories[].users",
        "Where people are found.",
        [
            .required(
                "base",
                .text,
                example: #""ou=people,dc=example,dc=com""#,
                "The distinguished name below which people stand."
            ),
            .optional(
                "filter",
                .text,
                default: "`\(DirectorySection.defaultFilter)`",
                "An RFC 4515 filter; `{login}` is what was typed, escaped. It must find exactly one entry."
            ),
        ]
    )

    package static let groups = KeyTable(
        "directories[].groups",
        "Where groups are found.",
        [
            .required(
                "base",
                .text,
                example: #""ou=groups,dc=example,dc=com""#,
                "The distinguished name below which groups stand."
            ),
            .optional(
                "membership",
                .choice(RealmConfiguration.Membership.allCases.map(\.rawValue), later: ["posix", "token_groups"]),
                default: "`auto`",
                "`memberof`: the person's entry names its groups. `member`: the groups name their members. `auto`: the first "
                    + "where the entry has it, else the second."
            ),
            .optional("nested", .flag, default: "`true`", "Whether members of a group's group are members."),
        ]
    )

    package static let role = KeyTable(
        "roles[]",
        "A role. A person holds it by a group, by an attribute, or because a role that they hold includes it.",
        [
            .required("name", .text, example: "sales", "`[a-z0-9._-]+`"),
            .optional(
                "relation",
                .text,
                "The relationship that the role belongs to, as `customers` or `partners`: `[a-z0-9._-]+`. Groups the launcher."
            ),
            .optional("groups", .list(.text), "Distinguished names of groups; one is enough."),
            .optional("attribute", .mapping(.roleAttribute), "A value that the person's entry has."),
            .optional("includes", .list(.text), "Roles that come with this one."),
            .optional("permissions", .list(.text), "What the role permits: `[a-z0-9._-]+`."),
        ]
    )

    package static let roleAttribute = KeyTable(
        "roles[].attribute",
        "A value that the person's entry has.",
        [
            .required(
                "name",
                .text,
                example: "employeeType",
                "The directory's attribute, or a name of `directories[].attributes`."
            ),
            .required("equals", .text, example: "manager", "Compared as a whole and without regard to case."),
        ]
    )
}
