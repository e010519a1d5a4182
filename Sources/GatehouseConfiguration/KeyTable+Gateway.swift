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
            .notYet(
                "redis",
                accepting: [.null],
                "The store that several nodes share. Without it sessions are kept in memory, by one node, and end with it."
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
            .notYet("limits", accepting: [.null], "Limits on failed sign-ins."),
            .required(
                "second_factors",
                .mapping(.secondFactors),
                example: "{ required: false }",
                "Second factors. Their default is that they are required; as they do not exist in this version, the file "
                    + "has to say `second_factors: { required: false }`."
            ),
            .notYet("audit", accepting: [.null, .no], "The audit trail."),
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

    package static let server = KeyTable(
        "server",
        "Where the gateway listens and where people reach it.",
        [
            .required(
                "listen",
                .oneOrMore(.textOr(.listener)),
                example: #""127.0.0.1:8080""#,
                "Addresses: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` (which is 127.0.0.1) or "
                    + "`unix:/run/gatehouse/http.sock`, several as a list. Only this machine can be listened to in this version, "
                    + "because there is neither `tls` nor `trusted_proxies`: put a proxy that does TLS in front, on this machine."
            ),
            .required(
                "public_url",
                .text,
                example: "https://login.example.com",
                "The portal as browsers see it, as `https://login.example.com`: the base of every link and redirect. `http` only "
                    + "where the host is loopback (`localhost`, `*.localhost`, `127.0.0.1`); its scheme decides the names of "
                    + "the cookies and their `Secure`."
            ),
            .optional("threads", .integer(0...1024), default: "`0`", "Event loops; `0` is one for each core."),
            .notYet("tls", accepting: [.null], "Certificates of the listeners."),
            .notYet("trusted_proxies", accepting: [.emptyList], "Networks whose `X-Forwarded-*` is believed."),
            .notYet("operations_listen", accepting: [.null], "Where `/healthz`, `/readyz` and `/metrics` answer."),
            .notYet("acme", accepting: [.null], "Answers to `/.well-known/acme-challenge/`."),
        ]
    )

    package static let listener = KeyTable(
        "server.listen[]",
        "A listener with more to say than its address.",
        [
            .required("address", .text, example: #""127.0.0.1:8080""#, "As above."),
            .notYet("proxy_protocol", accepting: [.no], "Whether a PROXY protocol header stands first."),
        ]
    )

    package static let gatewayKeys = KeyTable(
        "keys",
        "The gateway's own secret.",
        [
            .required(
                "file",
                .path,
                example: "/var/lib/gatehouse/gateway.key",
                "32 random bytes, made with mode 0600 at the first start. All other keys are derived from it."
            ),
            .notYet("previous", accepting: [.emptyList], "Keys of before, after a rotation."),
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
