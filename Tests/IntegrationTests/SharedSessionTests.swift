import Synchronization
import TestSupport
import Testing

@Suite("Two gateways on one Redis are one")
struct SharedSessionTests {
    @Test("Who signed in on one node is signed in on the other, and signs out of both")
    func oneSession() async throws {
        let house = try await HouseOfNodes.shared()
        let alice = try await house.signedIn("alice", 0)
        let elsewhere = house.moved(alice, to: 1)
        #expect(try await elsewhere.get("\(house.crmURL)/").status == 200)
        #expect(try await elsewhere.get("\(house.portal)/").status == 200)
        let stranger = house.visitor(1)
        #expect(try await stranger.get("\(house.crmURL)/").status == 302)

        #expect(try await house.signOut(alice).status == 303)
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(1)) {
                try await elsewhere.get("\(house.crmURL)/").status == 302
            }
        )
        #expect(try await elsewhere.get("\(house.portal)/").status == 303)
    }

    @Test("A sign-in that begins at one node ends at the other: form, ticket and callback are of both")
    func everyStepElsewhere() async throws {
        let house = try await HouseOfNodes.shared()
        let first = house.visitor(0)
        let (_, page) = try await first.follow("\(house.crmURL)/leads?id=7")
        let second = house.moved(first, to: 1)
        let answer = try await second.submitSignIn(
            page,
            portal: house.portal,
            name: "alice",
            password: House.password
        )
        #expect(answer.status == 303)
        let callback = try #require(answer.value("location"))
        let third = house.moved(second, to: 0)
        #expect(try await third.get(callback).value("location") == "\(house.crmURL)/leads?id=7")
        let fourth = house.moved(third, to: 1)
        #expect(try await fourth.get("\(house.crmURL)/leads?id=7").status == 200)

        // Once, on whichever node.
        let thief = house.moved(second, to: 1)
        _ = try await thief.get(callback)
        #expect(thief.cookies("crm.gw.localhost")["gatehouse"] == nil)
    }

    @Test("A session that redis-cli deletes is gone at the next request on both nodes")
    func deletedByHand() async throws {
        let house = try await HouseOfNodes.shared()
        for node in house.gateways.indices {
            let bob = try await house.signedIn("bob", node)
            let nodes = house.gateways.indices.map { house.moved(bob, to: $0) }
            // More than once, so that it is at hand on every event loop of both.
            let visitors = nodes + nodes + nodes + nodes
            for visitor in visitors { #expect(try await visitor.get("\(house.crmURL)/").status == 200) }
            let id = try await house.sessionID(of: "bob")
            let key = try await house.redis.cli("KEYS", "gh:{*}:s:\(id)")
            #expect(try await house.redis.cli("DEL", key) == "1")
            // Redis pushes the invalidation before redis-cli has its answer, whose process takes longer to end.
            for visitor in visitors { #expect(try await visitor.get("\(house.crmURL)/").status == 302) }
            #expect(try await house.redis.cli("EXISTS", key) == "0")
        }
    }

    @Test("A thousand touches of a session on both nodes do not outlive or bring back what is revoked under them")
    func touchesAgainstRevocation() async throws {
        // The shorter the idle time, the more often its end is moved: here each 200 ms.
        let house = try await House.openShared(change: { $0.replacing("idle: 15m", with: "idle: 3s") })
        let alice = try await house.signedIn("alice")
        let cookie = try #require(alice.cookies("crm.gw.localhost")["gatehouse"])
        let request =
            "GET / HTTP/1.1\r\nHost: crm.gw.localhost\r\nAccept: text/html\r\n"
            + "Cookie: gatehouse=\(cookie)\r\n\r\n"
        let end = End(ContinuousClock.now + .seconds(60))
        let (answers, key, revoked) = try await withThrowingTaskGroup(
            of: [(status: Int, at: ContinuousClock.Instant)].self
        ) { group in
            for gateway in house.gateways + house.gateways + house.gateways + house.gateways {
                group.addTask {
                    try await ChildProcess.offPool {
                        let stream = try ByteStream(port: gateway.port)
                        var answers: [(status: Int, at: ContinuousClock.Instant)] = []
                        while ContinuousClock.now < end.moment {
                            let began = ContinuousClock.now
                            try stream.write(request)
                            answers.append((try stream.readResponse().status, began))
                            Pause.milliseconds(5)
                        }
                        return answers
                    }
                }
            }
            defer { end.move(to: .now) }
            let key = try await house.redis.cli("KEYS", "gh:{*}:s:*")
            // Longer than the idle time: without the touches the session would have ended by now.
            try await Task.sleep(for: .seconds(4))
            let (status, output) = try await house.sessions("revoke", "--id", Self.sessionID(key))
            let revoked = ContinuousClock.now
            #expect(status == 0, "\(output)")
            end.move(to: revoked + .seconds(3))
            var all: [(status: Int, at: ContinuousClock.Instant)] = []
            for try await lane in group { all += lane }
            return (all, key, revoked)
        }
        #expect(answers.count >= 1000)
        #expect(Set(answers.map(\.status)) == [200, 302])
        #expect(answers.contains { $0.status == 200 && $0.at > answers[0].at + .milliseconds(3500) })
        let late = answers.filter { $0.at > revoked + .seconds(1) }
        #expect(late.count > 100)
        #expect(late.allSatisfy { $0.status == 302 })
        #expect(try await house.redis.cli("EXISTS", key) == "0")
        #expect(try await house.redis.cli("KEYS", "gh:{*}:s:*") == "")
        #expect(try await house.redis.cli("KEYS", "gh:{*}:x:\(Self.sessionID(key))") != "")
    }

    /// When the lanes stop.
    private final class End: Sendable {
        private let stored: Mutex<ContinuousClock.Instant>

        init(_ moment: ContinuousClock.Instant) {
            stored = Mutex(moment)
        }

        var moment: ContinuousClock.Instant { stored.withLock { $0 } }
        func move(to moment: ContinuousClock.Instant) { stored.withLock { $0 = moment } }
    }

    /// The last part of a session's key.
    private static func sessionID(_ key: String) -> String { String(key.split(separator: ":").last ?? "") }
}

extension HouseOfNodes {
    private static let opening = Task { try await House.openShared() }

    /// Two nodes for all tests that leave them as they found them: nobody fails to sign in, and Redis is not harmed.
    static func shared() async throws -> HouseOfNodes { try await opening.value }

    /// `gatehouse sessions …` with the configuration of the first node.
    func sessions(_ arguments: String...) async throws -> (status: Int32, output: String) {
        try await TestGateway.command(
            ["sessions", arguments[0], "--config", gateways[0].configurationFile] + arguments.dropFirst()
        )
    }

    /// The id of a person's newest session, as an administrator learns it.
    func sessionID(of user: String) async throws -> String {
        let (status, output) = try await sessions("list", "--user", user, "--json")
        guard status == 0, let line = output.split(separator: "\n").last,
            let start = line.firstRange(of: "\"session\":\"")
        else { throw ChildProcess.Failure(description: "\(user) has no session: \(output)") }
        return String(line[start.upperBound...].prefix { $0 != "\"" })
    }
}
