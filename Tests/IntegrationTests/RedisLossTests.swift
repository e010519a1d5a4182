import TestSupport
import Testing

@Suite("What is gone from Redis is gone, whatever a node remembers")
struct RedisLossTests {
    @Test("A Redis that comes back empty has nobody signed in, and says so to both nodes")
    func lostData() async throws {
        let house = try await House.openShared()
        let alice = try await house.signedIn("alice")
        let visitors = [alice, house.moved(alice, to: 1)]
        for visitor in visitors + visitors { #expect(try await visitor.get("\(house.crmURL)/").status == 200) }
        house.redis.kill()
        for visitor in visitors { #expect(try await visitor.get("\(house.crmURL)/").status == 200) }
        try await house.redis.restart()
        for visitor in visitors {
            #expect(
                try await HouseOfNodes.eventually(within: .seconds(2)) {
                    try await visitor.get("\(house.crmURL)/").status == 302
                }
            )
        }
        try await house.awaitRedis()
        // Not once more, on no loop of either.
        for visitor in visitors + visitors + visitors + visitors {
            #expect(try await visitor.get("\(house.crmURL)/").status == 302)
        }
        #expect(try await house.redis.cli("KEYS", "gh:{*}:s:*") == "")
        #expect(try await house.attempt("alice", at: 1).status == 303)
    }

    @Test("FLUSHALL is seen by the next request on both nodes")
    func flushed() async throws {
        let house = try await House.openShared()
        let alice = try await house.signedIn("alice")
        let visitors = [alice, house.moved(alice, to: 1)]
        for visitor in visitors + visitors { #expect(try await visitor.get("\(house.crmURL)/").status == 200) }
        try await house.redis.cli("FLUSHALL")
        for visitor in visitors + visitors + visitors {
            #expect(try await visitor.get("\(house.crmURL)/").status == 302)
        }
    }

    @Test(
        "A session deleted in the moment in which a connection breaks is gone all the same",
        arguments: ["normal", "pubsub"]
    )
    func brokenConnection(kind: String) async throws {
        let house = try await House.openShared()
        for round in 0..<5 {
            try await house.awaitRedis()
            let alice = try await house.signedIn("alice", round % 2)
            let visitors = [house.moved(alice, to: 0), house.moved(alice, to: 1)]
            for visitor in visitors + visitors + visitors {
                #expect(try await visitor.get("\(house.crmURL)/").status == 200)
            }
            let key = try await house.redis.cli("KEYS", "gh:{*}:s:*")
            // In one step of Redis: the invalidation finds no connection.
            let transaction = "MULTI\r\nCLIENT KILL TYPE \(kind) SKIPME yes\r\nDEL \(key)\r\nEXEC\r\nQUIT\r\n"
            let port = house.redis.port
            let replies = try await ChildProcess.offPool {
                let stream = try ByteStream(port: port)
                try stream.write(transaction)
                return try stream.readToEnd()
            }
            #expect(replies.hasSuffix("\r\n:1\r\n+OK\r\n"), "\(replies)")
            #expect(!replies.contains("*2\r\n:0\r\n"), "no connection was killed")
            for visitor in visitors {
                #expect(
                    try await HouseOfNodes.eventually(within: .seconds(1)) {
                        try await visitor.get("\(house.crmURL)/").status == 302
                    },
                    "round \(round)"
                )
            }
            for visitor in visitors + visitors + visitors {
                #expect(try await visitor.get("\(house.crmURL)/").status == 302, "round \(round)")
            }
        }
    }

    @Test("Signing out while Redis is down is not said to have worked")
    func signOutInOutage() async throws {
        var options = TestRedis.Options()
        options.isPersistent = true
        let house = try await House.openShared(redis: options)
        let alice = try await house.signedIn("alice")
        let page = try await alice.get("\(house.portal)/logout")
        house.redis.kill()
        let cookies = alice.cookies("login.gw.localhost")
        let answer = try await alice.post(
            "\(house.portal)/logout",
            form: Visitor.hiddenFields(page.body),
            origin: house.portal
        )
        #expect(answer.status == 503)
        #expect(answer.body.contains("Reference"))
        #expect(alice.cookies("login.gw.localhost") == cookies)
        try await house.redis.restart()
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                try await house.signOut(alice).status == 303
            }
        )
        // The other node may still be connecting anew: then it does not know, and never says yes.
        let elsewhere = house.moved(alice, to: 1)
        var statuses: Set<Int> = []
        #expect(
            try await HouseOfNodes.eventually(within: .seconds(2)) {
                let status = try await elsewhere.get("\(house.crmURL)/").status
                statuses.insert(status)
                return status == 302
            }
        )
        #expect(statuses.isSubset(of: [302, 503]), "\(statuses)")
    }
}
