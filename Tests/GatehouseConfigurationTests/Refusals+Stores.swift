extension Refusals {
    private static let sessions = "sessions: { idle: 15m, absolute: 8h }"

    /// The sample with a section of its own behind `sessions`, in line 30.
    private static func with(_ section: String, _ expected: String...) -> BadInput {
        BadInput(sessions, "\(sessions)\n\(section)", expected)
    }

    private static let noAddress =
        "30:15: redis.url: this is no address of Redis; write redis://HOST:PORT/DATABASE or unix:/run/redis/redis.sock, "
        + "and nothing behind it"
    private static let inlinePassword =
        #"30:15: redis.url: a password never stands in the url; take it out, write "password: { file: PATH }" or "#
        + #""password: { env: NAME }", and change it if others could read this file"#

    static let redis = [
        with("redis: {}", "30:8: redis.url: this key is missing; write url: \"redis://127.0.0.1:6379/0\""),
        with("redis: redis://127.0.0.1", "30:8: redis: expected a mapping, found text"),
        with("redis: false", "30:8: redis: expected a mapping, found true or false"),
        with(#"redis: { url: "127.0.0.1:6379" }"#, noAddress),
        with(#"redis: { url: "http://127.0.0.1:6379" }"#, noAddress),
        with(#"redis: { url: "redis://" }"#, noAddress),
        with(#"redis: { url: "redis:///0" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1:0/0" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1:66666" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1/first" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1/-1" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1/10000" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1/0/1" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1/0?password=hunter2" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1/0#1" }"#, noAddress),
        with(#"redis: { url: "redis://a,b:6379" }"#, noAddress),
        with(#"redis: { url: "redis://::1:6379" }"#, noAddress),
        with(#"redis: { url: "redis://127.0.0.1\u0301:6379" }"#, noAddress),
        with(
            #"redis: { url: "redis://127.0.0.1\u0000:6379" }"#,
            "30:15: redis.url: the text contains a control character"
        ),
        with(#"redis: { url: "redis://:hunter2@127.0.0.1" }"#, inlinePassword),
        with(#"redis: { url: "redis://user:hunter2@127.0.0.1/0" }"#, inlinePassword),
        with(#"redis: { url: "REDIS://user:@127.0.0.1" }"#, inlinePassword),
        with(#"redis: { url: "redis://user:hun@ter2@127.0.0.1" }"#, inlinePassword),
        with(
            #"redis: { url: "redis://hun%20ter2@127.0.0.1" }"#,
            #"30:15: redis.url: a user with such a name does not stand in the url; write it as "user" beside it"#
        ),
        with(
            #"redis: { url: "redis://@127.0.0.1" }"#,
            #"30:15: redis.url: a user with such a name does not stand in the url; write it as "user" beside it"#
        ),
        with(
            #"redis: { url: "redis://hunter2@127.0.0.1" }"#,
            #"30:15: redis.url: a user needs a password; write "password: { file: PATH }", or leave the user out"#
        ),
        with(
            #"redis: { url: "redis://127.0.0.1", user: gatehouse }"#,
            #"30:42: redis.user: a user needs a password; write "password: { file: PATH }", or leave the user out"#
        ),
        with(
            #"redis: { url: "redis://one@127.0.0.1", user: two, password: { file: secret } }"#,
            #"30:46: redis.user: "url" names a user already; keep one of them"#
        ),
        with(
            #"redis: { url: "redis://127.0.0.1", password: hunter2 }"#,
            "30:46: redis.password: write { file: PATH } or { env: NAME }; a secret never stands in the configuration itself"
        ),
        with(
            #"redis: { url: "redis://127.0.0.1", password: { file: open-secret } }"#,
            #"30:54: redis.password.file: the file "open-secret" is open to its group or to everybody (mode 0644); "#
                + #"run: chmod 600 "open-secret""#
        ),
        with(
            #"redis: { url: "rediss://user:hunter2@redis.example.com" }"#,
            #"30:15: redis.url: Redis over TLS ("rediss://") is not in this version; write redis:// of a server that "#
                + "the gateway reaches safely, or a Unix socket"
        ),
        with(
            #"redis: { url: "unix:" }"#,
            "30:15: redis.url: a Unix socket is written unix:/run/gatehouse/http.sock, its path at most 107 bytes long"
        ),
        with(
            #"redis: { url: "unix:/run/redis.sock?password=hunter2" }"#,
            #"30:15: redis.url: behind the path of the socket "?db=DATABASE" may stand, and nothing else"#
        ),
        with(
            #"redis: { url: "unix:/run/redis.sock?db=x" }"#,
            #"30:15: redis.url: behind the path of the socket "?db=DATABASE" may stand, and nothing else"#
        ),
        with(
            #"redis: { ulr: "redis://127.0.0.1" }"#,
            #"30:10: redis.ulr: this key is not known; did you mean "url"?"#
        ),
    ]

    private static func badRate(_ rate: String, _ expected: String) -> BadInput {
        with("limits: { sign_in: { per_account: \(rate) } }", "30:35: limits.sign_in.per_account: \(expected)")
    }

    static let limits = [
        with("limits: null", "30:9: limits: expected a mapping, found nothing"),
        with("limits: false", "30:9: limits: expected a mapping, found true or false"),
        with("limits: { sign_in: off }", "30:20: limits.sign_in: expected a mapping, found text"),
        badRate("0/5m", "0 failures cannot be counted; write 1 to 1000, as 5/5m"),
        badRate("1001/5m", "1001 failures cannot be counted; write 1 to 1000, as 5/5m"),
        badRate("5/0s", #"failures are counted for 1s to 1d, not for "0s""#),
        badRate("5/25h", #"failures are counted for 1s to 1d, not for "25h""#),
        badRate(
            "5",
            #""5" does not say how many in which time; write so many failures in such a time, as 5/5m"#
        ),
        badRate(
            "5/5",
            #""5/5" does not say how many in which time; write so many failures in such a time, as 5/5m"#
        ),
        badRate(
            "5/5m/5m",
            #""5/5m/5m" does not say how many in which time; write so many failures in such a time, as 5/5m"#
        ),
        badRate(
            "/5m",
            #""/5m" does not say how many in which time; write so many failures in such a time, as 5/5m"#
        ),
        badRate(
            "-5/5m",
            #""-5/5m" does not say how many in which time; write so many failures in such a time, as 5/5m"#
        ),
        badRate(
            "99999999999999999999/5m",
            #""99999999999999999999/5m" does not say how many in which time; write so many failures in such a time, "#
                + "as 5/5m"
        ),
        badRate("null", "expected so many failures in such a time, as 5/5m, found nothing"),
        badRate("[5/5m]", "expected so many failures in such a time, as 5/5m, found a list"),
        with(
            "limits: { sign_in: { per_network: 50, lockout: 2d } }",
            #"30:35: limits.sign_in.per_network: "50" does not say how many in which time; write so many failures in "#
                + "such a time, as 5/5m",
            "30:48: limits.sign_in.lockout: a name stays locked for 1s to 1d"
        ),
        with(
            "limits: { sign_in: { lockout: 0s } }",
            "30:31: limits.sign_in.lockout: a name stays locked for 1s to 1d"
        ),
    ]

    static let audit = [
        with("audit: true", "30:8: audit: expected a mapping, found true or false"),
        with("audit: audit.jsonl", "30:8: audit: expected a mapping, found text"),
        with(
            "audit: {}",
            #"30:8: audit: this says nowhere where the trail is kept; write file: /var/log/gatehouse/audit.jsonl, or "#
                + #""audit: false""#
        ),
        with(
            "audit: { file: audit.jsonl, redis_stream: true }",
            #"30:43: audit.redis_stream: there is no "redis" in this file that could hold the stream; write false, or "#
                + "leave the key out"
        ),
        with("audit: { file: null }", "30:16: audit.file: expected text, found nothing"),
        with("audit: { file: audit.jsonl, syslog: yes }", "30:37: audit.syslog: expected true or false, found text"),
        with(
            "audit: { file: gateway.key }",
            #"30:16: audit.file: this is the file of "keys.file"; the trail needs one of its own"#
        ),
        with(
            "audit: { file: gatehouse.yaml }",
            "30:16: audit.file: this is the file of the configuration; the trail needs one of its own"
        ),
        with("audit: { flie: a }", #"30:10: audit.flie: this key is not known; did you mean "file"?"#),
    ]

    static let doubtfulStores = [
        with(
            #"redis: { url: "redis://10.0.0.7" }"#,
            "30:15: redis.url: warning: what is kept in Redis, and its password, cross the network in plain text; let nobody "
                + "else be on it"
        ),
        with(#"redis: { url: "redis://localhost" }"#),
        with(#"redis: { url: "unix:/run/redis.sock" }"#),
        with(
            "redis: { url: \"redis://[::1]\" }\naudit: {}",
            #"31:8: audit: warning: the stream in Redis keeps the latest events alone, and "gatehouse audit verify" reads "#
                + #"files; name a "file""#
        ),
    ]
}
