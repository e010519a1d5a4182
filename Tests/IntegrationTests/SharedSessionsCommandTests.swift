import TestSupport
import Testing

@Suite("An administrator lists and ends sessions from the command line")
struct SharedSessionsCommandTests {
    @Test("The list names each session once, as a table and as JSON, and tells no secret")
    func list() async throws {
        let house = try await House.openShared()
        let empty = try await house.sessions("list")
        #expect(empty.status == 0)
        #expect(empty.output.split(separator: "\n").count == 1)
        let alice = try await house.signedIn("alice", 0)
        let bob = try await house.signedIn("bob", 1)
        let table = try await house.sessions("list")
        #expect(table.status == 0)
        let lines = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        try #require(lines.count == 3)
        #expect(lines[0].prefix(3) == ["SESSION", "USER", "DIRECTORY"])
        #expect(lines[1].count == 10 && lines[2].count == 10)
        #expect(lines[1][1...2] == ["alice", "staff"])
        #expect(lines[2][1...2] == ["bob", "staff"])
        #expect(lines[1].suffix(2) == ["127.0.0.1", "pwd"])
        let json = try await house.sessions("list", "--json").output
        let summary = try await HouseOfNodes.python(
            """
            import json, sys
            for line in open(sys.argv[1], encoding="utf-8"):
                one = json.loads(line)
                assert 0 < one["idle_seconds"] <= 900 and 28000 < one["absolute_seconds"] <= 28800, one
                print(one["session"], one["subject"].split("/")[0], one["user"], one["name"], one["directory"],
                      one["factors"], one["ip"], sep="|")
            """,
            [json]
        )
        #expect(
            summary == "\(lines[1][0])|staff|alice|Alice Adams|staff|pwd|127.0.0.1\n"
                + "\(lines[2][0])|staff|bob|Bob Brown|staff|pwd|127.0.0.1\n"
        )
        for visitor in [alice, bob] {
            for host in HouseOfNodes.hosts {
                for value in visitor.cookies(host).values {
                    #expect(!json.contains(value) && !table.output.contains(value))
                }
            }
        }
        let subject = try #require(json.firstMatch(of: #/"subject":"([^"]+)"/#)?.output.1)
        let one = try await house.sessions("list", "--user", String(subject), "--json").output
        #expect(one.split(separator: "\n").count == 1)
        #expect(one.contains("\"user\":\"alice\""))
        #expect(try await house.sessions("list", "--id", lines[2][0]).output.contains("bob"))
    }

    @Test("Ending by person, by id and of all is seen on every node at once; a dry run ends nothing")
    func revoke() async throws {
        let house = try await House.openShared()
        var visitors: [String: Visitor] = [:]
        for (count, name) in ["alice", "bob", "zoe"].enumerated() {
            visitors[name] = try await house.signedIn(name, count % 2)
        }
        let second = try await house.signedIn("alice", 1)
        func isSignedIn(_ visitor: Visitor?) async throws -> [Bool] {
            var found: [Bool] = []
            for node in house.gateways.indices {
                let moved = house.moved(try #require(visitor), to: node)
                found.append(try await moved.get("\(house.crmURL)/").status == 200)
            }
            return found
        }
        for arguments in [["--user", "alice"], ["--all"]] {
            let dry = try await TestGateway.command(
                ["sessions", "revoke", "--config", house.gateways[0].configurationFile, "--dry-run"] + arguments
            )
            #expect(dry.status == 0)
            #expect(dry.output.contains(arguments.count == 2 ? "2 would end" : "4 would end"))
            #expect(dry.output.contains("alice"))
        }
        for visitor in [visitors["alice"], visitors["bob"], visitors["zoe"], second] {
            #expect(try await isSignedIn(visitor) == [true, true])
        }

        let id = try await house.sessionID(of: "bob")
        let one = try await house.sessions("revoke", "--id", id)
        #expect(one.status == 0 && one.output == "1 ended\n", "\(one.output)")
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(1)) {
                try await isSignedIn(visitors["bob"]) == [false, false]
            }
        )
        #expect(try await isSignedIn(visitors["zoe"]) == [true, true])

        let two = try await house.sessions("revoke", "--user", "alice")
        #expect(two.status == 0 && two.output == "2 ended\n", "\(two.output)")
        for visitor in [visitors["alice"], second] {
            #expect(
                try await HouseOfNodes.eventually(within: .seconds(1)) {
                    try await isSignedIn(visitor) == [false, false]
                }
            )
        }
        #expect(try await isSignedIn(visitors["zoe"]) == [true, true])

        let rest = try await house.sessions("revoke", "--all")
        #expect(rest.status == 0 && rest.output == "1 ended\n", "\(rest.output)")
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(1)) {
                try await isSignedIn(visitors["zoe"]) == [false, false]
            }
        )
        #expect(try await house.sessions("list").output.split(separator: "\n").count == 1)

        // Each is on record with who did it, once: in the file of the node that took it, and in the stream.
        func lines() -> [Substring] {
            house.gateways.flatMap { $0.auditText.split(separator: "\n") }.filter {
                $0.contains("\"event\":\"session.revoked\"") && $0.contains(id)
            }
        }
        #expect(try await HouseOfNodes.eventually(within: .seconds(2)) { !lines().isEmpty })
        #expect(lines().count == 1)
        #expect(lines().first?.contains("\"by\"") == true)
        let stream = try await house.redis.cli("XRANGE", "gh:audit", "-", "+").split(separator: "\n")
        #expect(
            stream.contains {
                $0.contains("\"event\":\"session.revoked\"") && $0.contains(id) && $0.contains("\"by\"")
            }
        )
    }

    @Test("The exit status says what was wrong: usage, nobody, no Redis")
    func statuses() async throws {
        let house = try await House.openShared(nodes: 1)
        _ = try await house.signedIn("alice")
        #expect(try await house.sessions("revoke", "--user", "nobody").status == 1)
        #expect(try await house.sessions("revoke", "--id", "no-such-id").status == 1)
        // One id of 64 begins so.
        #expect(try await house.sessions("revoke", "--id", "-no-such-id").status == 1)
        #expect(try await house.sessions("list", "--id", "-no-such-id").status == 0)
        #expect(try await house.sessions("revoke").status == 64)
        #expect(try await house.sessions("revoke", "--user", "alice", "--all").status == 64)
        #expect(try await house.sessions("revoke", "--user", "alice", "--id", "x").status == 64)
        #expect(try await house.sessions("list", "--nonsense").status == 64)
        // None of these ended anything.
        #expect(try await house.sessions("list").output.contains("alice"))

        house.redis.suspend()
        let hung = try await house.sessions("revoke", "--all")
        #expect(hung.status == 69)
        #expect(hung.output.contains("Redis cannot be used"))
        house.redis.kill()
        let down = try await house.sessions("list")
        #expect(down.status == 69)
        #expect(down.output.contains("Redis cannot be used"))

        let alone = try await TestGateway.start(
            House.configuration(house.house.directory, crm: house.house.crm.port, partners: house.house.partners.port)
        )
        for arguments in [["list"], ["revoke", "--all"]] {
            let (status, output) = try await TestGateway.command(
                ["sessions", arguments[0], "--config", alone.configurationFile] + arguments.dropFirst()
            )
            #expect(status == 69)
            #expect(output.contains("needs Redis"))
        }
    }
}
