import TestSupport
import Testing

@Suite("Whoever does not get in learns nothing")
struct FailedSignInTests {
    private static let kinds = [
        ("wrong password", "alice", "wrong"), ("unknown name", "nobody-here", House.password),
        ("locked account", "dora", House.password), ("empty password", "alice", ""),
        ("empty name", "", House.password), ("NUL in the password", "alice", "Correct-Horse-7\u{0}"),
        ("filter characters", "al*)(uid=alice", House.password), ("wildcard", "*", House.password),
    ]

    @Test("The same status, words and length whatever was wrong")
    func sameAnswer() async throws {
        let house = try await SharedHouse.house()
        var answers: [(kind: String, status: Int, body: String, fields: [String])] = []
        for (kind, name, password) in Self.kinds {
            let visitor = house.visitor()
            let page = try await visitor.get("\(house.gateway.portal)/login")
            let answer = try await visitor.submitSignIn(
                page,
                portal: house.gateway.portal,
                name: name,
                password: password
            )
            answers.append((kind, answer.status, Self.impersonal(answer.body, name), answer.fields.map(\.name)))
        }
        for answer in answers {
            #expect(answer.status == 401, "\(answer.kind)")
            #expect(answer.body == answers[0].body, "\(answer.kind)")
            #expect(answer.fields == answers[0].fields, "\(answer.kind)")
        }
        #expect(house.crm.bytes.contains("wrong") == false)
    }

    /// 200 attempts of each kind, all kinds side by side so that whatever else the machine does meets them alike
    /// (docs/security-rules.md, rule 16).
    @Test("At the same moment: the medians of 200 attempts lie within 5 ms", .timeLimit(.minutes(3)))
    func sameMoment() async throws {
        let house = try await House.open()
        let kinds = [Self.kinds[0], Self.kinds[1], Self.kinds[2], Self.kinds[3]]
        let samples = 200
        let lanes = 4
        let medians = try await withThrowingTaskGroup(of: [[Duration]].self) { group in
            for _ in 0..<lanes {
                group.addTask {
                    var durations: [[Duration]] = Array(repeating: [], count: kinds.count)
                    let visitor = house.visitor()
                    let page = try await visitor.get("\(house.gateway.portal)/login")
                    for _ in 0..<samples / lanes {
                        for (index, kind) in kinds.enumerated() {
                            let start = ContinuousClock.now
                            let answer = try await visitor.submitSignIn(
                                page,
                                portal: house.gateway.portal,
                                name: kind.1,
                                password: kind.2
                            )
                            durations[index].append(ContinuousClock.now - start)
                            #expect(answer.status == 401)
                        }
                    }
                    return durations
                }
            }
            var all: [[Duration]] = Array(repeating: [], count: kinds.count)
            for try await lane in group {
                for index in all.indices { all[index] += lane[index] }
            }
            return all.map { $0.sorted()[$0.count / 2] }
        }
        for (kind, median) in zip(kinds, medians) {
            #expect(median >= .milliseconds(250), "\(kind.0)")
            let distance = median > medians[0] ? median - medians[0] : medians[0] - median
            #expect(distance <= .milliseconds(5), "\(kind.0): \(median) against \(medians[0])")
        }
    }

    @Test("A locked account is refused with the right password, and the session store stays empty")
    func locked() async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        let (url, answer) = try await visitor.signIn(
            "\(house.crmURL)/",
            portal: house.gateway.portal,
            name: "dora",
            password: House.password
        )
        #expect(url == "\(house.gateway.portal)/login")
        #expect(answer.status == 401)
        #expect(visitor.cookies("login.gw.localhost")["gatehouse"] == nil)
    }

    @Test("An empty or impossible password never reaches the directory as a bind")
    func noBind() async throws {
        let house = try await House.open()
        for password in ["", "a\u{0}b", String(repeating: "x", count: 1025)] {
            let mark = house.directory.logMark
            let visitor = house.visitor()
            let page = try await visitor.get("\(house.gateway.portal)/login")
            let answer = try await visitor.submitSignIn(
                page,
                portal: house.gateway.portal,
                name: "alice",
                password: password
            )
            #expect(answer.status == 401)
            #expect(!house.directory.logSince(mark).contains("BIND dn=\"uid=alice"))
        }
    }

    @Test("A form without its cookie, or from another site, is shown again with the name kept")
    func formProtection() async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        let page = try await visitor.get("\(house.gateway.portal)/login")
        visitor.forgetCookies()
        let stale = try await visitor.submitSignIn(
            page,
            portal: house.gateway.portal,
            name: "alice",
            password: House.password
        )
        #expect(stale.status == 403)
        #expect(stale.body.contains("value=\"alice\""))
        #expect(visitor.cookies("login.gw.localhost")["gatehouse"] == nil)
        let fresh = try await visitor.get("\(house.gateway.portal)/login")
        var form = Visitor.hiddenFields(fresh.body)
        form += [("username", "alice"), ("password", House.password)]
        let foreign = try await visitor.send(
            "POST",
            "\(house.gateway.portal)/login",
            fields: [
                ("Origin", "http://evil.localhost"), ("Sec-Fetch-Site", "cross-site"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            body: form.map { "\($0.0)=\(Visitor.encode($0.1))" }.joined(separator: "&")
        )
        #expect(foreign.status == 403)
        #expect(!foreign.body.contains("value=\"alice\""))
        #expect(visitor.cookies("login.gw.localhost")["gatehouse"] == nil)
    }

    @Test("Neither log nor application ever sees the password")
    func noSecretLeaks() async throws {
        let house = try await House.open()
        _ = try await house.signedIn("alice")
        let visitor = house.visitor()
        let page = try await visitor.get("\(house.gateway.portal)/login")
        _ = try await visitor.submitSignIn(page, portal: house.gateway.portal, name: "alice", password: "Wrong-Zebra-9")
        try await house.gateway.stop()
        for secret in [House.password, "Wrong-Zebra-9", TestDirectory.servicePassword] {
            #expect(!house.gateway.log.contains(secret))
            #expect(!house.crm.bytes.contains(secret))
        }
        for token in visitor.cookies("login.gw.localhost").values { #expect(!house.gateway.log.contains(token)) }
    }

    /// The page without what must differ: one-time values and the name that was typed.
    private static func impersonal(_ body: String, _ name: String) -> String {
        var text = body
        for (_, value) in Visitor.hiddenFields(body) where !value.isEmpty { text = text.replacing(value, with: "") }
        guard let range = text.firstRange(of: "name=\"username\"") else { return text }
        let start = text[..<range.lowerBound].lastIndex(of: "<") ?? range.lowerBound
        let end = text[range.upperBound...].firstIndex(of: ">") ?? range.upperBound
        text.replaceSubrange(start...end, with: "")
        // The field that is to be filled in next has the focus: that follows from what was typed alone.
        text = text.replacing(" autofocus", with: "")
        return text.split(separator: "\n").filter { !$0.contains("Reference") }.joined(separator: "\n")
    }
}
