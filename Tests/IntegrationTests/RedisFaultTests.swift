import TestSupport
import Testing

@Suite("Redis fails: who is signed in stays so, nobody else gets in, and nothing revoked comes alive")
struct RedisFaultTests {
    @Test("It is killed under traffic and comes back: not one request fails, and sign-in works within two seconds")
    func killed() async throws {
        var options = TestRedis.Options()
        options.isPersistent = true
        let house = try await House.openShared(redis: options)
        let alice = try await house.signedIn("alice")
        let zoe = try await house.signedIn("zoe", 1)
        let gone = house.moved(zoe, to: 0)
        #expect(try await house.signOut(zoe).status == 303)
        let visitors = [alice, house.moved(alice, to: 1), alice, house.moved(alice, to: 1)]
        try await Traffic.of(visitors, "\(house.crmURL)/") { traffic in
            house.redis.kill()
            let killed = ContinuousClock.now
            for node in house.gateways.indices { try await expectNoSignIn(house, node) }
            for gateway in house.gateways {
                let readiness = try await gateway.operations("/readyz")
                #expect(readiness.status == 200)
                #expect(readiness.body.contains("\"check\":\"redis\""))
                #expect(try await gateway.operations("/metrics").body.contains("gatehouse_redis_up 0"))
            }
            // Long enough for what a connection that broke could still have answered.
            try await Task.sleep(until: killed + .seconds(4), clock: .continuous)
            #expect(traffic.statuses == [200])

            try await house.redis.restart()
            let back = ContinuousClock.now
            for node in house.gateways.indices {
                #expect(
                    try await HouseOfNodes.eventually(within: back + .seconds(2) - .now) {
                        try await house.attempt("bob", at: node).status == 303
                    },
                    "node \(node): \(house.gateways[node].log.suffix(2000))"
                )
            }
            // Every loop of every node is back.
            for gateway in house.gateways {
                #expect(
                    try await HouseOfNodes.eventually(within: .seconds(2)) {
                        try await !gateway.operations("/readyz").body.contains("redis")
                    }
                )
            }
            for visitor in [gone, house.moved(gone, to: 1)] {
                let status = try await visitor.get("\(house.crmURL)/").status
                #expect(status == 302)
            }
            #expect(traffic.statuses == [200])
        }
        // What is revoked after the outage is revoked at once again.
        #expect(try await house.signOut(alice).status == 303)
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(1)) {
                try await visitors[1].get("\(house.crmURL)/").status == 302
            }
        )
    }

    @Test("It hangs under traffic: every request is answered in time, and all is well when it goes on")
    func hangs() async throws {
        let house = try await House.openShared()
        let alice = try await house.signedIn("alice")
        let visitors = [alice, house.moved(alice, to: 1), alice, house.moved(alice, to: 1)]
        try await Traffic.of(visitors, "\(house.crmURL)/") { traffic in
            house.redis.suspend()
            for node in house.gateways.indices {
                let start = ContinuousClock.now
                try await expectNoSignIn(house, node)
                #expect(ContinuousClock.now - start < .seconds(6))
            }
            #expect(try await house.gateways[0].operations("/readyz").status == 200)
            house.redis.resume()
            let back = ContinuousClock.now
            for node in house.gateways.indices {
                #expect(
                    try await HouseOfNodes.eventually(within: back + .seconds(2) - .now) {
                        try await house.attempt("bob", at: node).status == 303
                    },
                    "node \(node): \(house.gateways[node].log.suffix(2000))"
                )
            }
            #expect(traffic.statuses == [200])
            #expect(traffic.longest < .seconds(4))
        }
    }

    @Test("After thirty seconds nobody vouches for a session any more, and the node says that it is not ready")
    func longOutage() async throws {
        var options = TestRedis.Options()
        options.isPersistent = true
        let house = try await House.openShared(nodes: 1, redis: options)
        let alice = try await house.signedIn("alice")
        let url = "\(house.crmURL)/"
        for _ in 0..<4 { #expect(try await alice.get(url).status == 200) }
        house.redis.kill()
        let killed = ContinuousClock.now
        while ContinuousClock.now < killed + .seconds(28) {
            #expect(try await alice.get(url).status == 200)
            try await Task.sleep(for: .milliseconds(500))
        }
        #expect(try await house.gateways[0].operations("/readyz").status == 200)
        #expect(
            try await HouseOfNodes.eventually(within: killed + .seconds(33) - .now) {
                try await alice.get(url).status == 503
            }
        )
        #expect(ContinuousClock.now > killed + .seconds(29))
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                try await house.gateways[0].operations("/readyz").status == 503
            }
        )
        #expect(try await house.gateways[0].operations("/healthz").status == 200)
        try await house.redis.restart()
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                let isReady = try await house.gateways[0].operations("/readyz").status == 200
                let isServed = try await alice.get(url).status == 200
                return isReady && isServed
            }
        )
    }

    @Test("It is full: nobody signs in, whoever is signed in goes on and can sign out")
    func full() async throws {
        let house = try await House.openShared()
        let alice = try await house.signedIn("alice")
        let zoe = try await house.signedIn("zoe")
        let visitors = [alice, house.moved(alice, to: 1)]
        try await Traffic.of(visitors, "\(house.crmURL)/") { traffic in
            try await house.redis.cli("CONFIG", "SET", "maxmemory", "1")
            for node in house.gateways.indices { try await expectNoSignIn(house, node) }
            #expect(try await house.signOut(zoe).status == 303)
            #expect(try await zoe.get("\(house.crmURL)/").status == 302)
            #expect(traffic.statuses == [200])
            try await house.redis.cli("CONFIG", "SET", "maxmemory", "0")
            for node in house.gateways.indices {
                #expect(
                    try await HouseOfNodes.eventually(within: .seconds(2)) {
                        try await house.attempt("bob", at: node).status == 303
                    }
                )
            }
            #expect(traffic.statuses == [200])
        }
    }

    @Test("It is given a policy of eviction: refused at the next connection, and the setting is named")
    func evicting() async throws {
        let house = try await House.openShared()
        let alice = try await house.signedIn("alice")
        let visitors = [alice, house.moved(alice, to: 1)]
        try await Traffic.of(visitors, "\(house.crmURL)/") { traffic in
            try await house.redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            try await house.redis.cli("CLIENT", "KILL", "TYPE", "normal")
            try await house.redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
            for gateway in house.gateways {
                #expect(
                    try await HouseOfNodes.eventually(within: .seconds(3)) {
                        try await gateway.operations("/readyz").body.contains("maxmemory-policy is allkeys-lru")
                    }
                )
                #expect(try await gateway.operations("/readyz").status == 200)
                #expect(
                    try await HouseOfNodes.eventually(within: .seconds(2)) {
                        gateway.log.contains("maxmemory-policy is allkeys-lru; set it to noeviction")
                    }
                )
            }
            for node in house.gateways.indices { try await expectNoSignIn(house, node) }
            #expect(traffic.statuses == [200])
            try await house.redis.cli("CONFIG", "SET", "maxmemory-policy", "noeviction")
            for node in house.gateways.indices {
                #expect(
                    try await HouseOfNodes.eventually(within: .seconds(2)) {
                        try await house.attempt("bob", at: node).status == 303
                    }
                )
            }
            #expect(traffic.statuses == [200])
        }
    }

    @Test("It becomes a read-only replica: that is down, and over when it is the primary again")
    func readOnly() async throws {
        let house = try await House.openShared()
        let alice = try await house.signedIn("alice")
        let visitors = [alice, house.moved(alice, to: 1)]
        try await Traffic.of(visitors, "\(house.crmURL)/") { traffic in
            try await house.redis.cli("REPLICAOF", "127.0.0.1", "\(FreePort.takeOne())")
            for node in house.gateways.indices { try await expectNoSignIn(house, node) }
            for gateway in house.gateways {
                #expect(
                    try await HouseOfNodes.eventually(within: .seconds(3)) {
                        try await gateway.operations("/readyz").body.contains("read-only replica")
                    }
                )
            }
            #expect(traffic.statuses == [200])
            try await house.redis.cli("REPLICAOF", "NO", "ONE")
            for node in house.gateways.indices {
                #expect(
                    try await HouseOfNodes.eventually(within: .seconds(2)) {
                        try await house.attempt("bob", at: node).status == 303
                    }
                )
            }
            #expect(traffic.statuses == [200])
        }
    }

    /// The form again, with what was typed but for the password, and a reference for the service desk.
    private func expectNoSignIn(_ house: HouseOfNodes, _ node: Int) async throws {
        let answer = try await house.attempt("bob", at: node)
        #expect(answer.status == 503)
        #expect(answer.body.contains("name=\"password\""))
        #expect(answer.body.contains("value=\"bob\""))
        #expect(answer.body.contains("Reference"))
        #expect(!answer.body.contains(House.password))
        #expect(!answer.values("set-cookie").contains { $0.hasPrefix("gatehouse=") && !$0.contains("Max-Age=0") })
    }
}
