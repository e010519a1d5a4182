import Glibc
import TestSupport
import Testing

@Suite("What happens is on record")
struct AuditEventTests {
    @Test("A visit leaves the events of the contract, each with its fields")
    func visit() async throws {
        let house = try await House.openAudited { text in
            text.changing("launch: \"/partners", to: "audit_permitted: true\n    launch: \"/partners")
                + "limits: { sign_in: { per_account: \"3/5m\" } }\n"
        }
        let portal = house.gateway.portal
        let visitor = house.visitor()
        let (_, page) = try await visitor.follow("\(portal)/login")
        func attempt(_ name: String, _ password: String) async throws -> WebResponse {
            try await visitor.submitSignIn(page, portal: portal, name: name, password: password)
        }
        #expect(try await attempt("  BOB ", "wrong").status == 401)
        for _ in 0..<3 { _ = try await attempt("nobody", "wrong") }
        #expect(try await attempt("nobody", "wrong").status == 429)
        let pia = house.visitor()
        _ = try await pia.signIn("\(portal)/", portal: portal, name: "pia", password: House.password)
        #expect(try await pia.follow("\(house.partnersURL)/partners/brightline/a%20b?secret=1").response.status == 200)
        let denied = try await pia.follow("\(house.crmURL)/admin/users?secret=2").response
        #expect(denied.status == 403)
        let asked = try await pia.get("\(portal)/logout")
        let left = try await pia.post("\(portal)/logout", form: Visitor.hiddenFields(asked.body), origin: portal)
        #expect(left.status == 303)
        try await house.gateway.stop()

        let lines = try await AuditLine.read(house.gateway.auditFile)
        func only(_ event: String) throws -> AuditLine {
            let found = lines.filter { $0.event == event }
            #expect(found.count == 1, "\(event): \(found.count)")
            return try #require(found.first)
        }
        for (index, line) in lines.enumerated() {
            #expect(line.names.prefix(6) == ["time", "seq", "prev", "hash", "event", "outcome"])
            #expect(line["seq"] == "\(index + 1)")
            #expect(!line.members.values.contains { $0.contains("secret=") || $0.contains(House.password) })
        }
        let succeeded = try only("sign_in.succeeded")
        #expect(succeeded["outcome"] == "success" && succeeded["login"] == "pia" && succeeded["directory"] == "staff")
        #expect(succeeded["subject"]?.hasPrefix("staff/") == true)
        #expect(succeeded["ip"] == "127.0.0.1" && succeeded["request_id"]?.isEmpty == false)
        let session = try #require(succeeded["session"])
        #expect(try only("session.created")["session"] == session)
        let ended = try only("session.ended")
        #expect(ended["session"] == session && ended["reason"] == "signed_out")
        #expect(ended["subject"] == succeeded["subject"])

        let wrong = try #require(lines.first { $0.event == "sign_in.failed" && $0["login"] == "bob" })
        #expect(wrong["outcome"] == "failure" && wrong["reason"] == "wrong_password")
        #expect(wrong["subject"]?.hasPrefix("staff/") == true && wrong["session"] == nil)
        let unknown = try #require(lines.first { $0.event == "sign_in.failed" && $0["login"] == "nobody" })
        #expect(unknown["subject"] == nil && unknown["reason"] != wrong["reason"])
        let locked = try #require(lines.first { $0.event == "sign_in.locked" })
        #expect(locked["login"] == "nobody" && locked["reason"] == "account_throttled" && locked["ip"] == "127.0.0.1")

        let refusal = try only("access.denied")
        #expect(refusal["app"] == "crm" && refusal["method"] == "GET" && refusal["path"] == "/admin/users")
        #expect(refusal["rule"] == "2" && refusal["reason"] == "missing_role" && refusal["session"] == session)
        #expect(refusal["request_id"].map(denied.body.contains) == true)
        let permitted = lines.filter { $0.event == "access.permitted" }
        #expect(permitted.map { $0["path"] } == ["/partners/brightline/a%20b"])
        #expect(permitted.first?["app"] == "partners" && permitted.first?["rule"] == "0")
        #expect(permitted.first?["login"] == "pia" && permitted.first?["outcome"] == "success")
        #expect(lines.first?.event == "admin.started" && lines.last?.event == "audit.sealed")
    }

    @Test("Three hundred failures with as many names from one network are a few lines that count them")
    func folding() async throws {
        let house = try await House.openAudited { $0 + "limits: { sign_in: { per_network: \"1000/5m\" } }\n" }
        let portal = house.gateway.portal
        let visitor = house.visitor()
        let (_, page) = try await visitor.follow("\(portal)/login")
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for lane in 0..<25 {
                group.addTask {
                    var refused = 0
                    for number in 0..<12 {
                        let answer = try await visitor.submitSignIn(
                            page,
                            portal: portal,
                            name: "stranger-\(lane)-\(number)",
                            password: "x"
                        )
                        refused += answer.status == 401 ? 1 : 0
                    }
                    return refused
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(statuses == 300)
        try await house.gateway.stop()
        let failures = try await AuditLine.read(house.gateway.auditFile).filter { $0.event == "sign_in.failed" }
        #expect(failures.count <= 6, "\(failures.count)")
        #expect(failures.reduce(0) { $0 + (Int($1["count"] ?? "1") ?? 0) } == 300)
        let folded = try #require(failures.first { $0["count"] != nil })
        #expect(folded["ip"] == "127.0.0.1" && folded["until"] != nil && folded["login"] == nil)
        #expect(folded["logins"]?.split(separator: ", ").count == 10)
    }

    @Test("search finds by event, outcome, reason, person, app, address, time, session and reference, all at once")
    func search() async throws {
        let house = try await House.openAudited()
        let alice = try await house.signedIn("alice")
        #expect(try await alice.get("\(house.crmURL)/admin/x").status == 403)
        let bob = house.visitor()
        let (_, page) = try await bob.follow("\(house.gateway.portal)/login")
        _ = try await bob.submitSignIn(page, portal: house.gateway.portal, name: "bob", password: "wrong")
        try await house.gateway.stop()
        let lines = try await AuditLine.read(house.gateway.auditFile)
        let denied = try #require(lines.first { $0.event == "access.denied" })
        let audit = AuditCommand(gateway: house.gateway)
        func count(_ filters: String...) async throws -> Int {
            let (status, found) = try await audit.search(filters)
            #expect(status == (found.isEmpty ? 1 : 0))
            return found.count
        }
        #expect(try await count() == lines.count)
        #expect(try await count("--event", "sign_in.*") == 2)
        #expect(try await count("--event", "sign_in.failed", "--event", "access.denied") == 2)
        #expect(try await count("--outcome", "failure") == 2)
        #expect(try await count("--reason", "wrong_password") == 1)
        #expect(try await count("--user", "bob") == 1)
        #expect(try await count("--user", denied["subject"] ?? "") == 3)
        #expect(try await count("--app", "crm") == 1)
        #expect(try await count("--ip", "127.0.0.0/8", "--event", "access.denied") == 1)
        #expect(try await count("--ip", "192.0.2.0/24") == 0)
        #expect(try await count("--since", "1h") == lines.count)
        #expect(try await count("--until", "2020-01-01") == 0)
        #expect(try await count("--session=\(denied["session"] ?? "")") == 3)
        #expect(try await count("--request-id=\(denied["request_id"] ?? "")") == 1)
        // An id may begin with a hyphen, and is a value all the same.
        #expect(try await count("--session", "-x2OMbsm4Q4Y2pY8l5z7Bg") == 0)
        #expect(try await count("--user", "bob", "--outcome", "success") == 0)
        #expect(try await audit.search(["--ip", "nonsense"]).status == 64)
        let (status, text) = try await audit.search(["--app", "crm", "--format", "text"])
        #expect(status == 0 && text.joined().contains("/admin/x") && !text.joined().contains("\"hash\""))
    }
}
