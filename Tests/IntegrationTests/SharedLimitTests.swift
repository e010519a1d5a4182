import TestSupport
import Testing

@Suite("Failures are counted once for all nodes")
struct SharedLimitTests {
    @Test("Five failures spread over two nodes lock a name on both, and one that exists nowhere looks the same")
    func fiveFailures() async throws {
        let house = try await House.openShared()
        var pages: [(name: String, page: String)] = []
        for name in ["alice", "nobody-of-that-name"] {
            for count in 1...4 {
                let answer = try await house.attempt(name, "Wrong-Horse-\(count)", at: count % 2)
                #expect(answer.status == 401, "\(name), failure \(count)")
            }
            // The fifth failure locks, whoever looks at it: then not even the right password is heard.
            for (password, node) in [("Wrong-Horse-5", 1), (House.password, 0), (House.password, 1)] {
                let answer = try await house.attempt(name, password, at: node)
                #expect(answer.status == 429)
                let wait = try #require(answer.value("retry-after").flatMap { Int($0) })
                #expect((880...900).contains(wait))
                #expect(answer.body.contains("Too many attempts. Try again in 15 minutes (after <time datetime=\""))
                #expect(answer.values("set-cookie").allSatisfy { !$0.hasPrefix("gatehouse=") })
                pages.append((name, impersonal(answer.body)))
            }
        }
        for (name, page) in pages { #expect(page == pages[0].page, "\(name)") }

        // Every spelling is the same name; another name is not.
        for spelling in ["ALICE", " alice ", "ａｌｉｃｅ"] {
            #expect(try await house.attempt(spelling).status == 429, "\(spelling)")
        }
        // What else the person is called says nothing of it, and does not let in either.
        #expect(try await house.attempt("alice@nordwind.example").status == 401)
        #expect(try await house.attempt("bob", at: 0).status == 303)
        #expect(try await house.attempt("zoe", at: 1).status == 303)

        // No counter stays for ever, and none says whose it is.
        let keys = try await house.redis.cli("--scan", "--pattern", "gh:[ln]:*").split(separator: "\n")
        #expect(!keys.isEmpty)
        for key in keys {
            let left = try #require(Int(try await house.redis.cli("PTTL", String(key))))
            #expect((1...900_000).contains(left))
            #expect(!key.contains("alice"))
        }
    }

    /// Somebody who is called `alice` and `alice@nordwind.example`, and two names that nobody has.
    @Test("Failing under two names of a person on two nodes looks like failing under two names of nobody")
    func twoNames() async throws {
        let house = try await House.openShared()
        let mark = house.house.directory.logMark
        var seen: [[String]] = []
        var pages: Set<String> = []
        for names in [["alice", "alice@nordwind.example"], ["nobody", "nobody@nordwind.example"]] {
            var answers: [String] = []
            func attempt(_ name: Int, _ password: String) async throws {
                let answer = try await house.attempt(names[name], password, at: answers.count % 2)
                let wait = answer.value("retry-after").flatMap { Int($0) }
                answers.append("\(answer.status) \(wait.map { (880...900).contains($0) ? "900" : "\($0)" } ?? "-")")
                if answer.status == 401 { pages.insert(impersonal(answer.body)) }
            }
            // The fifth is one of the person, and the third or fourth of a name.
            for name in [0, 1, 0, 1, 1] { try await attempt(name, "Wrong-Horse-\(answers.count)") }
            // Right under either name, until each has failed five times by itself.
            for name in [1, 0, 1, 0, 0, 1, 0] { try await attempt(name, House.password) }
            seen.append(answers)
        }
        #expect(seen[0] == seen[1])
        #expect(Array(seen[0].suffix(4)) == ["401 -", "429 900", "429 900", "429 900"])
        #expect(seen[0].prefix(7).allSatisfy { $0 == "401 -" } && seen[0][7] == "429 900")
        #expect(pages.count == 1)
        #expect(binds(house, since: mark) == 5)
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(5)) {
                house.gateways.contains { gateway in
                    contents(of: gateway.auditFile).split(separator: "\n").contains { line in
                        line.contains("\"sign_in.failed\"") && line.contains("\"account_throttled\"")
                            && line.contains("\"login\":\"alice@nordwind.example\"")
                    }
                }
            }
        )
    }

    @Test("A sign-in forgets the failures before it")
    func success() async throws {
        let house = try await House.openShared()
        for round in 0..<2 {
            for count in 0..<4 { #expect(try await house.attempt("alice", "Wrong", at: count % 2).status == 401) }
            #expect(try await house.attempt("alice", at: round).status == 303)
        }
    }

    @Test("Two clients behind one trusted proxy are told apart, on both nodes, and an IPv6 network is one client")
    func trustedProxy() async throws {
        var options = TestGateway.Options()
        options.serverLines = ["trusted_proxies: [\"127.0.0.1\"]"]
        let house = try await House.openShared(
            more: "limits: { sign_in: { per_account: \"5/5m\", per_network: \"3/5m\", lockout: 15m } }",
            options: options
        )
        for count in 0..<3 {
            let answer = try await house.attempt("guess-\(count)", "Wrong", at: count % 2, from: "203.0.113.7")
            #expect(answer.status == 401)
        }
        for node in house.gateways.indices {
            let answer = try await house.attempt("bob", at: node, from: "203.0.113.7")
            #expect(answer.status == 429)
            #expect(answer.value("retry-after").flatMap { Int($0) }.map { (1...100).contains($0) } == true)
            #expect(answer.body.contains("Too many attempts. Try again in "))
            // What a client writes in front of what the proxy saw is its own word.
            let liar = try await house.attempt("bob", at: node, from: "198.51.100.1, 203.0.113.7")
            #expect(liar.status == 429)
            #expect(try await house.attempt("bob", at: node, from: "203.0.113.8").status == 303)
        }
        for count in 0..<3 {
            let address = "2001:db8:1:2::\(count + 1)"
            #expect(try await house.attempt("more-\(count)", "Wrong", at: count % 2, from: address).status == 401)
        }
        #expect(try await house.attempt("bob", from: "2001:db8:1:2:ffff::9").status == 429)
        #expect(try await house.attempt("bob", from: "2001:db8:1:3::1").status == 303)
    }

    @Test("What a peer that is not trusted says of itself gives it no new counter")
    func untrustedPeer() async throws {
        let house = try await House.openShared(
            more: "limits: { sign_in: { per_account: \"5/5m\", per_network: \"3/5m\", lockout: 15m } }"
        )
        for count in 0..<3 {
            let answer = try await house.attempt("guess-\(count)", "Wrong", at: count % 2, from: "203.0.113.\(count)")
            #expect(answer.status == 401)
        }
        for node in house.gateways.indices {
            #expect(try await house.attempt("bob", at: node, from: "203.0.113.99").status == 429)
        }
    }

    @Test("While Redis is down nobody is let in, and nothing is counted against anybody")
    func outage() async throws {
        var options = TestRedis.Options()
        options.isPersistent = true
        let house = try await House.openShared(redis: options)
        house.redis.kill()
        for count in 0..<8 {
            #expect(try await house.attempt("alice", "Wrong-\(count)", at: count % 2).status == 503)
        }
        #expect(try await house.attempt("alice").status == 503)
        try await house.redis.restart()
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                try await house.attempt("bob").status == 303
            }
        )
        try await house.awaitRedis()
        #expect(try await house.attempt("alice", "Wrong").status == 401)
        #expect(try await house.attempt("alice").status == 303)
    }

    @Test("Forty guesses at the same moment on two nodes are five guesses")
    func parallelGuesses() async throws {
        let house = try await House.openShared()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for count in 0..<40 {
                group.addTask { try await house.attempt("alice", "Wrong-\(count)", at: count % 2).status }
            }
            var statuses: [Int] = []
            for try await status in group { statuses.append(status) }
            return statuses
        }
        #expect(Set(statuses) == [401, 429])
        #expect(statuses.count { $0 == 401 } == 4)
        #expect(binds(house, since: 0) == 5)
        #expect(try await house.attempt("alice").status == 429)
    }

    @Test("Guesses at the same moment under two names on two nodes are five passwords that the directory looks at")
    func parallelNames() async throws {
        let house = try await House.openShared()
        let names = ["alice", "alice@nordwind.example"]
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for count in 0..<20 {
                group.addTask {
                    try await house.attempt(names[count % 2], "Wrong-\(count)", at: count / 2 % 2).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 401 } == 8)
        #expect(statuses.count { $0 == 429 } == 12)
        #expect(binds(house, since: 0) == 5)
        #expect(try await house.attempt("alice@nordwind.example").status == 429)
    }

    @Test("One network that fills its part of the sign-ins in work keeps nobody else out")
    func oneNetwork() async throws {
        var options = TestGateway.Options()
        options.serverLines = ["trusted_proxies: [\"127.0.0.1\"]"]
        let house = try await House.openShared(nodes: 1, more: House.withoutLimits, options: options)
        func visitor(_ address: String) async throws -> (Visitor, WebResponse) {
            let visitor = Visitor(port: house.gateways[0].port, always: [("X-Forwarded-For", address)])
            return (visitor, try await visitor.get("\(house.portal)/login"))
        }
        // One /64 is one network.
        var crowd: [(Visitor, WebResponse)] = []
        for count in 1...70 { crowd.append(try await visitor("2001:db8:1:2::\(count)")) }
        let other = try await visitor("2001:db8:1:3::1")
        // Whoever asks now waits, until it goes on or three seconds are over.
        house.house.directory.suspend()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for (count, (visitor, page)) in crowd.enumerated() {
                group.addTask {
                    let answer = try await visitor.submitSignIn(
                        page,
                        portal: house.portal,
                        name: "guess-\(count)",
                        password: "Wrong"
                    )
                    // The portal's own page for a directory that does not answer has a form.
                    return answer.status == 503 && !answer.body.contains("<form")
                }
            }
            // Who has room hangs with the directory; who has none is the first to be answered.
            #expect(try await group.next() == true)
            async let answer = other.0.submitSignIn(
                other.1,
                portal: house.portal,
                name: "bob",
                password: House.password
            )
            house.house.directory.resume()
            #expect(try await answer.status == 303)
            let refused = try await group.reduce(1) { $0 + ($1 ? 1 : 0) }
            #expect((1...6).contains(refused))
        }
        // What is over has left room.
        let again = try await crowd[0].0.submitSignIn(
            crowd[0].1,
            portal: house.portal,
            name: "bob",
            password: House.password
        )
        #expect(again.status == 303)
    }

    /// How many passwords of Alice the directory has looked at.
    private func binds(_ house: HouseOfNodes, since mark: Int) -> Int {
        house.house.directory.logSince(mark).split(separator: "\n").count {
            $0.contains("BIND dn=\"uid=alice") && $0.contains("method=")
        }
    }

    /// A page without what differs from one person and minute to the next.
    private func impersonal(_ body: String) -> String {
        var text = body
        for (_, value) in Visitor.hiddenFields(body) where !value.isEmpty { text = text.replacing(value, with: "") }
        for (start, end) in [("<time", "</time>"), ("<input id=\"username\"", ">")] {
            guard let first = text.firstRange(of: start),
                let last = text[first.upperBound...].firstRange(of: end)
            else { continue }
            text.replaceSubrange(first.lowerBound..<last.upperBound, with: "")
        }
        return text
    }
}
