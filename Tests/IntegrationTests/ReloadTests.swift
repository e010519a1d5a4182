import Glibc
import TestSupport
import Testing

@Suite("SIGHUP: a good configuration is in force at once, and nobody notices it")
struct ReloadTests {
    @Test("Twenty reloads in a row under load: not one request fails, and what is still permitted goes on to its end")
    func underLoad() async throws {
        let slow = try await SlowUpstream.start()
        let house = try await House.openAudited(slow: slow)
        let gateway = house.gateway
        let alice = try await house.signedIn("alice")
        _ = try await alice.follow("\(gateway.app("files"))/take/one")
        let files = "files.gw.localhost"
        let cookie = "gatehouse=\(alice.cookies(files)["gatehouse"] ?? "")"
        let load = house.load(alice)
        let taken = try await Download.begin(port: gateway.port, host: files, path: "/take/x", cookie: cookie)
        let kept = try await Download.begin(port: gateway.port, host: files, path: "/keep/x")
        async let uploaded = Self.upload(port: gateway.port, host: files, cookie: cookie, pieces: 100)

        let original = contents(of: gateway.configurationFile)
        func edition(_ number: Int) -> String {
            original.changing("title: Customer Relations", to: "title: Customers \(number)")
                .changing("set: {", to: "set: { X-Edition: \"\(number)\",")
                + "limits: { sign_in: { per_account: \"\(number)/5m\" } }\n"
        }
        for number in 1...19 {
            #expect(try await gateway.reload { _ in edition(number) }, "\(gateway.log)")
        }
        #expect(!taken.isOver && !kept.isOver)
        let isTaken = try await gateway.reload { _ in
            edition(20).changing("path: \"/take/**\", roles: [sales]", to: "path: \"/take/**\", roles: [crm-admin]")
        }
        #expect(isTaken)
        #expect(await Poll.until(within: .seconds(5)) { taken.isOver })
        #expect(!taken.isWhole && taken.count > 1)
        #expect(!kept.isOver)
        let count = kept.count
        #expect(await Poll.until { kept.count > count + 5 })
        try await slow.release()
        #expect(await Poll.until { kept.isOver })
        #expect(kept.isWhole)
        #expect(try await uploaded.body == "1000")

        let tally = await load.finish()
        #expect(tally.failures.isEmpty, "\(tally.failures.prefix(5))")
        #expect(tally.answered > 100)
        #expect(tally.farewells == 0)
        _ = try await alice.get("\(house.crmURL)/leads")
        #expect(house.crm.lastValues("x-edition") == ["20"])
        #expect(try await alice.get("\(gateway.portal)/").body.contains("Customers 20"))
        try await gateway.stop()
        let events = try await AuditLine.read(gateway.auditFile).filter { $0.event == "config.reloaded" }
        #expect(events.count == 20)
        #expect(events.allSatisfy { $0["outcome"] == "success" && $0["digest"] != nil })
        #expect(Set(events.map { $0["digest"] }).count == 20)
    }

    /// A body of ten bytes a piece, which takes its time.
    private static func upload(port: UInt16, host: String, cookie: String, pieces: Int) async throws -> WebResponse {
        try await ChildProcess.offPool {
            let stream = try ByteStream(port: port, timeout: 30)
            try stream.write(
                "POST /up HTTP/1.1\r\nHost: \(host)\r\nCookie: \(cookie)\r\nContent-Length: \(pieces * 10)\r\n\r\n"
            )
            for _ in 0..<pieces {
                try stream.write("0123456789")
                Pause.milliseconds(40)
            }
            return try stream.readResponse()
        }
    }

    @Test("The next request of a live session is judged by the new rules and told the new roles")
    func liveSession() async throws {
        let house = try await House.openAudited()
        let gateway = house.gateway
        let alice = try await house.signedIn("alice")
        #expect(try await alice.get("\(house.crmURL)/admin/users").status == 403)
        #expect(try await gateway.reload { $0.changing("roles: [crm-admin]", to: "roles: [crm-admin, sales]") })
        #expect(try await alice.get("\(house.crmURL)/admin/users").status == 200)

        #expect(
            try await gateway.reload {
                $0.changing("{ name: sales,", to: "{ name: vendors,")
                    .changing("includes: [sales]", to: "includes: [vendors]")
                    .changing("roles: [crm-admin, sales]", to: "roles: [crm-admin, vendors]")
                    .changing("path: \"/**\", roles: [sales]", to: "path: \"/**\", roles: [vendors]")
            },
            "\(gateway.log)"
        )
        #expect(try await alice.get("\(house.crmURL)/leads").status == 200)
        #expect(house.crm.lastValues("remote-groups") == ["vendors"])
        #expect(house.crm.lastValues("x-xrm-roles") == ["vendors"])

        let reached = house.crm.heads.count
        #expect(
            try await gateway.reload {
                $0.changing("title: Customer Relations", to: "title: Clients")
                    .changing("path: \"/**\", roles: [vendors]", to: "path: \"/**\", roles: [sales-manager]")
            }
        )
        let denied = try await alice.get("\(house.crmURL)/leads")
        #expect(denied.status == 403)
        #expect(denied.body.contains("Clients"))
        #expect(house.crm.heads.count == reached)
        #expect(try await alice.get("\(house.crmURL)/admin/users").status == 200)
    }

    @Test("A role with a group that the old file did not name is granted to who is signed in already")
    func unknownGroup() async throws {
        let house = try await House.openAudited()
        let suffix = TestDirectory.suffix
        try await house.directory.ldapadd(
            "dn: cn=latecomers,ou=groups,\(suffix)\nobjectClass: groupOfNames\ncn: latecomers\n"
                + "member: uid=alice,ou=people,\(suffix)\n"
        )
        let alice = try await house.signedIn("alice")
        #expect(try await alice.get("\(house.crmURL)/late/x").status == 200)
        #expect(try await house.gateway.reload(Self.withLateRole), "\(house.gateway.log)")
        let bob = try await house.signedIn("bob")
        #expect(try await bob.get("\(house.crmURL)/late/x").status == 403)
        #expect(try await alice.get("\(house.crmURL)/late/x").status == 200)
        #expect(house.crm.lastValues("x-xrm-roles") == ["late,sales"])
    }

    @Test("Many signals at once end in the last configuration, and disturb nobody")
    func manySignals() async throws {
        let house = try await House.openAudited()
        let alice = try await house.signedIn("alice")
        let load = house.load(alice)
        for number in 0..<50 {
            house.gateway.rewrite {
                number % 2 == 0 ? "broken: [\n\($0)" : String($0.dropFirst("broken: [\n".utf8.count))
            }
            house.gateway.send(SIGHUP)
        }
        house.gateway.rewrite {
            $0.changing(
                "- { path: \"/admin/**\"",
                to: "- { path: \"/extra/**\", allow: anyone }\n      - { path: \"/admin/**\""
            )
        }
        house.gateway.send(SIGHUP)
        let isTaken = try await Poll.until {
            try await house.visitor().get("\(house.crmURL)/extra/x").status == 200
        }
        #expect(isTaken, "\(house.gateway.log.suffix(2000))")
        let tally = await load.finish()
        #expect(tally.failures.isEmpty, "\(tally.failures.prefix(5))")
    }

    @Test("While one node has the new configuration and one the old, each judges a session by its own")
    func rollingReload() async throws {
        let shared = try await House.openShared()
        let suffix = TestDirectory.suffix
        try await shared.house.directory.ldapadd(
            "dn: cn=latecomers,ou=groups,\(suffix)\nobjectClass: groupOfNames\ncn: latecomers\n"
                + "member: uid=alice,ou=people,\(suffix)\n"
        )
        let alice = try await shared.house.signedIn("alice")
        #expect(try await shared.gateways[1].reload(Self.withLateRole), "\(shared.gateways[1].log)")
        let other = shared.visitor(1)
        other.setCookie("crm.gw.localhost", "gatehouse", alice.cookies("crm.gw.localhost")["gatehouse"])
        for turn in 0..<6 {
            #expect(try await other.get("\(shared.crm(1))/late/\(turn)").status == 200)
            #expect(shared.house.crm.lastValues("x-xrm-roles") == ["late,sales"])
            #expect(try await alice.get("\(shared.crm(0))/late/\(turn)").status == 200)
            #expect(shared.house.crm.lastValues("x-xrm-roles") == ["sales"])
        }
    }

    /// A role that is new, with a group that no role had, and a path for it alone.
    private static func withLateRole(_ configuration: String) -> String {
        configuration.changing(
            "roles:\n  - { name: sales,",
            to: "roles:\n  - { name: late, groups: [\"cn=latecomers,ou=groups,\(TestDirectory.suffix)\"] }\n"
                + "  - { name: sales,"
        )
        .changing(
            "- { path: \"/admin/**\"",
            to: "- { path: \"/late/**\", roles: [late] }\n      - { path: \"/admin/**\""
        )
    }

    @Test("New limits count from the next failure on")
    func limits() async throws {
        let house = try await House.openAudited()
        #expect(try await house.gateway.reload { $0 + "limits: { sign_in: { per_account: \"2/5m\" } }\n" })
        let visitor = house.visitor()
        let (_, page) = try await visitor.follow("\(house.gateway.portal)/login")
        var statuses: [Int] = []
        for _ in 0..<3 {
            statuses.append(
                try await visitor.submitSignIn(page, portal: house.gateway.portal, name: "nobody", password: "x").status
            )
        }
        #expect(statuses.first == 401 && statuses.last == 429, "\(statuses)")
    }

    @Test(
        "A directory's password that was changed takes effect with the reload, and a wrong one does not open anything"
    )
    func directoryPassword() async throws {
        let directory = try await House.openDirectory()
        let folder = TemporaryFolder()
        let file = folder.write(TestDirectory.servicePassword, to: "password")
        let house = try await House.openAudited(directory: directory) { text in
            guard let start = text.firstRange(of: "password: { file: \""),
                let end = text[start.upperBound...].firstIndex(of: "\"")
            else { return text }
            return text[..<start.upperBound] + file + text[end...]
        }
        _ = try await house.signedIn("alice")
        try await directory.ldapmodify(
            "dn: \(TestDirectory.serviceDN)\nchangetype: modify\nreplace: userPassword\nuserPassword: rotated\n"
        )
        // Whoever has read the file anew without its having changed is not let in by the directory.
        #expect(try await house.gateway.reload { "\($0)\n" })
        #expect(try await Self.signIn("bob", house) == 503)
        folder.write("rotated\n", to: "password")
        #expect(try await house.gateway.reload { "\($0)\n" })
        #expect(try await Self.signIn("bob", house) == 303)
    }

    private static func signIn(_ name: String, _ house: House) async throws -> Int {
        let visitor = house.visitor()
        let (_, page) = try await visitor.follow("\(house.gateway.portal)/login")
        return try await visitor.submitSignIn(
            page,
            portal: house.gateway.portal,
            name: name,
            password: House.password
        ).status
    }
}
