extension KeyTable {
    package static let server = KeyTable(
        "server",
        "Where the gateway listens and where people reach it.",
        [
            .required(
                "listen",
                .oneOrMore(.textOr(.listener)),
                example: #""127.0.0.1:8080""#,
                "Addresses: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` (which is 127.0.0.1) or "
                    + "`unix:/run/gatehouse/http.sock`, several as a list. There is no `tls` in this version: put a proxy that does "
                    + "TLS in front. Addresses that other machines reach, as `0.0.0.0:8080`, need that proxy in "
                    + "`trusted_proxies`; whoever else connects to them is closed."
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
            .optional(
                "trusted_proxies",
                .list(.text),
                default: "`[]`",
                "The proxies in front, whose `X-Forwarded-For`, `-Proto` and `-Host` are believed: networks as `10.0.0.0/8`, "
                    + "addresses as `127.0.0.1`, and `unix:` for whoever may connect to a Unix socket of `listen`."
            ),
            .optional(
                "operations_listen",
                .unless([.null], .oneOrMore(.text)),
                default: "`null`",
                "Where `/healthz`, `/readyz` and `/metrics` answer, as `127.0.0.1:9180` or `unix:/run/gatehouse/ops.sock`; several as "
                    + "a list. Off unless it is said, so that several gateways fit on one machine."
            ),
            .optional(
                "drain_delay",
                .duration,
                default: "`5s`",
                "How long `/readyz` says no before the listeners close, so that load balancers turn away first: 0s to 5m."
            ),
            .notYet("tls", accepting: [.null], "Certificates of the listeners."),
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
                "32 random bytes, made with mode 0600 at the first start. All other keys are derived from it. The same file on "
                    + "every node that shares a Redis."
            ),
            .optional(
                "previous",
                .list(.path),
                default: "`[]`",
                "Key files of before a rotation: what was sealed with them can still be read. Each has 32 bytes and is readable by "
                    + "its owner alone."
            ),
        ]
    )
}
