extension KeyTable {
    package static let redis = KeyTable(
        "redis",
        "The store that several nodes share. It has to run with `maxmemory-policy noeviction`.",
        [
            .required(
                "url",
                .text,
                example: #""redis://127.0.0.1:6379/0""#,
                "`redis://[USER@]HOST[:PORT][/DATABASE]`, the port 6379 and the database 0 unless they are said; or a Unix socket, "
                    + "`unix:/run/redis/redis.sock`, with `?db=1` behind it for another database. A password never stands here. "
                    + "`rediss://` is not in this version."
            ),
            .optional(
                "user",
                .text,
                default: "that of `url`, or Redis' `default`",
                "An ACL user whose name cannot stand in `url`, because it has other characters than letters, digits, `.`, `_` and "
                    + "`-`. A user needs a `password`."
            ),
            .optional("password", .secret, "The password of the user, or that of the whole server (`requirepass`)."),
            .notYet("sentinel", accepting: [.null], "Redis Sentinel."),
            .notYet("cluster", accepting: [.null], "Redis Cluster."),
        ]
    )

    package static let limits = KeyTable(
        "limits",
        "Limits on failed sign-ins.",
        [.optional("sign_in", .mapping(.signInLimits), "Failed sign-ins.")]
    )

    package static let signInLimits = KeyTable(
        "limits.sign_in",
        "Failed sign-ins: so many in such a time, as `5/5m`; 1 to 1000 in 1s to 1d. Successful ones are never counted.",
        [
            .optional(
                "per_account",
                .rate,
                default: "`5/5m`",
                "Of one name, and of one person under whatever names: the last of them locks that. Names that nobody has lock alike."
            ),
            .optional(
                "per_network",
                .rate,
                default: "`50/5m`",
                "From one IPv4 address, or one IPv6 /64. Behind a proxy that `server.trusted_proxies` does not name, everybody "
                    + "comes from one address."
            ),
            .optional("lockout", .duration, default: "`15m`", "For how long a name stays locked: 1s to 1d."),
        ]
    )

    package static let audit = KeyTable(
        "audit",
        "Where the audit trail is kept.",
        [
            .optional(
                "file",
                .path,
                "JSON lines, each chained to the one before it; `gatehouse audit verify` checks them. Opened anew on SIGUSR1."
            ),
            .optional("syslog", .flag, default: "`false`", "Also to the system's log (`/dev/log`)."),
            .optional(
                "redis_stream",
                .flag,
                default: "`true` with `redis`",
                "Also to the stream `gh:audit` in Redis, which keeps the latest events alone."
            ),
        ]
    )
}
