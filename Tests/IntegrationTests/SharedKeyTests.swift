import TestSupport
import Testing

@Suite("Nodes begin: with one key, with or without Redis")
struct SharedKeyTests {
    @Test("A node with another key file does not run (78), and names both digests and what to do")
    func otherKey() async throws {
        let house = try await House.openShared(nodes: 1)
        let digest = try await house.redis.cli("GET", "gh:key-digest")
        #expect(!digest.isEmpty)
        let folder = TemporaryFolder()
        let file = folder.write(house.anotherNode(), to: "gatehouse.yaml")
        let (status, output) = try await TestGateway.command(["serve", "--config", file])
        #expect(status == 78)
        #expect(output.contains(folder.file("gateway.key")))
        #expect(output.contains("the nodes that share this Redis have \(digest)"))
        let own = try #require(output.firstRange(of: "has the digest ")).upperBound
        let other = String(output[own...].prefix { $0 != ";" })
        #expect(other.count == digest.count && other != digest)
        #expect(output.contains("keys.previous"))
        // It changed nothing: the other one goes on.
        #expect(try await house.redis.cli("GET", "gh:key-digest") == digest)
        #expect(try await house.attempt("alice").status == 303)

        // So do its commands.
        let listed = try await TestGateway.command(["sessions", "list", "--config", file])
        #expect(listed.status == 78)
        #expect(listed.output.contains(digest))
    }

    @Test("With the key of before in keys.previous a node takes over, and sessions and signing keys go on")
    func rotation() async throws {
        let house = try await House.openShared(nodes: 1)
        let alice = try await house.signedIn("alice")
        let digest = try await house.redis.cli("GET", "gh:key-digest")
        let keys = try await house.visitor().get("\(house.portal)/.well-known/jwks.json").body
        #expect(keys.contains("\"kid\""))
        var options = TestGateway.Options()
        options.previousKeys = [house.gateways[0].keyFile]
        let next = try await TestGateway.start(house.configurationOfNodes(), options: options)
        let new = try await house.redis.cli("GET", "gh:key-digest")
        #expect(new.split(separator: " ").count == 2 && new.hasSuffix(digest) && !new.hasPrefix(digest))
        let visitor = Visitor(port: next.port)
        for (name, value) in alice.cookies("crm.gw.localhost") { visitor.setCookie("crm.gw.localhost", name, value) }
        #expect(try await visitor.get("\(next.app("crm"))/").status == 200)
        #expect(try await visitor.get("\(next.portal)/.well-known/jwks.json").body == keys)

        // The old node goes on until it is its turn, also where it has to connect anew: its key is one of those of before.
        try await house.redis.cli("CLIENT", "KILL", "TYPE", "normal")
        for (someone, url) in [(alice, house.crm(0)), (visitor, next.app("crm"))] {
            #expect(
                try await HouseOfNodes.eventually(within: .seconds(5)) {
                    try await someone.get("\(url)/").status == 200
                }
            )
        }
        #expect(house.gateways[0].isRunning)
        #expect(try await house.redis.cli("GET", "gh:key-digest") == new)
    }

    @Test("A running node that meets another key's digest stays up, says so, and is back when that is mended")
    func foreignDigest() async throws {
        let house = try await House.openShared(nodes: 1)
        let digest = try await house.redis.cli("GET", "gh:key-digest")
        try await house.redis.cli("SET", "gh:key-digest", "0123456789abcdef0123456789abcdef")
        try await house.redis.cli("CLIENT", "KILL", "TYPE", "normal")
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(5)) {
                try await house.gateways[0].operations("/readyz").body.contains("0123456789abcdef")
            }
        )
        #expect(try await house.attempt("alice").status == 503)
        #expect(house.gateways[0].isRunning)
        try await house.redis.cli("SET", "gh:key-digest", digest)
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(5)) { try await house.attempt("alice").status == 303 }
        )
    }

    @Test("Redis is not there at start: the node runs, nobody signs in, and all is well when it comes")
    func absent() async throws {
        let house = try await House.openShared(nodes: 1, before: { $0.kill() })
        let gateway = house.gateways[0]
        try await house.awaitOperations(0)
        #expect(try await gateway.operations("/healthz").status == 200)
        #expect(try await gateway.operations("/readyz").body.contains("\"check\":\"redis\""))
        #expect(try await house.visitor().get("\(house.crmURL)/public/x").status == 200)
        #expect(try await house.attempt("alice").status == 503)
        #expect(try await house.visitor().get("\(house.crmURL)/").status == 302)
        try await house.redis.restart()
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                try await house.attempt("alice").status == 303
            }
        )
        try await house.awaitRedis()
        // The assertion's keys are made as soon as they can be kept.
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(3)) {
                try await house.visitor().get("\(house.portal)/.well-known/jwks.json").body.contains("\"kid\"")
            }
        )
        let alice = try await house.signedIn("alice")
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                _ = try await alice.get("\(house.crmURL)/")
                return house.house.crm.lastValues("x-gatehouse-assertion").count == 1
            }
        )
    }

    @Test("Redis with a policy of eviction at start is not used, and the log names the setting")
    func evicting() async throws {
        var options = TestRedis.Options()
        options.lines = ["maxmemory-policy volatile-ttl"]
        let house = try await House.openShared(nodes: 1, redis: options)
        let gateway = house.gateways[0]
        try await house.awaitOperations(0)
        #expect(try await gateway.operations("/readyz").body.contains("maxmemory-policy is volatile-ttl"))
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                gateway.log.contains("maxmemory-policy is volatile-ttl; set it to noeviction")
            }
        )
        #expect(try await house.attempt("alice").status == 503)
        #expect(try await house.redis.cli("DBSIZE") == "0")
        try await house.redis.cli("CONFIG", "SET", "maxmemory-policy", "noeviction")
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                try await house.attempt("alice").status == 303
            }
        )
    }

    @Test("A Redis that wants a password gets it from its file, and without it nobody signs in")
    func password() async throws {
        var options = TestRedis.Options()
        options.password = "Redis-Own-Secret-19"
        let house = try await House.openShared(nodes: 1, redis: options)
        #expect(try await house.attempt("alice").status == 303)
        let redis = house.redis.port
        let without = try await House.openShared(
            nodes: 1,
            change: { text in
                text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                    line.hasPrefix("redis:") ? "redis: { url: \"redis://127.0.0.1:\(redis)/0\" }" : String(line)
                }.joined(separator: "\n")
            }
        )
        #expect(try await without.attempt("alice").status == 503)
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                without.gateways[0].log.contains("Redis wants a password.")
            }
        )
    }
}

extension HouseOfNodes {
    /// What the nodes have in common: the text behind `second_factors`.
    func configurationOfNodes() -> String {
        let text = contents(of: gateways[0].configurationFile)
        guard let start = text.firstRange(of: "directories:") else { return text }
        return String(text[start.lowerBound...])
    }

    /// A node may answer people a moment before it answers its administrator.
    func awaitOperations(_ node: Int) async throws {
        _ = try await Self.eventually(within: .seconds(5)) { (try? await gateways[node].operations("/healthz")) != nil }
    }

    /// The configuration of one more node, which has a key of its own.
    func anotherNode() -> String {
        TestGateway.server(FreePort.takeOne()) + configurationOfNodes()
    }
}
