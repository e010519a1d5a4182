internal import Identity
internal import Policy

extension KeyTable {
    package static let app = KeyTable(
        "apps[]",
        "One application behind the gateway.",
        [
            .required("name", .text, example: "crm", "`[a-z0-9._-]+`"),
            .optional("title", .text, default: "the name", "What the launcher calls it."),
            .required(
                "hosts",
                .list(.text),
                example: "[crm.example.com]",
                "Host names, without scheme and port; never the host of `server.public_url`. The port in `Host` is no part of "
                    + "the match."
            ),
            .optional(
                "paths",
                .list(.text),
                default: "the whole host",
                "Where several apps share a host: prefixes as `/crm`. The longest wins."
            ),
            .notYet("strip_prefix", accepting: [.no], "Whether the prefix is removed on the way to the app."),
            .optional(
                "origin",
                .unless([.null], .text),
                default: "scheme and port of `server.public_url`",
                "Where browsers reach the app, as `https://crm.example.com`; its host is one of `hosts`, and its scheme and port "
                    + "count for all of them."
            ),
            .required(
                "upstreams",
                .list(.text),
                example: #"["http://10.0.0.5:8080"]"#,
                "The server that the app runs on, as `http://10.0.0.5:8080`: exactly one."
            ),
            .optional(
                "preserve_host",
                .flag,
                default: "`true`",
                "Whether the app sees the `Host` that the browser sent, or its own."
            ),
            .optional(
                "encoded_slash",
                .choice(AppPolicy.EncodedSlash.allCases.map(\.rawValue), later: []),
                default: "`refuse`",
                "Whether `%2F` in a path is a 400, or kept (and judged as a separator too)."
            ),
            .optional(
                "merge_slashes",
                .flag,
                default: "`true`",
                "Whether `//` in a path becomes `/`, or both are judged."
            ),
            .optional("directories", .list(.text), default: "all", "Whose people the app knows."),
            .optional("headers", .mapping(.headers), "What the app is told of the person."),
            .required(
                "rules",
                .list(.mapping(.rule)),
                example: #"[{ path: "/**", allow: signed_in }]"#,
                "Who may do what. The first rule that matches decides; none denies."
            ),
            .optional(
                "passive",
                .list(.text),
                default: "`[]`",
                "Paths whose requests do not count as activity, as `/poll/**`, so that a page that asks by itself keeps nobody "
                    + "signed in. Written as in `rules`, without `{name}`."
            ),
            .optional(
                "audit_permitted",
                .flag,
                default: "`false`",
                "Whether the audit trail has each permitted request as well (`access.permitted`), not the denied ones alone."
            ),
            .notYet(
                "forward_auth",
                accepting: [.no],
                "Whether another proxy asks the gateway instead of going through it."
            ),
            .notYet("basic", accepting: [.no], "Sign-in by Basic authentication."),
            .optional(
                "launch",
                .text,
                default: "the first of `paths`, or `/`",
                "Where the launcher's tile leads: a path, which may name attributes as `/partners/{organization}/`."
            ),
        ]
    )

    package static let headers = KeyTable(
        "apps[].headers",
        "What the app is told of the person, and what clients may send besides.",
        [
            .optional(
                "profile",
                .choice(HeaderProfile.allCases.map(\.rawValue), later: []),
                default: "`remote-user`",
                "`remote-user`: `Remote-User`, `Remote-Name`, `Remote-Email`, `Remote-Groups`."
            ),
            .optional(
                "set",
                .names(.text),
                "Fields of the app's own, name → template over `user`, `roles`, `permissions`, `relations`, `realm` and the "
                    + "attributes. A field of the profile with that name is replaced; without a value nothing is sent."
            ),
            .optional(
                "pass",
                .list(.text),
                "Names with characters outside `[A-Za-z0-9-]` that clients may send; all others of that kind are dropped."
            ),
            .optional(
                "encoding",
                .choice(["utf-8"], later: ["latin-1", "percent"]),
                default: "`utf-8`",
                "How values are written."
            ),
        ]
    )

    package static let rule = KeyTable(
        "apps[].rules[]",
        "A rule matches by `path` and `methods` alone. All else is a demand; one that is not met denies.",
        [
            .optional(
                "path",
                .text,
                default: "`/**`",
                "`*` is one segment, `**` any number, `{name}` one segment that equals a value of that attribute of the person."
            ),
            .optional(
                "methods",
                .list(.text),
                default: "all",
                "`GET`, `HEAD`, `POST`, `PUT`, `DELETE`, `OPTIONS`, `PATCH`; `other` is every method besides."
            ),
            .optional(
                "allow",
                .choice(Demand.Audience.allCases.map(\.rawValue), later: []),
                "`anyone`, without signing in; `signed_in`; `nobody`."
            ),
            .optional("roles", .list(.text), "One of these roles."),
            .optional("permissions", .list(.text), "All of these permissions."),
            .optional(
                "networks",
                .list(.text),
                "An address in one of these networks, as `10.0.0.0/8`. Where `server.public_url` is https this needs "
                    + "`server.trusted_proxies`: else every request would have the address of the TLS server in front."
            ),
            .optional(
                "any",
                .list(.mapping(.alternative)),
                "Alternatives, of which one must be met, besides what stands above."
            ),
            .optional(
                "factors",
                .integer(0...1),
                default: "`1`, or `0` with `allow: anyone`",
                "How many factors the person has proved. Second factors are not in this version."
            ),
            .notYet("upgrades", accepting: [.emptyList], "Protocols that a connection may change to."),
            .notYet("max_staleness", accepting: [], "How old the facts about the person may be."),
            .notYet("countries", accepting: [], "Countries that a request may come from."),
            .notYet("hours", accepting: [], "When the rule permits."),
        ]
    )

    package static let alternative = KeyTable(
        "apps[].rules[].any[]",
        "One alternative of a rule.",
        [
            .optional("allow", .choice(Demand.Audience.allCases.map(\.rawValue), later: []), "As in a rule."),
            .optional("roles", .list(.text), "One of these roles."),
            .optional("permissions", .list(.text), "All of these permissions."),
            .optional("networks", .list(.text), "An address in one of these networks; as in the rule."),
            .optional("unbound", .flag, default: "`false`", "Waives the comparison of the rule's `{name}` segments."),
        ]
    )
}
