extension Refusals {
    private static let url = "  public_url: http://login.gw.localhost:8080"
    private static let listen = #"  listen: ["127.0.0.1:8080"]"#

    /// A line of its own below `server`, which is line 4.
    private static func server(_ line: String, _ expected: String...) -> BadInput {
        BadInput(url, "\(url)\n  \(line)", expected)
    }

    static let proxies = [
        server("trusted_proxies: 10.0.0.0/8", "4:20: server.trusted_proxies: expected a list, found text"),
        server("trusted_proxies: null", "4:20: server.trusted_proxies: expected a list, found nothing"),
        server(
            #"trusted_proxies: ["10.0.0.1/8"]"#,
            #"4:21: server.trusted_proxies[0]: "10.0.0.1/8" is no network; write an address as 127.0.0.1, a network as "#
                + "10.0.0.0/8 or 2001:db8::/32 (no bit set behind the prefix), or unix:"
        ),
        server(
            #"trusted_proxies: ["::1", "[::1]"]"#,
            #"4:28: server.trusted_proxies[1]: "[::1]" is no network; write an address as 127.0.0.1, a network as "#
                + "10.0.0.0/8 or 2001:db8::/32 (no bit set behind the prefix), or unix:"
        ),
        server(
            #"trusted_proxies: [proxy.example.com]"#,
            #"4:21: server.trusted_proxies[0]: "proxy.example.com" is no network; write an address as 127.0.0.1, a "#
                + "network as 10.0.0.0/8 or 2001:db8::/32 (no bit set behind the prefix), or unix:"
        ),
        server(
            #"trusted_proxies: ["10.0.0.0/33"]"#,
            #"4:21: server.trusted_proxies[0]: "10.0.0.0/33" is no network; write an address as 127.0.0.1, a network as "#
                + "10.0.0.0/8 or 2001:db8::/32 (no bit set behind the prefix), or unix:"
        ),
        server(
            #"trusted_proxies: ["unix:/run/http.sock"]"#,
            #"4:21: server.trusted_proxies[0]: write "unix:" alone: it stands for every Unix socket of "listen""#
        ),
        server(
            #"trusted_proxies: ["unix:", "unix:"]"#,
            #"4:30: server.trusted_proxies[1]: "unix:" stands here twice; keep one of them"#
        ),
        server(
            #"trusted_proxies: ["10.0.0.1", "::ffff:10.0.0.1/128"]"#,
            "4:33: server.trusted_proxies[1]: 10.0.0.1/32 stands here twice; keep one of them"
        ),
        BadInput(
            listen,
            "  listen: [\"0.0.0.0:8080\"]\n  trusted_proxies: [\"unix:\"]",
            #"2:12: server.listen[0]: "0.0.0.0:8080" can be reached from other machines, which needs "#
                + "server.trusted_proxies with the addresses of the proxies that do TLS in front (server.tls is not in "
                + "this version); name them there, or listen on 127.0.0.1:8080"
        ),
        // One mistake is one message: that nobody is trusted would be said of a list that the administrator wrote.
        BadInput(
            listen,
            "  listen: [\"0.0.0.0:8080\"]\n  trusted_proxies: [\"10.0.0\"]",
            #"3:21: server.trusted_proxies[0]: "10.0.0" is no network; write an address as 127.0.0.1, a network as "#
                + "10.0.0.0/8 or 2001:db8::/32 (no bit set behind the prefix), or unix:"
        ),
        BadInput(
            listen,
            "  listen: [\"*:8080\"]\n  trusted_proxies: [\"10.0.0.1\"]",
            #"2:12: server.listen[0]: "*:8080" does not say which address; write 127.0.0.1:8080 for this machine alone, "#
                + "or 0.0.0.0:8080 or [::]:8080 for all networks"
        ),
        BadInput(
            #"    upstreams: ["http://127.0.0.1:9001"]"#,
            "    upstreams: [\"http://LOCALHOST:8080\"]",
            "24:17: apps[0].upstreams[0]: this is the gateway's own address: requests would go round in a circle; name "
                + "the app's server"
        ),
    ]

    static let operation = [
        server(
            "operations_listen: 127.0.0.1",
            #"4:22: server.operations_listen: "127.0.0.1" is no address; write one with its port, as 127.0.0.1:8080 or "#
                + "[::1]:8080, or unix:/PATH"
        ),
        server(
            "operations_listen: true",
            #"4:22: server.operations_listen: "true" is no address; write one with its port, as 127.0.0.1:8080 or "#
                + "[::1]:8080, or unix:/PATH"
        ),
        server(
            "operations_listen: []",
            "4:22: server.operations_listen: the list is empty; write null, or leave the key out, to listen nowhere"
        ),
        server(
            #"operations_listen: "localhost:8080""#,
            "4:22: server.operations_listen: 127.0.0.1:8080 stands in server.listen already; operations need an address of "
                + "their own"
        ),
        server(
            #"operations_listen: ["127.0.0.1:9180", "localhost:9180"]"#,
            "4:41: server.operations_listen[1]: 127.0.0.1:9180 stands here twice; keep one of them"
        ),
        server(
            #"operations_listen: { address: "127.0.0.1:9180" }"#,
            "4:22: server.operations_listen: expected text, found a mapping"
        ),
        server("drain_delay: 6m", "4:16: server.drain_delay: waiting before the listeners close takes 0s to 5m"),
        server(
            "drain_delay: 5",
            #"4:16: server.drain_delay: "5" is no duration; write one such as 90s, 15m, 8h or 30d"#
        ),
    ]

    private static func previous(_ list: String, _ expected: String...) -> BadInput {
        BadInput("keys: { file: gateway.key }", "keys: { file: gateway.key, previous: \(list) }", expected)
    }

    static let keyFiles = [
        previous("old.key", "4:38: keys.previous: expected a list, found text"),
        previous(
            "[nowhere]",
            #"4:39: keys.previous[0]: the file "nowhere" cannot be read: No such file or directory"#
        ),
        previous(
            "[open-secret]",
            #"4:39: keys.previous[0]: the file "open-secret" is open to its group or to everybody (mode 0644); run: "#
                + #"chmod 600 "open-secret""#
        ),
        previous(
            "[empty]",
            #"4:39: keys.previous[0]: the file "empty" has 0 bytes, and a key has 32; name a key file"#
        ),
        previous(
            "[gateway.key]",
            #"4:39: keys.previous[0]: this is "file" itself; name the files of before the rotation"#
        ),
        previous(
            "[old.key, old.key]",
            #"4:48: keys.previous[1]: "old.key" stands here twice; keep one of them"#
        ),
    ]

    private static func app(_ line: String, _ expected: String...) -> BadInput {
        BadInput("    headers: {}", "    headers: {}\n    \(line)", expected)
    }

    static let activity = [
        app("passive: /poll", "26:14: apps[0].passive: expected a list, found text"),
        app("passive: [poll]", #"26:15: apps[0].passive[0]: a path begins with "/""#),
        app(
            #"passive: ["/poll*"]"#,
            #"26:15: apps[0].passive[0]: "poll*": a wildcard is a whole segment ("*", "**" or "{attribute}")"#
        ),
        app(
            #"passive: ["/poll/{user}"]"#,
            #"26:15: apps[0].passive[0]: whose request it is does not matter here; write "*" for the segment in braces"#
        ),
        app("audit_permitted: yes", "26:22: apps[0].audit_permitted: expected true or false, found text"),
    ]

    static let doubtfulOperation = [
        server(
            #"trusted_proxies: ["0.0.0.0/0", "::/0"]"#,
            "4:21: server.trusted_proxies[0]: warning: everybody may name any address as their own: limits and "
                + #""networks" mean nothing then. Name the proxies alone"#,
            "4:34: server.trusted_proxies[1]: warning: everybody may name any address as their own: limits and "
                + #""networks" mean nothing then. Name the proxies alone"#
        ),
        server(
            #"trusted_proxies: ["::ffff:0:0/96"]"#,
            "4:21: server.trusted_proxies[0]: warning: everybody may name any address as their own: limits and "
                + #""networks" mean nothing then. Name the proxies alone"#
        ),
        server(#"trusted_proxies: ["127.0.0.0/8", "unix:"]"#),
        server(
            #"operations_listen: "0.0.0.0:9180""#,
            "4:22: server.operations_listen: warning: other machines reach this address, without signing in: metrics hold "
                + "no secret, but they are not public either"
        ),
        server(#"operations_listen: "127.0.0.1:9180""#),
        BadInput(
            listen,
            "  listen: [\"10.0.0.5:8080\"]\n  trusted_proxies: [\"10.0.0.1\"]",
            "2:12: server.listen[0]: warning: passwords cross the network between the proxies and this address in plain "
                + "text; let nobody else be on it"
        ),
    ]
}
