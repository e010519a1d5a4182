/// What is wrong, and every word that is said of it: line and column are those of the sample with the change.
enum Refusals {
    static let keys = [
        BadInput(
            "public_url",
            "publik_url",
            #"3:3: server.publik_url: this key is not known; did you mean "public_url"?"#
        ),
        BadInput(
            "public_url",
            "publicUrl",
            #"3:3: server.publicUrl: this key is not known; did you mean "public_url"?"#
        ),
        BadInput(
            "public_url",
            "url",
            #"3:3: server.url: this key is not known; did you mean "public_url"?"#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: { idle: 15m, absolute: 8h }\ncolour: red",
            #"30:1: colour: this key is not known here; the keys are "include", "server", "keys", "redis", "#
                + #""directories", "roles", "apps", "sessions", "limits", "second_factors", "audit" and "mail""#
        ),
        BadInput(
            "permissions: [leads.read]",
            "permision: [leads.read]",
            #"17:5: roles[0].permision: this key is not known; did you mean "permissions"?"#
        ),
        BadInput(
            "keys: { file: gateway.key }",
            "keys: { file: gateway.key, file: other }",
            "4:9: file: this key stands twice in one mapping; keep one of them"
        ),
        BadInput(
            "second_factors: { required: false }",
            "second_factors: { required: false }\nserver: {}",
            "1:1: server: this key stands twice in one mapping; keep one of them"
        ),
        BadInput(
            "start: off",
            "strat: off",
            #"9:12: directories[0].tls.strat: this key is not known; did you mean "start"?"#
        ),
        BadInput(
            "second_factors: { required: false }",
            "second_factors: { required: false }\n\"a: b\": 1",
            #"31:1: "a: b": this key is not known here; the keys are "include", "server", "keys", "redis", "#
                + #""directories", "roles", "apps", "sessions", "limits", "second_factors", "audit" and "mail""#
        ),
        BadInput(
            "second_factors: { required: false }",
            "second_factors: { required: false }\n? [a]\n: 1",
            "31:3: a key is plain text; this one is a list"
        ),
        BadInput(
            "keys: { file: gateway.key }",
            "",
            "1:1: keys: this key is missing; write keys: { file: /var/lib/gatehouse/gateway.key }"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: { idle: 15m, absolute: 8h",
            "30:15: this is no valid YAML: did not find expected ',' or '}' (while parsing a flow mapping at "
                + "line 29, column 11)"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions:\n\tidle: 15m",
            "30:1: this is no valid YAML: found character that cannot start any token (while scanning for the "
                + "next token at line 30, column 1)"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: &s { idle: 15m }\nx: *s",
            #"29:11: anchors ("&name") and aliases ("*name") are not taken: write the value where it is used, so "#
                + #"that a reader sees it"#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: { <<: { idle: 15m } }",
            #"29:13: merge keys ("<<") are not taken: write the keys out, so that a reader sees them"#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: !thing { idle: 15m }",
            #"29:11: the tag "!thing" is not taken: write the value without it"#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: { idle: 15m, absolute: 8h }\n---\na: b",
            "30:1: this is no valid YAML: but found another document (expected a single document in the stream "
                + "at line 1, column 1)"
        ),
    ]

    static let types = [
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: 15m",
            "29:11: sessions: expected a mapping, found text"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: [15m]",
            "29:11: sessions: expected a mapping, found a list"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions:",
            "29:10: sessions: expected a mapping, found nothing"
        ),
        BadInput(
            "idle: 15m",
            "idle: 15",
            #"29:19: sessions.idle: "15" is no duration; write one such as 90s, 15m, 8h or 30d"#
        ),
        BadInput(
            "idle: 15m",
            "idle: 15 minutes",
            #"29:19: sessions.idle: "15 minutes" is no duration; write one such as 90s, 15m, 8h or 30d"#
        ),
        BadInput(
            "idle: 15m",
            "idle: [15m]",
            "29:19: sessions.idle: expected a duration such as 90s, 15m, 8h or 30d, found a list"
        ),
        BadInput(
            "idle: 15m",
            "idle: 0s",
            "29:19: sessions.idle: a session lasts longer than nothing and at most 400d"
        ),
        BadInput(
            "idle: 15m",
            "idle: 9h",
            #"29:19: sessions.idle: "idle" (9h) is longer than "absolute" (8h), so it would never be reached; "#
                + #"shorten it, or lengthen "absolute""#
        ),
        BadInput(
            "absolute: 8h",
            "absolute: 401d",
            "29:34: sessions.absolute: a session lasts longer than nothing and at most 400d"
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: http://login.gw.localhost:8080\n  threads: many",
            "4:12: server.threads: expected a whole number from 0 to 1024, found text"
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: http://login.gw.localhost:8080\n  threads: \"2\"",
            "4:12: server.threads: expected a whole number from 0 to 1024, found text"
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: http://login.gw.localhost:8080\n  threads: -1",
            "4:12: server.threads: expected a whole number from 0 to 1024, found text"
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: http://login.gw.localhost:8080\n  threads: 5000",
            "4:12: server.threads: expected a whole number from 0 to 1024"
        ),
        BadInput(
            "roles: [sales]",
            "roles: sales",
            "28:31: apps[0].rules[1].roles: expected a list, found text"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    preserve_host: yes",
            "26:20: apps[0].preserve_host: expected true or false, found text"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    merge_slashes: \"true\"",
            "26:20: apps[0].merge_slashes: expected true or false, found text"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    title: \"\"",
            "26:12: apps[0].title: the text is empty"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    title: \"a\\tb\"",
            "26:12: apps[0].title: the text contains a control character"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    title: [a]",
            "26:12: apps[0].title: expected text, found a list"
        ),
        BadInput(
            "dialect: openldap",
            "dialect: ldap",
            #"7:14: directories[0].dialect: "ldap" is not known here; write "openldap""#
        ),
        BadInput(
            "name: staff",
            "name: Staff People",
            #"6:11: directories[0].name: "Staff People" is no name; write small letters, digits, ".", "_" and "#
                + #""-", at most 64 of them"#
        ),
        BadInput(
            "name: sales",
            "name: Sales!",
            #"14:11: roles[0].name: "Sales!" is no name; write small letters, digits, ".", "_" and "-", at most "#
                + #"64 of them"#,
            #"19:16: roles[1].includes[0]: there is no role "sales""#,
            #"28:32: apps[0].rules[1].roles[0]: there is no role "sales"; write it below "roles""#
        ),
        BadInput(
            "relation: customers",
            #"relation: "our customers""#,
            #"15:15: roles[0].relation: "our customers" is no name; write small letters, digits, ".", "_" and "#
                + #""-", at most 64 of them"#
        ),
        BadInput(
            "[leads.read]",
            #"["Leads Read"]"#,
            #"17:19: roles[0].permissions[0]: "Leads Read" is no name; write small letters, digits, ".", "_" and "#
                + #""-", at most 64 of them"#
        ),
        BadInput(
            "    headers: {}",
            "    headers: { profile: basic }",
            #"25:25: apps[0].headers.profile: "basic" is not known here; write "remote-user""#
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    encoded_slash: allow",
            #"26:20: apps[0].encoded_slash: "allow" is not known here; write "refuse" or "keep""#
        ),
    ]

    static let notInThisVersion = [
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: http://login.gw.localhost:8080\n  tls: { certificates: [] }",
            "4:3: server.tls: not in this version; write null, or leave the key out"
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: http://login.gw.localhost:8080\n  acme: /var/www",
            "4:3: server.acme: not in this version; write null, or leave the key out"
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: [{ address: "127.0.0.1:8080", proxy_protocol: true }]"#,
            "2:41: server.listen[0].proxy_protocol: not in this version; write false, or leave the key out"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: { idle: 15m, absolute: 8h }\nredis: { url: \"redis://127.0.0.1\", sentinel: { name: x }, "
                + "cluster: { nodes: [a] } }",
            "30:36: redis.sentinel: not in this version; write null, or leave the key out",
            "30:59: redis.cluster: not in this version; write null, or leave the key out"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: { idle: 15m, absolute: 8h }\nmail: { smtp: x }",
            "30:1: mail: not in this version; write null, or leave the key out"
        ),
        BadInput(
            "dialect: openldap",
            "dialect: active_directory",
            #"7:14: directories[0].dialect: "active_directory" is not in this version; write "openldap""#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n  - name: partners\n    dialect: openldap\n  "
                + "  servers: [\"ldap://127.0.0.1:3389\"]\n    users: { base: \"o=p\" }",
            #"13:5: directories[1]: a second directory ("partners") is not in this version; keep one"#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n    watch: auto",
            #"13:12: directories[0].watch: "auto" is not in this version; write "off""#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            #"    groups: { base: "ou=groups,dc=example,dc=com", membership: posix }"#,
            #"12:64: directories[0].groups.membership: "posix" is not in this version; write "auto", "memberof" "#
                + #"or "member""#
        ),
        BadInput(
            #"    bind: { dn: "cn=gatehouse,dc=example,dc=com", password: { file: secret } }"#,
            "    bind: { mechanism: GSSAPI }",
            #"10:24: directories[0].bind.mechanism: "GSSAPI" is not in this version; write "EXTERNAL""#
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    strip_prefix: true",
            "26:5: apps[0].strip_prefix: not in this version; write false, or leave the key out"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    forward_auth: true",
            "26:5: apps[0].forward_auth: not in this version; write false, or leave the key out"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    basic: true",
            "26:5: apps[0].basic: not in this version; write false, or leave the key out"
        ),
        BadInput(
            "    headers: {}",
            "    headers: { encoding: latin-1 }",
            #"25:26: apps[0].headers.encoding: "latin-1" is not in this version; write "utf-8""#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", upgrades: [websocket], roles: [sales] }"#,
            "28:24: apps[0].rules[1].upgrades: not in this version; write [], or leave the key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            "      - { roles: [sales], factors: 2 }",
            "28:36: apps[0].rules[1].factors: second factors are not in this version; write 0 or 1"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            "      - { roles: [sales], max_staleness: 2s }",
            "28:27: apps[0].rules[1].max_staleness: not in this version; leave the key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            "      - { roles: [sales], max_staleness: null }",
            "28:27: apps[0].rules[1].max_staleness: not in this version; leave the key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            "      - { roles: [sales], countries: [DE] }",
            "28:27: apps[0].rules[1].countries: not in this version; leave the key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { roles: [sales], hours: "9-17" }"#,
            "28:27: apps[0].rules[1].hours: not in this version; leave the key out"
        ),
        BadInput(
            #"    upstreams: ["http://127.0.0.1:9001"]"#,
            #"    upstreams: ["https://127.0.0.1:9001"]"#,
            "24:17: apps[0].upstreams[0]: https to an upstream is not in this version; write http://HOST:PORT of "
                + "a server that the gateway reaches safely"
        ),
        BadInput(
            #"    upstreams: ["http://127.0.0.1:9001"]"#,
            #"    upstreams: ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]"#,
            "24:42: apps[0].upstreams[1]: several upstreams are not in this version; keep one"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: { cookie: { scope: domain } }",
            #"29:30: sessions.cookie.scope: "domain" is not in this version; write "host""#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "sessions: { cookie: { domain: example.com } }",
            "29:23: sessions.cookie.domain: not in this version; write null, or leave the key out"
        ),
        BadInput(
            "second_factors: { required: false }",
            "second_factors: { required: true }",
            #"30:29: second_factors.required: second factors are not in this version, so nobody could sign in; "#
                + #"write "required: false""#
        ),
        BadInput(
            "second_factors: { required: false }",
            "",
            "1:1: second_factors: this key is missing; write second_factors: { required: false }"
        ),
        BadInput(
            "second_factors: { required: false }",
            "second_factors: {}",
            "30:17: second_factors.required: this key is missing; write required: false"
        ),
        BadInput(
            "second_factors: { required: false }",
            "second_factors: { required: false, totp: {} }",
            "30:36: second_factors.totp: not in this version; write null or false, or leave the key out"
        ),
        BadInput(
            "second_factors: { required: false }",
            "second_factors: { required: false, email: { enabled: true } }",
            "30:36: second_factors.email: not in this version; write null, false or { enabled: false }, or leave "
                + "the key out"
        ),
    ]

    static let server = [
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            "  listen: []",
            "2:11: server.listen: the gateway listens nowhere; write an address such as 127.0.0.1:8080"
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: ["0.0.0.0:8080"]"#,
            #"2:12: server.listen[0]: "0.0.0.0:8080" can be reached from other machines, which needs "#
                + #"server.trusted_proxies with the addresses of the proxies that do TLS in front (server.tls is not in "#
                + #"this version); name them there, or listen on 127.0.0.1:8080"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: ["[::]:8080"]"#,
            #"2:12: server.listen[0]: "[::]:8080" can be reached from other machines, which needs "#
                + #"server.trusted_proxies with the addresses of the proxies that do TLS in front (server.tls is not in "#
                + #"this version); name them there, or listen on 127.0.0.1:8080"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: [":8080"]"#,
            #"2:12: server.listen[0]: ":8080" does not say which address; write 127.0.0.1:8080 for this machine "#
                + #"alone, or 0.0.0.0:8080 or [::]:8080 for all networks"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: ["10.0.0.5:8080"]"#,
            #"2:12: server.listen[0]: "10.0.0.5:8080" can be reached from other machines, which needs "#
                + #"server.trusted_proxies with the addresses of the proxies that do TLS in front (server.tls is not in "#
                + #"this version); name them there, or listen on 127.0.0.1:8080"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            "  listen: [gateway.example.com:8080]",
            #"2:12: server.listen[0]: "gateway.example.com:8080" is no address of this machine; write "#
                + #"127.0.0.1:8080, [::1]:8080 or localhost:8080"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            "  listen: [127.0.0.1]",
            #"2:12: server.listen[0]: "127.0.0.1" is no address; write one with its port, as 127.0.0.1:8080 or "#
                + #"[::1]:8080, or unix:/PATH"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: ["::1:8080"]"#,
            #"2:12: server.listen[0]: "::1:8080" is no address of this machine; write 127.0.0.1:8080, [::1]:8080 "#
                + #"or localhost:8080"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: ["127.0.0.1:0"]"#,
            #"2:12: server.listen[0]: "127.0.0.1:0" is no address; write one with its port, as 127.0.0.1:8080 or "#
                + #"[::1]:8080, or unix:/PATH"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: ["127.0.0.1:99999"]"#,
            #"2:12: server.listen[0]: "127.0.0.1:99999" is no address; write one with its port, as 127.0.0.1:8080 "#
                + #"or [::1]:8080, or unix:/PATH"#
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: ["unix:"]"#,
            "2:12: server.listen[0]: a Unix socket is written unix:/run/gatehouse/http.sock, its path at most "
                + "107 bytes long"
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: ["127.0.0.1:8080", "localhost:8080"]"#,
            "2:30: server.listen[1]: 127.0.0.1:8080 stands here twice; keep one of them"
        ),
        BadInput(
            #"  listen: ["127.0.0.1:8080"]"#,
            #"  listen: [{ adress: "127.0.0.1:8080" }]"#,
            #"2:14: server.listen[0].adress: this key is not known; did you mean "address"?"#
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: http://login.example.com",
            "3:15: server.public_url: people would type their passwords over plain http; write "
                + "https://login.example.com (http is for localhost, *.localhost and 127.0.0.1)"
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: https://login.example.com/portal",
            "3:15: server.public_url: this is no origin; write scheme, host and perhaps a port, as "
                + "https://login.example.com, and nothing more"
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            "  public_url: login.example.com",
            "3:15: server.public_url: this is no origin; write scheme, host and perhaps a port, as "
                + "https://login.example.com, and nothing more"
        ),
    ]

    static let directory = [
        BadInput(
            #"    servers: ["ldap://127.0.0.1:3389"]"#,
            "    servers: []",
            "8:14: directories[0].servers: name a server, as ldaps://ldap.example.com"
        ),
        BadInput(
            #"    servers: ["ldap://127.0.0.1:3389"]"#,
            "    servers: [ldap.example.com]",
            "8:15: directories[0].servers[0]: this is no server; write ldaps://HOST, ldap://HOST:PORT or "
                + "ldapi://%2FPATH, and nothing behind it"
        ),
        BadInput(
            #"    servers: ["ldap://127.0.0.1:3389"]"#,
            #"    servers: ["ldap://ldap.example.com"]"#,
            #"8:15: directories[0].servers[0]: passwords would cross the network in plain text; write ldaps://, "#
                + #"leave "tls.start: off" out, or, if that is what you want, add "tls.insecure: true""#
        ),
        BadInput(
            #"    servers: ["ldap://127.0.0.1:3389"]"#,
            #"    servers: ["ldaps://a.example.com/dc=x"]"#,
            "8:15: directories[0].servers[0]: this is no server; write ldaps://HOST, ldap://HOST:PORT or "
                + "ldapi://%2FPATH, and nothing behind it"
        ),
        BadInput(
            #"    servers: ["ldap://127.0.0.1:3389"]"#,
            #"    servers: ["ldap://127.0.0.1:3389", "LDAP://127.0.0.1:3389"]"#,
            "8:40: directories[0].servers[1]: ldap://127.0.0.1:3389 stands here twice; keep one of them"
        ),
        BadInput(
            "    tls: { start: off }",
            "    tls: { insecure: true }",
            #"9:22: directories[0].tls.insecure: this permits plain text where "start: off" asks for it, and "#
                + #"nothing else: certificates are always checked. Leave the key out, or name the authority in "ca""#
        ),
        BadInput(
            "    tls: { start: off }",
            "    tls: { ca: nowhere.pem }",
            #"9:16: directories[0].tls.ca: the file "nowhere.pem" cannot be read: No such file or directory"#
        ),
        BadInput(
            "    tls: { start: off }",
            "    tls: { ca: empty }",
            #"9:16: directories[0].tls.ca: the file "empty" is empty"#
        ),
        BadInput(
            "    tls: { start: off }",
            "    tls: { ca: secret }",
            #"9:16: directories[0].tls.ca: the file "secret" holds no certificate in PEM form "#
                + #"("-----BEGIN CERTIFICATE-----")"#
        ),
        BadInput(
            "    tls: { start: off }",
            "    tls: { certificate: secret }",
            #"9:25: directories[0].tls.certificate: "certificate" and "key" belong together; write both or neither"#
        ),
        BadInput(
            "    tls: { start: off }",
            "    tls: { start: off, certificate: secret, key: open-secret }",
            #"9:50: directories[0].tls.key: the file "open-secret" is open to its group or to everybody (mode "#
                + #"0644); run: chmod 600 "open-secret""#
        ),
        BadInput(
            #"    bind: { dn: "cn=gatehouse,dc=example,dc=com", password: { file: secret } }"#,
            #"    bind: { dn: "cn=gatehouse,dc=example,dc=com" }"#,
            "10:11: directories[0].bind.password: an account without a password would be anonymous; write { "
                + "file: PATH } or { env: NAME }"
        ),
        BadInput(
            #"    bind: { dn: "cn=gatehouse,dc=example,dc=com", password: { file: secret } }"#,
            "    bind: { password: { file: secret } }",
            #"10:11: directories[0].bind.dn: write the account's "dn" and "password", or "mechanism: EXTERNAL""#
        ),
        BadInput(
            #"    bind: { dn: "cn=gatehouse,dc=example,dc=com", password: { file: secret } }"#,
            "    bind: {}",
            #"10:11: directories[0].bind.dn: write the account's "dn" and "password", or "mechanism: EXTERNAL""#
        ),
        BadInput(
            #"    bind: { dn: "cn=gatehouse,dc=example,dc=com", password: { file: secret } }"#,
            "    bind: { dn: gatehouse, password: { file: secret } }",
            #"10:17: directories[0].bind.dn: "gatehouse" is no distinguished name; write one such as "#
                + #""ou=people,dc=example,dc=com""#
        ),
        BadInput(
            #"    bind: { dn: "cn=gatehouse,dc=example,dc=com", password: { file: secret } }"#,
            "    bind: { mechanism: EXTERNAL }",
            #"10:24: directories[0].bind.mechanism: EXTERNAL needs a client certificate ("tls.certificate" and "#
                + #""tls.key") or an ldapi:// socket, and ldap://127.0.0.1:3389 has neither"#
        ),
        BadInput(
            #"    bind: { dn: "cn=gatehouse,dc=example,dc=com", password: { file: secret } }"#,
            #"    bind: { mechanism: EXTERNAL, dn: "cn=x" }"#,
            #"10:11: directories[0].bind: with "mechanism: EXTERNAL" the connection says who the gateway is; "#
                + #"leave "dn" and "password" out"#,
            #"10:24: directories[0].bind.mechanism: EXTERNAL needs a client certificate ("tls.certificate" and "#
                + #""tls.key") or an ldapi:// socket, and ldap://127.0.0.1:3389 has neither"#
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            "    users: { base: people }",
            #"11:20: directories[0].users.base: "people" is no distinguished name; write one such as "#
                + #""ou=people,dc=example,dc=com""#
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "" }"#,
            "11:20: directories[0].users.base: the text is empty"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            "    users: {}",
            #"11:12: directories[0].users.base: this key is missing; write base: "ou=people,dc=example,dc=com""#
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(uid=alice)" }"#,
            "11:59: directories[0].users.filter: this is no filter that finds one person: it does not contain "
                + "{login}, so it would find the same person for everybody; a good one is "
                + "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "uid={login}" }"#,
            "11:59: directories[0].users.filter: this is no filter that finds one person: an opening parenthesis "
                + "is missing (character 1); a good one is (&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(uid={login}" }"#,
            "11:59: directories[0].users.filter: this is no filter that finds one person: a closing parenthesis "
                + "is missing (character 13); a good one is "
                + "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(uid={login}))" }"#,
            "11:59: directories[0].users.filter: this is no filter that finds one person: something follows its "
                + "last parenthesis (character 14); a good one is "
                + "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(&(uid={login})(objectClass=*)" }"#,
            "11:59: directories[0].users.filter: this is no filter that finds one person: a closing parenthesis "
                + "is missing (character 31); a good one is "
                + "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(uid=*{login})" }"#,
            #"11:59: directories[0].users.filter: this is no filter that finds one person: "*" beside {login} "#
                + #"would find other people than the one who signs in; a good one is "#
                + #"(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"#
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(uid={uid})" }"#,
            "11:59: directories[0].users.filter: this is no filter that finds one person: of names in braces it "
                + "can have {login} alone (character 6); a good one is "
                + "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "({login}=x)" }"#,
            #"11:59: directories[0].users.filter: this is no filter that finds one person: "{login}" is no "#
                + #"attribute; a good one is (&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"#
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(!(uid={login}))" }"#,
            "11:59: directories[0].users.filter: this is no filter that finds one person: it does not contain "
                + "{login}, so it would find the same person for everybody; a good one is "
                + "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(uid>={login})" }"#,
            #"11:59: directories[0].users.filter: this is no filter that finds one person: {login} stands behind "#
                + #""=", not behind a comparison; a good one is "#
                + #"(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"#
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(& (uid={login}))" }"#,
            "11:59: directories[0].users.filter: this is no filter that finds one person: an opening parenthesis "
                + "is missing (character 3); a good one is (&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
        ),
        BadInput(
            #"    users: { base: "ou=people,dc=example,dc=com" }"#,
            #"    users: { base: "ou=people,dc=example,dc=com", filter: "(uid={login}\\zz)" }"#,
            #"11:59: directories[0].users.filter: this is no filter that finds one person: a back-slash inside a "#
                + #"value is written "\5c" (character 13); a good one is "#
                + #"(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n    user: alice",
            #"13:11: directories[0].user: everybody would be the same user; name an attribute that tells people "#
                + #"apart, as "{uid}""#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n    user: \"{uid\"",
            #"13:11: directories[0].user: "{" is never closed; write "{{" for the character itself"#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n    attributes: { user: uid }",
            #"13:19: directories[0].attributes.user: "user" is a name of the gateway's own; choose another"#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n    attributes: { \"big name\": uid }",
            #"13:19: directories[0].attributes."big name": "big name" cannot be used in braces; write letters, "#
                + #"digits, "_" and "-""#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n    attributes: { team: \"big team\" }",
            #"13:25: directories[0].attributes.team: "big team" is no attribute's name; write one such as mail or "#
                + #"employeeType"#
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n    attributes: { team: ou, Team: o }",
            "13:29: directories[0].attributes.Team: this name stands here twice (case does not count); keep one "
                + "of them"
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "    groups: { base: \"ou=groups,dc=example,dc=com\" }\n    attributes: [cn]",
            "13:17: directories[0].attributes: expected a mapping, found a list"
        ),
        BadInput(
            #"    groups: { base: "ou=groups,dc=example,dc=com" }"#,
            "",
            #"16:14: roles[0].groups[0]: no group can be found without directories[0].groups; write its "base""#
        ),
    ]

    static let secrets = [
        BadInput(
            "password: { file: secret }",
            "password: hunter2",
            "10:61: directories[0].bind.password: write { file: PATH } or { env: NAME }; a secret never stands "
                + "in the configuration itself"
        ),
        BadInput(
            "password: { file: secret }",
            "password: { hunter2 }",
            "10:63: directories[0].bind.password: write { file: PATH } or { env: NAME }, and nothing else; a "
                + "secret never stands in the configuration itself"
        ),
        BadInput(
            "password: { file: secret }",
            "password: { value: hunter2 }",
            "10:63: directories[0].bind.password: write { file: PATH } or { env: NAME }, and nothing else; a "
                + "secret never stands in the configuration itself"
        ),
        BadInput(
            "password: { file: secret }",
            "password: [hunter2]",
            "10:61: directories[0].bind.password: write { file: PATH } or { env: NAME }; a secret never stands "
                + "in the configuration itself"
        ),
        BadInput(
            "password: { file: secret }",
            "password: { file: secret, env: PW }",
            #"10:61: directories[0].bind.password: write either "file" or "env", not both"#
        ),
        BadInput(
            "password: { file: secret }",
            "password: {}",
            "10:61: directories[0].bind.password: write { file: PATH } or { env: NAME }"
        ),
        BadInput(
            "password: { file: secret }",
            "password: { file: nowhere }",
            #"10:69: directories[0].bind.password.file: the file "nowhere" cannot be read: No such file or directory"#
        ),
        BadInput(
            "password: { file: secret }",
            "password: { file: open-secret }",
            #"10:69: directories[0].bind.password.file: the file "open-secret" is open to its group or to "#
                + #"everybody (mode 0644); run: chmod 600 "open-secret""#
        ),
        BadInput(
            "password: { file: secret }",
            "password: { file: empty }",
            #"10:69: directories[0].bind.password.file: the file "empty" is empty"#
        ),
        BadInput(
            "password: { file: secret }",
            "password: { file: . }",
            #"10:69: directories[0].bind.password.file: the file "." cannot be read: it is no regular file"#
        ),
        BadInput(
            "password: { file: secret }",
            "password: { env: LDAP_PASSWORD }",
            #"10:68: directories[0].bind.password.env: the environment variable "LDAP_PASSWORD" is not set"#
        ),
        BadInput(
            "password: { file: secret }",
            "password: { env: hunter2 }",
            #"10:68: directories[0].bind.password.env: there is no such environment variable; their names are "#
                + #"usually capitals, digits and "_""#
        ),
    ]

    static let roles = [
        BadInput(
            "name: manager",
            "name: sales",
            "18:11: roles[1].name: there is another role of this name; a role is written once"
        ),
        BadInput(
            "includes: [sales]",
            "includes: [sale]",
            #"19:16: roles[1].includes[0]: there is no role "sale"; did you mean "sales"?"#
        ),
        BadInput(
            "includes: [sales]",
            "includes: [nothing-like-it]",
            #"19:16: roles[1].includes[0]: there is no role "nothing-like-it""#
        ),
        BadInput(
            "includes: [sales]",
            "includes: [manager]",
            "19:16: roles[1].includes[0]: this role includes itself: manager → manager; break the circle"
        ),
        BadInput(
            "permissions: [leads.read]",
            "permissions: [leads.read]\n    includes: [manager]",
            "18:16: roles[0].includes[0]: this role includes itself: sales → manager → sales; break the circle",
            "20:16: roles[1].includes[0]: this role includes itself: manager → sales → manager; break the circle"
        ),
        BadInput(
            #"["cn=sales,ou=groups,dc=example,dc=com"]"#,
            "[sales]",
            #"16:14: roles[0].groups[0]: "sales" is no distinguished name; write one such as "#
                + #""ou=people,dc=example,dc=com""#
        ),
        BadInput(
            #"["cn=sales,ou=groups,dc=example,dc=com"]"#,
            "[]",
            "16:13: roles[0].groups: the list is empty; name something, or leave the key out"
        ),
        BadInput(
            "name: employeeType",
            #"name: "employee type""#,
            #"20:24: roles[1].attribute.name: "employee type" is no attribute's name; write one such as mail or "#
                + #"employeeType"#
        ),
        BadInput(
            "name: employeeType",
            "name: roles",
            #"20:24: roles[1].attribute.name: "roles" is a name of the gateway's own; name an attribute of the "#
                + #"directory"#
        ),
        BadInput(
            "{ name: employeeType, equals: manager }",
            "{ name: employeeType }",
            "20:16: roles[1].attribute.equals: this key is missing; write equals: manager"
        ),
    ]

    static let apps = [
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: wiki\n    hosts: [crm.gw.localhost]\n    upstreams: [\"http://127.0.0.1:9002\"]\n    "
                + "rules: [{ allow: signed_in }]\nsessions: { idle: 15m, absolute: 8h }",
            #"30:13: apps[1].hosts[0]: the whole of "crm.gw.localhost" belongs to the app "crm" already; write "#
                + #"other "hosts" or "paths""#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: wiki\n    hosts: [login.gw.localhost]\n    upstreams: [\"http://127.0.0.1:9002\"]\n    "
                + "rules: [{ allow: signed_in }]\nsessions: { idle: 15m, absolute: 8h }",
            "30:13: apps[1].hosts[0]: this is the portal's host (server.public_url); an app needs one of its own"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: crm\n    hosts: [wiki.gw.localhost]\n    upstreams: [\"http://127.0.0.1:9002\"]\n    "
                + "rules: [{ allow: signed_in }]\nsessions: { idle: 15m, absolute: 8h }",
            "29:11: apps[1].name: there is another app of this name; an app is written once, whole"
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: wiki\n    hosts: [wiki.example.com]\n    upstreams: [\"http://127.0.0.1:9002\"]\n    "
                + "rules: [{ allow: signed_in }]\nsessions: { idle: 15m, absolute: 8h }",
            #"30:13: apps[1].hosts[0]: server.public_url is http, which is for this machine alone, and "#
                + #""wiki.example.com" is not: use a name below localhost, as wiki.gw.localhost, or https"#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: wiki\n    hosts: [\"*.gw.localhost\"]\n    upstreams: [\"http://127.0.0.1:9002\"]\n    "
                + "rules: [{ allow: signed_in }]\nsessions: { idle: 15m, absolute: 8h }",
            #"30:13: apps[1].hosts[0]: a host is written out; "*" is not known here"#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: wiki\n    hosts: [\"wiki.gw.localhost:8080\"]\n    upstreams: "
                + "[\"http://127.0.0.1:9002\"]\n    rules: [{ allow: signed_in }]\nsessions: { idle: 15m, absolute: 8h "
                + "}",
            #"30:13: apps[1].hosts[0]: the port is no part of the match; write "wiki.gw.localhost", and the port "#
                + #"in "origin" if it needs one"#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: wiki\n    hosts: [\"http://wiki.gw.localhost\"]\n    upstreams: "
                + "[\"http://127.0.0.1:9002\"]\n    rules: [{ allow: signed_in }]\nsessions: { idle: 15m, absolute: 8h "
                + "}",
            #"30:13: apps[1].hosts[0]: this is a URL; write the host alone: "wiki.gw.localhost""#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: wiki\n    hosts: [wïki.gw.localhost]\n    upstreams: [\"http://127.0.0.1:9002\"]\n    "
                + "rules: [{ allow: signed_in }]\nsessions: { idle: 15m, absolute: 8h }",
            #"30:13: apps[1].hosts[0]: "wïki.gw.localhost" is no host name; write one such as crm.example.com, "#
                + #"international names in their xn-- form"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: []",
            "23:12: apps[0].hosts: name the host that browsers ask for, as crm.example.com"
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost, CRM.gw.localhost.]",
            #"23:31: apps[0].hosts[1]: "crm.gw.localhost" stands here twice; keep one of them"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: []",
            "24:12: apps[0].paths: the list is empty; leave the key out for the whole host"
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: [/]",
            #"24:13: apps[0].paths[0]: "/" is no path prefix: leave "paths" out for the whole host"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: [crm]",
            #"24:13: apps[0].paths[0]: "crm" is no path prefix: it begins with a slash, as /crm"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: [/crm/]",
            #"24:13: apps[0].paths[0]: "/crm/" is no path prefix: write it without the slash at its end"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: [/crm, /CRM]",
            #"24:19: apps[0].paths[1]: "/CRM" stands here twice (case does not count); keep one of them"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: [\"/crm/*\"]",
            #"24:13: apps[0].paths[0]: "/crm/*" is no path prefix: it is plain text, without *, {name}, ?, # or ;"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: [/a/../b]",
            #"24:13: apps[0].paths[0]: "/a/../b" is no path prefix: paths are judged in one form, which of this "#
                + #"is "/b""#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: [\"/a%zz\"]",
            #"24:13: apps[0].paths[0]: "/a%zz" is no path prefix: the path contains a percent sign that is not "#
                + #"followed by two hexadecimal digits"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    paths: [/.gatehouse/x]",
            #"24:13: apps[0].paths[0]: "/.gatehouse/x" is no path prefix: /.gatehouse belongs to the gateway on "#
                + #"every host"#
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    origin: crm.gw.localhost",
            "24:13: apps[0].origin: this is no origin; write scheme, host and perhaps a port, as "
                + "https://crm.example.com, and nothing more"
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    origin: https://crm.gw.localhost",
            "24:13: apps[0].origin: the scheme is that of server.public_url; write http://crm.gw.localhost"
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    origin: http://wiki.gw.localhost",
            #"24:13: apps[0].origin: its host is none of the app's hosts ("crm.gw.localhost")"#
        ),
        BadInput(
            "sessions: { idle: 15m, absolute: 8h }",
            "  - name: wiki\n    hosts: [crm.gw.localhost]\n    upstreams: [\"http://127.0.0.1:9002\"]\n    "
                + "paths: [/wiki]\n    origin: http://crm.gw.localhost:9999\n    rules: [{ allow: signed_in "
                + "}]\nsessions: { idle: 15m, absolute: 8h }",
            #"33:13: apps[1].origin: the app "crm" has "crm.gw.localhost" at http://crm.gw.localhost:8080, and "#
                + #"this one at http://crm.gw.localhost:9999; a host has one origin"#
        ),
        BadInput(
            #"    upstreams: ["http://127.0.0.1:9001"]"#,
            "    upstreams: []",
            "24:16: apps[0].upstreams: name the server that the app runs on, as http://10.0.0.5:8080"
        ),
        BadInput(
            #"    upstreams: ["http://127.0.0.1:9001"]"#,
            #"    upstreams: ["http://127.0.0.1:9001/app"]"#,
            "24:17: apps[0].upstreams[0]: this is no server; write http://HOST:PORT, without a user, path or "
                + "anything else behind it"
        ),
        BadInput(
            #"    upstreams: ["http://127.0.0.1:9001"]"#,
            #"    upstreams: ["http://me:hunter2@127.0.0.1:9001"]"#,
            "24:17: apps[0].upstreams[0]: this is no server; write http://HOST:PORT, without a user, path or "
                + "anything else behind it"
        ),
        BadInput(
            "    hosts: [crm.gw.localhost]",
            "    hosts: [crm.gw.localhost]\n    origin: \"http://me:hunter2@crm.gw.localhost\"",
            "24:13: apps[0].origin: this is no origin; write scheme, host and perhaps a port, as "
                + "https://crm.example.com, and nothing more"
        ),
        BadInput(
            #"    servers: ["ldap://127.0.0.1:3389"]"#,
            #"    servers: ["ldaps://me:hunter2@ldap.example.com"]"#,
            "8:15: directories[0].servers[0]: this is no server; write ldaps://HOST, ldap://HOST:PORT or "
                + "ldapi://%2FPATH, and nothing behind it"
        ),
        BadInput(
            "  public_url: http://login.gw.localhost:8080",
            #"  public_url: "https://me:hunter2@login.example.com""#,
            "3:15: server.public_url: this is no origin; write scheme, host and perhaps a port, as "
                + "https://login.example.com, and nothing more"
        ),
        BadInput(
            #"    upstreams: ["http://127.0.0.1:9001"]"#,
            #"    upstreams: ["127.0.0.1:9001"]"#,
            "24:17: apps[0].upstreams[0]: this is no server; write http://HOST:PORT, without a user, path or "
                + "anything else behind it"
        ),
        BadInput(
            #"    upstreams: ["http://127.0.0.1:9001"]"#,
            #"    upstreams: ["http://localhost:8080"]"#,
            "24:17: apps[0].upstreams[0]: this is the gateway's own address: requests would go round in a "
                + "circle; name the app's server"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    directories: [stuff]",
            #"26:19: apps[0].directories[0]: there is no directory "stuff"; did you mean "staff"?"#
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    directories: []",
            "26:18: apps[0].directories: the list is empty; name something, or leave the key out"
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    launch: start",
            #"26:13: apps[0].launch: "start" is no path on the app's host; write one that begins with one slash, "#
                + #"as /start, percent-encoded"#
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    launch: //evil.example.com/",
            #"26:13: apps[0].launch: "//evil.example.com/" is no path on the app's host; write one that begins "#
                + #"with one slash, as /start, percent-encoded"#
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    launch: \"/x/{organisation}\"",
            #"26:13: apps[0].launch: {organisation} is not known; did you mean "organization"?"#
        ),
        BadInput(
            "    headers: {}",
            "    headers: {}\n    paths: [/crm]\n    launch: /wiki",
            #"27:13: apps[0].launch: this leads out of the app, whose paths are "/crm""#
        ),
    ]

    static let headers = [
        BadInput(
            "    headers: {}",
            #"    headers: { set: { X_Name: "{name}" } }"#,
            #"25:23: apps[0].headers.set.X_Name: "X_Name" is no name for a field; write letters, digits and "-""#
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { set: { Cookie: "{name}" } }"#,
            #"25:23: apps[0].headers.set.Cookie: "Cookie" belongs to the connection or to the gateway itself; "#
                + #"choose another name"#
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { set: { transfer-encoding: "{name}" } }"#,
            #"25:23: apps[0].headers.set.transfer-encoding: "transfer-encoding" belongs to the connection or to "#
                + #"the gateway itself; choose another name"#
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { set: { X-Forwarded-User: "{name}" } }"#,
            #"25:23: apps[0].headers.set.X-Forwarded-User: "X-Forwarded-User" belongs to the connection or to the "#
                + #"gateway itself; choose another name"#
        ),
        BadInput(
            "    headers: {}",
            "    headers: { set: { Host: a } }",
            #"25:23: apps[0].headers.set.Host: "Host" belongs to the connection or to the gateway itself; choose "#
                + #"another name"#
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { set: { X-A: "{name}", x-a: "{email}" } }"#,
            "25:38: apps[0].headers.set.x-a: this field stands here twice (case does not count); keep one of them"
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { set: { X-A: "{nmae}" } }"#,
            #"25:28: apps[0].headers.set.X-A: {nmae} is not known; did you mean "name"?"#
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { set: { X-A: "{name" } }"#,
            #"25:28: apps[0].headers.set.X-A: "{" is never closed; write "{{" for the character itself"#
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { set: { X-A: "" } }"#,
            "25:28: apps[0].headers.set.X-A: the text is empty"
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { set: { X-A: " {name}" } }"#,
            "25:28: apps[0].headers.set.X-A: a field's value neither begins nor ends with a space"
        ),
        BadInput(
            "    headers: {}",
            "    headers: { set: { X-A: null } }",
            "25:28: apps[0].headers.set.X-A: expected text, found nothing"
        ),
        BadInput(
            "    headers: {}",
            "    headers: { pass: [Remote_User] }",
            #"25:23: apps[0].headers.pass[0]: "Remote_User" is read by applications as "remote-user", which says "#
                + #"who the person is; no client may send it"#
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { pass: [X_Team], set: { X-Team: "{name}" } }"#,
            #"25:23: apps[0].headers.pass[0]: "X_Team" is read by applications as "x-team", which says who the "#
                + #"person is; no client may send it"#
        ),
        BadInput(
            "    headers: {}",
            "    headers: { pass: [Transfer_Encoding] }",
            #"25:23: apps[0].headers.pass[0]: "Transfer_Encoding" is read by applications as "transfer-encoding", "#
                + #"which no client may send in another spelling"#
        ),
        BadInput(
            "    headers: {}",
            #"    headers: { pass: ["a b"] }"#,
            #"25:23: apps[0].headers.pass[0]: "a b" is no name of a field"#
        ),
    ]

    static let rules = [
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**" }"#,
            #"28:9: apps[0].rules[1]: this rule says nothing about who may pass; write "allow: signed_in", or "#
                + #"roles, permissions or networks"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", factors: 1 }"#,
            #"28:9: apps[0].rules[1]: this rule says nothing about who may pass; write "allow: signed_in", or "#
                + #"roles, permissions or networks"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", roles: [sale] }"#,
            #"28:32: apps[0].rules[1].roles[0]: there is no role "sale"; did you mean "sales"?"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", roles: [nothing-like-it] }"#,
            #"28:32: apps[0].rules[1].roles[0]: there is no role "nothing-like-it"; write it below "roles""#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", permissions: [leads.raed] }"#,
            #"28:38: apps[0].rules[1].permissions[0]: there is no permission "leads.raed"; did you mean "#
                + #""leads.read"?"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", permissions: [wiki.write] }"#,
            #"28:38: apps[0].rules[1].permissions[0]: there is no permission "wiki.write"; no role grants it"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", roles: [] }"#,
            "28:31: apps[0].rules[1].roles: an empty list demands nothing; name a role, or leave the key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", networks: [] }"#,
            "28:34: apps[0].rules[1].networks: the list is empty; name something, or leave the key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", any: [] }"#,
            "28:29: apps[0].rules[1].any: an empty list has no alternative that could be met; write one, or "
                + "leave the key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", permissions: [] }"#,
            "28:37: apps[0].rules[1].permissions: an empty list demands nothing; name a permission, or leave the "
                + "key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", methods: [], roles: [sales] }"#,
            "28:33: apps[0].rules[1].methods: the list is empty; name something, or leave the key out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", allow: anyone, roles: [sales] }"#,
            #"28:31: apps[0].rules[1].allow: "anyone" needs not sign in, and "roles" asks who it is; leave one of "#
                + #"the two out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", allow: anyone, permissions: [leads.read] }"#,
            #"28:31: apps[0].rules[1].allow: "anyone" needs not sign in, and "permissions" asks who it is; leave "#
                + #"one of the two out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/{organization}", allow: anyone }"#,
            #"28:43: apps[0].rules[1].allow: "anyone" needs not sign in, and {organization} in its path asks who "#
                + #"it is; leave one of the two out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", allow: anyone, any: [{ roles: [sales] }] }"#,
            #"28:31: apps[0].rules[1].allow: "anyone" needs not sign in, and "any" asks who it is; leave one of "#
                + #"the two out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", allow: anyone, factors: 1 }"#,
            #"28:48: apps[0].rules[1].factors: who has not signed in has proved no factor; write "allow: "#
                + #"signed_in", or leave "factors" out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", allow: nobody, roles: [sales] }"#,
            #"28:31: apps[0].rules[1].allow: "nobody" passes, whatever "roles" asks for; leave one of the two out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", allow: everybody }"#,
            #"28:31: apps[0].rules[1].allow: "everybody" is not known here; write "anyone", "signed_in" or "nobody""#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", any: [{}] }"#,
            #"28:30: apps[0].rules[1].any[0]: this alternative says nothing about who may pass; write "allow: "#
                + #"signed_in", or roles, permissions or networks"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", any: [{ roles: [sales], unbound: true }] }"#,
            "28:57: apps[0].rules[1].any[0].unbound: the rule's path has no {name} segment whose comparison "
                + "could be waived; leave this out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/{organization}/**", any: [{ allow: anyone }] }"#,
            #"28:54: apps[0].rules[1].any[0].allow: "anyone" needs not sign in, and {organization} in the rule's "#
                + #"path asks who it is; leave one of the two out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/{organization}/**", any: [{ unbound: true }] }"#,
            #"28:45: apps[0].rules[1].any[0]: this alternative says nothing about who may pass; write "allow: "#
                + #"signed_in", or roles, permissions or networks"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", any: [{ allow: anyone, roles: [sales] }] }"#,
            #"28:39: apps[0].rules[1].any[0].allow: "anyone" needs not sign in, and "roles" asks who it is; leave "#
                + #"one of the two out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", unbound: true, roles: [sales] }"#,
            #"28:24: apps[0].rules[1].unbound: this key is not known here; the keys are "path", "methods", "#
                + #""allow", "roles", "permissions", "networks", "any", "factors", "upgrades", "max_staleness", "#
                + #""countries" and "hours""#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/{organisation}/**" }"#,
            #"28:17: apps[0].rules[1].path: {organisation} is not known; did you mean "organization"?"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/{realm}/**" }"#,
            #"28:17: apps[0].rules[1].path: {realm} is not known; known are "email", "name", "organization" and "#
                + #""user"; directories[0].attributes adds others"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "x", roles: [sales] }"#,
            #"28:17: apps[0].rules[1].path: a path begins with "/""#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/a*b", roles: [sales] }"#,
            #"28:17: apps[0].rules[1].path: "a*b": a wildcard is a whole segment ("*", "**" or "{attribute}")"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/a//b", roles: [sales] }"#,
            #"28:17: apps[0].rules[1].path: "//" in a path matches nothing; write one slash"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**/{organization}", roles: [sales] }"#,
            #"28:17: apps[0].rules[1].path: "{organization}" cannot stand behind "**": which segment it binds "#
                + #"would be open"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", methods: [get], roles: [sales] }"#,
            "28:34: apps[0].rules[1].methods[0]: methods are written in capitals: GET"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", methods: [PROPFIND], roles: [sales] }"#,
            #"28:34: apps[0].rules[1].methods[0]: "PROPFIND" is not told apart in this version; write "other" for "#
                + #"every method besides GET, HEAD, POST, PUT, DELETE, OPTIONS and PATCH"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", methods: [TRACE], roles: [sales] }"#,
            "28:34: apps[0].rules[1].methods[0]: TRACE never passes the gateway; leave it out"
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", networks: ["10.0.0.1/8"], roles: [sales] }"#,
            #"28:35: apps[0].rules[1].networks[0]: "10.0.0.1/8" is no network; write one such as 10.0.0.0/8 or "#
                + #"2001:db8::/32, no bit set behind the prefix"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**", networks: [office], roles: [sales] }"#,
            #"28:35: apps[0].rules[1].networks[0]: "office" is no network; write one such as 10.0.0.0/8 or "#
                + #"2001:db8::/32, no bit set behind the prefix"#
        ),
    ]

    static let doubtful = [
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            "      - { path: \"/**\", roles: [sales] }\n      - { path: \"/admin\", roles: [sales] }",
            #"29:9: apps[0].rules[2]: warning: this rule never decides: an earlier one for "/**" matches all that "#
                + #"it matches; put it first, or remove it"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            "      - { path: \"/a\", methods: [GET, HEAD], roles: [sales] }\n      - { path: \"/a\", methods: "
                + "[GET], allow: signed_in }",
            #"29:9: apps[0].rules[2]: warning: this rule never decides: an earlier one for "/a" matches all that "#
                + #"it matches; put it first, or remove it"#
        ),
        BadInput(
            "includes: [sales]\n    attribute: { name: employeeType, equals: manager }",
            "includes: [sales]",
            #"18:11: roles[1].name: warning: nobody can hold this role: it has neither "groups" nor "attribute", "#
                + #"and no role includes it"#
        ),
        BadInput(
            "cn=sales,ou=groups",
            "cn=sales,ou=elsewhere",
            #"16:14: roles[0].groups[0]: warning: this group does not stand below directories[0].groups.base "#
                + #"("ou=groups,dc=example,dc=com"), so it may never be found"#
        ),
        BadInput(
            "    headers: {}",
            "    headers: { pass: [X-Plain] }",
            #"25:23: apps[0].headers.pass[0]: warning: "X-Plain" passes without being named here; leave it out"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin", roles: [manager] }"# + "\n"
                + #"      - { path: "/**", roles: [sales] }"#,
            #"28:9: apps[0].rules[1]: warning: this rule does not match "/admin/", which the rule for "/**" decides; "#
                + #"write "/admin/**" if the whole tree is meant"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin", allow: nobody }"# + "\n"
                + #"      - { path: "/admin/*", allow: signed_in }"#,
            #"28:9: apps[0].rules[1]: warning: this rule does not match "/admin/", which the rule for "/admin/*" decides; "#
                + #"write "/admin/**" if the whole tree is meant"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/a/*", roles: [manager] }"# + "\n"
                + #"      - { path: "/a/{user}/b", allow: signed_in }"# + "\n"
                + #"      - { path: "/**", allow: anyone }"#,
            #"28:9: apps[0].rules[1]: warning: this rule does not match "/a/*/", which the rule for "/**" decides; "#
                + #"write "/a/*/**" if the whole tree is meant"#,
            #"29:9: apps[0].rules[2]: warning: this rule does not match "/a/{user}/b/", which the rule for "/**" decides; "#
                + #"write "/a/{user}/b/**" if the whole tree is meant"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/a", methods: [GET, POST], roles: [manager] }"# + "\n"
                + #"      - { path: "/a/", methods: [GET], roles: [manager] }"# + "\n"
                + #"      - { path: "/**", methods: [POST], roles: [sales] }"#,
            #"28:9: apps[0].rules[1]: warning: this rule does not match "/a/", which the rule for "/**" decides; "#
                + #"write "/a/**" if the whole tree is meant"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin", roles: [manager] }"# + "\n"
                + #"      - { path: "/admin/", roles: [manager] }"# + "\n"
                + #"      - { path: "/**", roles: [sales] }"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin/", roles: [manager] }"# + "\n"
                + #"      - { path: "/admin", roles: [manager] }"# + "\n"
                + #"      - { path: "/**", roles: [sales] }"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin/**", roles: [manager] }"# + "\n"
                + #"      - { path: "/", roles: [manager] }"# + "\n"
                + #"      - { path: "/**", roles: [sales] }"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin", roles: [sales, manager] }"# + "\n"
                + #"      - { path: "/**", roles: [sales] }"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/me", allow: signed_in }"# + "\n"
                + #"      - { path: "/**", roles: [sales] }"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin", roles: [manager] }"# + "\n"
                + #"      - { path: "/**", allow: nobody }"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin", methods: [GET], roles: [manager] }"# + "\n"
                + #"      - { path: "/**", methods: [POST], roles: [sales] }"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/**/*", methods: [GET], roles: [manager] }"# + "\n"
                + #"      - { path: "/**", roles: [sales] }"#
        ),
        BadInput(
            #"      - { path: "/**", roles: [sales] }"#,
            #"      - { path: "/admin", roles: [manager] }"#
        ),
    ]
}
