import Synchronization
import TestSupport
import Testing

@Suite("What was secret stays secret")
struct SharedSecrecyTests {
    /// Whatever a visit brought to light that nobody else may learn.
    private final class Secrets: Sendable {
        private let found = Mutex<[String: String]>([:])

        var all: [String: String] { found.withLock { $0 } }

        func add(_ what: String, _ value: String?) {
            // Short values are nobody's secret, and would be found by chance.
            guard let value, value.utf8.count >= 12 else { return }
            found.withLock { $0[value] = what }
        }

        func addCookies(_ visitor: Visitor) {
            for host in HouseOfNodes.hosts {
                for (name, value) in visitor.cookies(host) { add("\(name) of \(host)", value) }
            }
        }
    }

    /// Everything that Redis knows, as an operator could read it: each key by a command of its type, a snapshot without
    /// compression, and the log of every change that was ever made.
    private func dump(_ redis: TestRedis) async throws -> String {
        var text = ""
        let keys = try await redis.cli("--scan").split(separator: "\n").map(String.init)
        for key in keys {
            text += key + "\n"
            let type = try await redis.cli("TYPE", key)
            let command =
                switch type {
                case "hash": ["HGETALL", key]
                case "zset": ["ZRANGE", key, "0", "-1", "WITHSCORES"]
                case "set": ["SMEMBERS", key]
                case "list": ["LRANGE", key, "0", "-1"]
                case "stream": ["XRANGE", key, "-", "+"]
                default: ["GET", key]
                }
            text += try await redis.cli(command) + "\n"
        }
        try await redis.cli("CONFIG", "SET", "rdbcompression", "no")
        try await redis.cli("SAVE")
        let folder = try #require(try await redis.cli("CONFIG", "GET", "dir").split(separator: "\n").last)
        return try await ChildProcess.offPool { [text] in
            let output = TemporaryFolder()
            let command = "cat \(folder)/dump.rdb \(folder)/appendonlydir/*"
            let status = try ChildProcess.run("/bin/sh", ["-c", command], output: output.file("files"))
            #expect(status == 0)
            return text + contents(of: output.file("files"))
        }
    }

    @Test("A dump of Redis, the logs, the audit trail and the metrics hold no token, ticket, form value or password")
    func nothingLeaks() async throws {
        var options = TestRedis.Options()
        options.isPersistent = true
        options.password = "Redis-Own-Secret-19"
        let house = try await House.openShared(redis: options)
        let secrets = Secrets()
        secrets.add("password of Redis", options.password)
        secrets.add("password of the directory's account", TestDirectory.servicePassword)
        secrets.add("password", House.password)

        let visitor = house.visitor(0)
        let (_, page) = try await visitor.follow("\(house.crmURL)/leads?id=7")
        for (name, value) in Visitor.hiddenFields(page.body) where name == "csrf" { secrets.add("csrf", value) }
        secrets.addCookies(visitor)
        for (name, password) in [("alice", "Wrong-Horse-One-1"), ("nobody-here", "Wrong-Horse-Two-2")] {
            let answer = try await visitor.submitSignIn(page, portal: house.portal, name: name, password: password)
            #expect(answer.status == 401)
            secrets.add("wrong password", password)
            for (name, value) in Visitor.hiddenFields(answer.body) where name == "csrf" { secrets.add("csrf", value) }
            #expect(!answer.body.contains(password))
        }
        let answer = try await visitor.submitSignIn(
            page,
            portal: house.portal,
            name: "alice",
            password: House.password
        )
        secrets.addCookies(visitor)
        let callback = try #require(answer.value("location"))
        let ticket = try #require(callback.firstRange(of: "ticket=").map { callback[$0.upperBound...] })
        secrets.add("ticket", String(ticket.prefix { $0 != "&" }))
        #expect(try await visitor.get(callback).status == 303)
        // A second time it is worth nothing, and is still no text for a log.
        _ = try await visitor.get(callback)
        secrets.addCookies(visitor)
        let elsewhere = house.moved(visitor, to: 1)
        _ = try await elsewhere.follow("\(house.crmURL)/leads?id=7")
        _ = try await elsewhere.follow("\(house.partnersURL)/partners/brightline/")
        secrets.addCookies(elsewhere)
        // What is no session's token either.
        let planted = house.visitor(1)
        let forged = "Zm9yZ2VkLXRva2VuLXRoYXQtaXMtbm9ib2R5cw-abcdef"
        planted.setCookie("crm.gw.localhost", "gatehouse", forged)
        _ = try await planted.get("\(house.crmURL)/leads")
        secrets.add("token of nobody", forged)
        let bearer = "Bearer-Token-Of-An-Application-5"
        _ = try await elsewhere.send("GET", "\(house.crmURL)/", fields: [("Authorization", "Bearer \(bearer)")])
        secrets.add("authorization", bearer)
        for assertion in house.house.crm.heads.flatMap({ values("x-gatehouse-assertion", $0) }) {
            secrets.add("assertion", assertion)
        }
        let confirm = try await elsewhere.get("\(house.portal)/logout")
        for (name, value) in Visitor.hiddenFields(confirm.body) where name == "csrf" { secrets.add("csrf", value) }
        let live = try await dump(house.redis)
        #expect(try await house.signOut(elsewhere).status == 303)

        let after = try await dump(house.redis)
        // By then everything that was to be written has been.
        let metrics =
            try await house.gateways[0].operations("/metrics").body
            + house.gateways[1].operations("/metrics").body
        for gateway in house.gateways { try await gateway.stop() }
        let places = [
            "Redis while signed in": live, "Redis after": after, "metrics": metrics,
            "logs": house.gateways.map(\.log).joined(), "audit": house.gateways.map(\.auditText).joined(),
        ]
        // They do hold what they are for, so a secret would have been found.
        #expect(live.contains("gh:t:") && live.contains("alice") && live.contains("127.0.0.1"))
        #expect(places["logs"]?.contains("/.gatehouse/callback") == true)
        #expect(places["audit"]?.contains("\"event\":\"sign_in.succeeded\"") == true)
        #expect(metrics.contains("gatehouse_sign_ins_total"))
        let kinds = Set(secrets.all.values)
        let expected: Set = [
            "csrf", "ticket", "assertion", "password", "wrong password", "gatehouse of login.gw.localhost",
            "gatehouse of crm.gw.localhost", "gatehouse-login of login.gw.localhost",
            "gatehouse-return of crm.gw.localhost",
        ]
        #expect(expected.isSubset(of: kinds), "\(expected.subtracting(kinds))")
        for (place, text) in places {
            for (secret, what) in secrets.all { #expect(!text.contains(secret), "\(what) in \(place)") }
        }
        // Nor what stands for a token in Redis, wherever else something is written.
        let digests = live.split(separator: "\n").filter { $0.hasPrefix("gh:t:") }.map { $0.dropFirst(5) }
        #expect(digests.count >= 2)
        for digest in digests {
            for place in ["metrics", "logs", "audit"] { #expect(places[place]?.contains(digest) == false) }
        }
    }

    private func values(_ name: String, _ head: String) -> [String] {
        head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("\(name):") }.map { line in
            String(line.dropFirst(name.utf8.count + 1).drop { $0 == " " })
        }
    }
}

extension HouseOfNodes {
    var partnersURL: String { gateways[0].app("partners") }
}

extension TestGateway {
    var auditText: String { contents(of: auditFile) }
}
