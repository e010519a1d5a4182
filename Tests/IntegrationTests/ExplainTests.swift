import TestSupport
import Testing

@Suite("explain says what the gateway does")
struct ExplainTests {
    @Test("Entry, nested groups, roles, permissions")
    func person() async throws {
        let house = try await SharedHouse.house()
        let (status, output) = try await house.gateway.command(["explain", "--user", "bob"])
        #expect(status == 0, "\(output)")
        #expect(output.contains("uid=bob,ou=people,dc=example,dc=test"))
        #expect(
            output.contains(
                "cn=sales,ou=groups,dc=example,dc=test  (by cn=sales-managers,ou=groups,dc=example,dc=test)"
            )
        )
        #expect(output.contains("roles        sales, sales-manager"))
        #expect(output.contains("permissions  leads.read, leads.write"))
    }

    @Test(
        "The decision and the headers are those of a real request",
        arguments: [
            ("alice", "crm", "/leads", 200), ("carol", "crm", "/leads", 403), ("alice", "crm", "/admin/x", 403),
            ("alice", "crm", "/%61dmin/x", 403), ("alice", "crm", "/public/x", 200),
            ("pia", "partners", "/partners/brightline/a", 200),
            ("pia", "partners", "/partners/kessler/a", 403),
        ]
    )
    func agrees(user: String, app: String, path: String, status: Int) async throws {
        let house = try await House.open()
        let visitor = house.visitor()
        _ = try await visitor.signIn(
            "\(house.gateway.portal)/",
            portal: house.gateway.portal,
            name: user,
            password: House.password
        )
        let (_, real) = try await visitor.follow(house.gateway.app(app) + path)
        #expect(real.status == status)
        let (exit, output) = try await house.gateway.command([
            "explain", "--user", user, "--host", "\(app).gw.localhost", "--path", path,
        ])
        #expect(exit == (status == 200 ? 0 : 1), "\(output)")
        #expect(output.contains(status == 200 ? "decision     permitted" : "decision     denied"))
        guard status == 200, path != "/public/x" else { return }
        let upstream = app == "crm" ? house.crm : house.partners
        for name in ["Remote-User", "Remote-Name", "X-XRM-Roles", "X-XRM-Realm"] {
            #expect(output.contains("header       \(name): \(upstream.lastValues(name).first ?? "?")"))
        }
    }

    @Test(
        "What the gateway answers itself, or never forwards, is not called permitted",
        arguments: [
            (["--user", "dora", "--path", "/"], "decision     sign-in needed"),
            (["--user", "alice", "--path", "/", "--method", "TRACE"], "decision     refused"),
            (["--user", "alice", "--path", "/.gatehouse/whoami"], "decision     refused"),
            (["--user", "alice", "--path", "/%00"], "decision     refused"),
        ]
    )
    func neverPermitted(arguments: [String], decision: String) async throws {
        let house = try await SharedHouse.house()
        let (status, output) = try await house.gateway.command(
            ["explain"] + arguments + ["--host", "crm.gw.localhost"]
        )
        #expect(status == 1, "\(output)")
        #expect(output.contains(decision), "\(output)")
    }

    @Test("check --probe finds the directory, its entries and the applications")
    func probe() async throws {
        let house = try await House.open()
        let good = try await house.gateway.command(["check", "--probe"])
        #expect(good.status == 0, "\(good.output)")
        try await house.directory.ldapmodify("dn: cn=admins,ou=groups,dc=example,dc=test\nchangetype: delete\n")
        let bad = try await house.gateway.command(["check", "--probe"])
        #expect(bad.status == 69)
        #expect(bad.output.contains("cn=admins,ou=groups,dc=example,dc=test: no such entry"))
    }

    @Test("Nobody by that name is 1, a directory that is down is 69, no secret is printed")
    func answers() async throws {
        let house = try await House.open()
        let nobody = try await house.gateway.command(["explain", "--user", "nobody-here"])
        #expect(nobody.status == 1)
        let json = try await house.gateway.command([
            "explain", "--user", "alice", "--json", "--host", "crm.gw.localhost",
        ])
        #expect(json.status == 0)
        #expect(json.output.contains("\"decision\":\"permitted\""))
        #expect(!json.output.contains(House.password) && !json.output.contains("userPassword"))
        house.directory.kill()
        #expect(try await house.gateway.command(["explain", "--user", "alice"]).status == 69)
    }
}
