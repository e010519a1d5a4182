import Glibc
import TestSupport
import Testing

@Suite("What an operator sees")
struct OperationsTests {
    @Test("Started without directory and Redis it lives and says what is missing; when they come it is ready by itself")
    func absentAtStart() async throws {
        let shared = try await TestRedis.start()
        let directory = try await House.openDirectory()
        shared.kill()
        directory.kill()
        let house = try await House.openAudited(directory: directory) {
            $0 + "redis: { url: \"\(shared.url)\" }\n"
        }
        let gateway = house.gateway
        #expect(try await gateway.operations("/healthz").status == 200)
        var report = ""
        let isTold = try await Poll.until {
            report = try await gateway.operations("/readyz").body
            return report.contains("\"check\":\"redis\"")
                && report.contains("\"check\":\"directory\",\"name\":\"staff\"")
        }
        #expect(isTold, "\(report)")
        #expect(try await gateway.operations("/readyz").status == 200)
        #expect(try await gateway.metric("gatehouse_redis_up") == 0)
        #expect(try await gateway.metric("gatehouse_directory_up{directory=\"staff\"}") == 0)
        #expect(try await house.visitor().get("\(house.crmURL)/public/x").status == 200)
        let bob = house.visitor()
        let (_, page) = try await bob.follow("\(gateway.portal)/login")
        func signIn() async throws -> WebResponse {
            try await bob.submitSignIn(page, portal: gateway.portal, name: "bob", password: House.password)
        }
        #expect(try await signIn().status == 503)

        try await shared.restart()
        try await directory.restart()
        #expect(try await Poll.until(within: .seconds(5)) { try await signIn().status == 303 })
        let isReady = try await Poll.until(within: .seconds(15)) {
            try await gateway.operations("/readyz").body == "{\"status\":\"ready\",\"degraded\":[]}\n"
        }
        #expect(isReady)
        #expect(try await gateway.metric("gatehouse_redis_up") == 1)
        #expect(try await gateway.metric("gatehouse_directory_up{directory=\"staff\"}") == 1)
    }

    @Test("promtool finds nothing wrong with the metrics, they count what happened, and no label is a visitor's word")
    func metrics() async throws {
        let house = try await House.openAudited()
        let gateway = house.gateway
        let alice = try await house.signedIn("alice")
        func count(_ code: Int, _ method: String = "GET") async throws -> Double {
            try await gateway.metric(
                "gatehouse_requests_total{app=\"crm\",method=\"\(method)\",code=\"\(code)\"}"
            ) ?? 0
        }
        let before = try await (count(200), count(403))
        for number in 0..<5 {
            #expect(try await alice.get("\(house.crmURL)/leads/zebra-\(number)").status == 200)
        }
        for _ in 0..<3 { #expect(try await alice.get("\(house.crmURL)/admin/zebra").status == 403) }
        #expect(try await alice.send("ZEBRA", "\(house.crmURL)/zebra").status == 200)
        let fields = [("X_Zebra", "1"), ("X-Zebra", "2"), ("User-Agent", "zebra")]
        #expect(try await alice.send("GET", "\(house.crmURL)/public/x", fields: fields).status == 200)
        #expect(try await alice.get("http://zebra.gw.localhost:\(gateway.port)/").status == 421)
        let stranger = house.visitor()
        let (_, page) = try await stranger.follow("\(gateway.portal)/login")
        for _ in 0..<2 {
            _ = try await stranger.submitSignIn(page, portal: gateway.portal, name: "zebra", password: "zebra")
        }
        _ = try await house.visitor().get("\(house.crmURL)/zebra?zebra")

        let isCounted = try await Poll.until { try await count(200) == before.0 + 6 }
        #expect(isCounted)
        #expect(try await count(403) == before.1 + 3)
        #expect(try await count(200, "other") == 1)
        #expect(try await gateway.metric("gatehouse_request_fields_dropped_total{app=\"crm\"}") == 1)
        #expect(
            try await gateway.metric("gatehouse_sign_ins_total{directory=\"staff\",outcome=\"succeeded\"}") == 1
        )
        #expect(try await gateway.metric("gatehouse_sign_ins_total{directory=\"staff\",outcome=\"failed\"}") == 2)
        #expect(try await gateway.metric("gatehouse_audit_writable") == 1)
        #expect(
            try await gateway.metric(
                "gatehouse_upstream_up{app=\"crm\",upstream=\"http://127.0.0.1:\(house.crm.port)\"}"
            ) == 1
        )
        let text = try await gateway.operations("/metrics").body
        #expect(text.contains("gatehouse_request_duration_seconds_bucket{app=\"crm\",le="))
        for word in ["zebra", "ZEBRA", "alice", "bob", "127.0.0.1\"", "/leads", "gw.localhost"] {
            let lines = text.split(separator: "\n").filter {
                $0.contains(word) && !$0.hasPrefix("gatehouse_upstream_up")
            }
            #expect(lines.isEmpty, "\(lines.prefix(3))")
        }
        let folder = TemporaryFolder()
        let (status, output) = try await ChildProcess.offPool {
            let output = folder.file("out")
            let input = folder.write(text, to: "metrics")
            let status = try ChildProcess.run(
                "/usr/bin/promtool",
                ["check", "metrics"],
                input: input,
                output: output
            )
            return (status, contents(of: output))
        }
        #expect(status == 0 && output.isEmpty, "\(output)")
    }

    @Test("The events that the audit trail has are those that the metrics count")
    func auditCounted() async throws {
        let house = try await House.openAudited { $0 + "limits: { sign_in: { per_account: \"1/5m\" } }\n" }
        let stranger = house.visitor()
        let (_, page) = try await stranger.follow("\(house.gateway.portal)/login")
        for _ in 0..<2 {
            _ = try await stranger.submitSignIn(page, portal: house.gateway.portal, name: "nobody", password: "x")
        }
        _ = try await house.signedIn("alice")
        func value(_ series: String) async throws -> Double? { try await house.gateway.metric(series) }
        #expect(
            try await Poll.until(within: .seconds(2)) {
                try await value("gatehouse_audit_events_total{event=\"sign_in.succeeded\"}") == 1
            }
        )
        #expect(try await value("gatehouse_audit_events_total{event=\"sign_in.failed\"}") == 1)
        #expect(try await value("gatehouse_sign_in_limited_total{limit=\"account_throttled\"}") ?? 0 >= 1)
    }

    @Test("One reference leads from the page to the access log, the audit trail and the application")
    func reference() async throws {
        let house = try await House.openAudited {
            $0.changing("title: Customer Relations", to: "title: Customer Relations\n    audit_permitted: true")
        }
        let alice = try await house.signedIn("alice")
        let denied = try await alice.send(
            "GET",
            "\(house.crmURL)/admin/x",
            fields: [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("X-Request-ID", "mine")]
        )
        #expect(denied.status == 403 && !denied.body.contains("mine"))
        _ = try await alice.send("GET", "\(house.crmURL)/one", fields: [("X-Request-ID", "mine")])
        let seen = try #require(house.crm.lastValues("x-request-id").first)
        #expect(house.crm.lastValues("x-request-id").count == 1 && seen != "mine")
        try await house.gateway.stop()
        let events = try await AuditLine.read(house.gateway.auditFile)
        let log = house.gateway.log.split(separator: "\n")
        let denial = try #require(events.first { $0.event == "access.denied" }?["request_id"])
        #expect(denied.body.contains(denial))
        #expect(log.contains { $0.contains("\"request_id\":\"\(denial)\"") && $0.contains("\"path\":\"/admin/x\"") })
        let permitted = try #require(events.first { $0.event == "access.permitted" && $0["path"] == "/one" })
        #expect(permitted["request_id"] == seen)
        #expect(log.contains { $0.contains("\"request_id\":\"\(seen)\"") && $0.contains("\"path\":\"/one\"") })
    }
}
