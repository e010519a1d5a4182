extension KeyTable {
    /// The whole main file.
    package static let main = KeyTable(
        "",
        "The main file, `/etc/gatehouse/gatehouse.yaml` unless `--config` or `GATEHOUSE_CONFIG` says otherwise.",
        [
            .optional(
                "include",
                .oneOrMore(.path),
                "Further files, as paths or patterns such as `apps.d/*.yaml`. The files of a pattern are read in lexical order "
                    + "of their bytes, a file that two patterns name once. An included file may bring `apps` and `roles`, "
                    + "nothing else. A path must exist; a pattern may match nothing."
            ),
            .required(
                "server",
                .mapping(.server),
                example: #"{ listen: "127.0.0.1:8080", public_url: "https://login.example.com" }"#,
                "Where the gateway listens and where people reach it."
            ),
            .required(
                "keys",
                .mapping(.gatewayKeys),
                example: "{ file: /var/lib/gatehouse/gateway.key }",
                "The gateway's own secret."
            ),
            .optional(
                "redis",
                .unless([.null], .mapping(.redis)),
                default: "`null`",
                "The store that several nodes share: sessions and counted failures. Without it both are kept in memory, by one "
                    + "node, and end with it."
            ),
            .required(
                "directories",
                .list(.mapping(.directory)),
                example: "[{ name: staff, dialect: openldap, … }]",
                "The directories that people sign in against: exactly one in this version. \"Directory\" and \"realm\" are one "
                    + "thing."
            ),
            .optional(
                "roles",
                .list(.mapping(.role)),
                "Roles and what makes a person hold them, in the order of the file."
            ),
            .optional("apps", .list(.mapping(.app)), "The applications behind the gateway."),
            .optional("sessions", .mapping(.sessions), "How long a sign-in lasts."),
            .optional(
                "limits",
                .mapping(.limits),
                "Limits on failed sign-ins. There are some, whatever the file says."
            ),
            .required(
                "second_factors",
                .mapping(.secondFactors),
                example: "{ required: false }",
                "Second factors. Their default is that they are required; as they do not exist in this version, the file "
                    + "has to say `second_factors: { required: false }`."
            ),
            .optional(
                "audit",
                .unless([.null, .no], .mapping(.audit)),
                default: "`false`",
                "Where the audit trail is kept. Without it events go to the log alone, of which `serve` warns."
            ),
            .notYet("mail", accepting: [.null], "How the gateway sends mail."),
        ]
    )

    package static let included = KeyTable(
        "included file",
        "What a file named by `include` may bring. Its lists are put behind those that were read before it.",
        [
            .optional("roles", .list(.mapping(.role)), "As in the main file."),
            .optional("apps", .list(.mapping(.app)), "As in the main file."),
        ]
    )

    package static let secret = KeyTable(
        "secret",
        "A secret stands in a file or in the environment, never in the configuration. Exactly one of the two.",
        [
            .optional(
                "file",
                .path,
                "A file that its owner alone can read (mode 0600 or 0400). One line break at its end is no part of the secret."
            ),
            .optional("env", .text, "The name of an environment variable."),
        ]
    )

    package static let sessions = KeyTable(
        "sessions",
        "How long a sign-in lasts.",
        [
            .optional("idle", .duration, default: "`15m`", "Without activity. At most `absolute`."),
            .optional("absolute", .duration, default: "`8h`", "In all, whatever the traffic."),
            .optional("cookie", .mapping(.sessionCookie), "The session cookie."),
        ]
    )

    package static let sessionCookie = KeyTable(
        "sessions.cookie",
        "The session cookie.",
        [
            .optional(
                "scope",
                .choice(["host"], later: ["domain"]),
                default: "`host`",
                "`host`: each host has a token of its own, valid on that host alone."
            ),
            .notYet("domain", accepting: [.null], "The domain of one cookie for all hosts."),
        ]
    )

    package static let secondFactors = KeyTable(
        "second_factors",
        "Second factors.",
        [
            .required(
                "required",
                .flag,
                example: "false",
                "Must be `false` in this version: a demand that cannot be checked denies. `serve` warns of it."
            ),
            .notYet("totp", accepting: [.null, .no], "One-time codes of an authenticator app."),
            .notYet("webauthn", accepting: [.null, .no], "Passkeys and security keys."),
            .notYet("recovery_codes", accepting: [.null, .no], "Codes on paper."),
            .notYet("email", accepting: [.null, .no, .disabled], "Codes by mail."),
        ]
    )
}
