import GatehouseCore
import Policy
import Testing

/// That a `Permit` cannot be forged or used twice is not tested here, because it does not compile: its initializer is
/// private to `Authorizer.swift`, and the type is not copyable.
@Suite("Authorizer")
struct AuthorizerTests {
    private let user = PolicyFixture.person(kind: "user")
    private let admin = PolicyFixture.person(kind: "admin")
    private let nobody = PolicyFixture.person(kind: nil)

    private func table(_ rules: [Rule]) throws -> RouteTable {
        PolicyFixture.table([try PolicyFixture.app(rules)])
    }

    private func permit(_ rule: Int, isPublic: Bool = false) -> Outcome {
        .permit(app: 0, rule: rule, isPublic: isPublic)
    }

    @Test("without a rule that matches everything is denied, also to those who could sign in")
    func defaultDeny() throws {
        #expect(try table([]).outcome("/") == .deny(.noRule, rule: nil))
        let table = try table([PolicyFixture.rule("/a", nil, .anyone)])
        #expect(table.outcome("/b") == .deny(.noRule, rule: nil))
        #expect(table.outcome("/b", admin) == .deny(.noRule, rule: nil))
    }

    @Test("the first rule that matches decides, and no later one is tried")
    func firstMatch() throws {
        let table = try table([
            PolicyFixture.rule("/a/public", nil, .anyone), PolicyFixture.rule("/a/**", roles: ["admin"]),
            PolicyFixture.rule("/**", nil, .anyone), PolicyFixture.rule("/b", nil, .nobody),
        ])
        #expect(table.outcome("/a/public") == permit(0, isPublic: true))
        #expect(table.outcome("/a/x", user) == .deny(.missingRole(anyOf: ["admin"]), rule: 1))
        #expect(table.outcome("/a/x", admin) == permit(1))
        #expect(table.outcome("/a/x") == .challenge(rule: 1))
        #expect(table.outcome("/b") == permit(2, isPublic: true))
    }

    @Test("a rule of other methods does not match")
    func methods() throws {
        let table = try table([
            PolicyFixture.rule("/**", [.options], .anyone), PolicyFixture.rule("/**", [.get, .head], roles: ["user"]),
            PolicyFixture.rule("/**", [.other], .nobody),
        ])
        #expect(table.outcome("/", method: .options) == permit(0, isPublic: true))
        #expect(table.outcome("/", user, method: .get) == permit(1))
        #expect(table.outcome("/", user, method: .head) == permit(1))
        #expect(table.outcome("/", method: .get) == .challenge(rule: 1))
        #expect(table.outcome("/", admin, method: .other) == .deny(.nobody, rule: 2))
        for method in [RequestMethod.post, .put, .delete, .patch] {
            #expect(table.outcome("/", admin, method: method) == .deny(.noRule, rule: nil))
        }
    }

    @Test("anyone, signed in and nobody mean what they say")
    func audiences() throws {
        let table = try table([
            PolicyFixture.rule("/anyone", nil, .anyone), PolicyFixture.rule("/person", nil, .signedIn),
            PolicyFixture.rule("/nobody", nil, .nobody), PolicyFixture.rule("/silent"),
        ])
        #expect(table.outcome("/anyone") == permit(0, isPublic: true))
        #expect(table.outcome("/anyone", nobody) == permit(0, isPublic: true))
        for (path, rule) in [("/person", 1), ("/silent", 3)] {
            #expect(table.outcome(path) == .challenge(rule: rule))
            #expect(table.outcome(path, nobody) == permit(rule))
        }
        #expect(table.outcome("/nobody") == .deny(.nobody, rule: 2))
        #expect(table.outcome("/nobody", admin) == .deny(.nobody, rule: 2))
    }

    @Test("all parts of a demand must be met, whatever stands beside anyone or nobody")
    func mixedAudiences() throws {
        let table = try table([
            PolicyFixture.rule("/a", nil, .anyone, roles: ["admin"]),
            PolicyFixture.rule("/b", nil, .anyone, permissions: ["write"]),
            PolicyFixture.rule("/c", nil, .nobody, roles: ["admin"]),
            PolicyFixture.rule("/d", nil, .anyone, networks: ["10.0.0.0/8"]),
        ])
        for (path, rule) in [("/a", 0), ("/b", 1)] {
            #expect(table.outcome(path) == .challenge(rule: rule))
            #expect(table.outcome(path, admin) == permit(rule))
        }
        #expect(table.outcome("/a", user) == .deny(.missingRole(anyOf: ["admin"]), rule: 0))
        #expect(table.outcome("/c", admin) == .deny(.nobody, rule: 2))
        #expect(table.outcome("/d") == .deny(.network, rule: 3))
        #expect(table.outcome("/d", from: PolicyFixture.inside) == permit(3, isPublic: true))
    }

    @Test("one of the roles is enough, and all permissions are needed")
    func rolesAndPermissions() throws {
        let table = try table([
            PolicyFixture.rule("/roles", roles: ["desk", "user"]),
            PolicyFixture.rule("/permissions", permissions: ["read", "write"]),
            PolicyFixture.rule("/both", roles: ["desk"], permissions: ["read"]),
            PolicyFixture.rule("/case", roles: ["User"]),
        ])
        #expect(table.outcome("/roles", user) == permit(0))
        #expect(table.outcome("/roles", nobody) == .deny(.missingRole(anyOf: ["desk", "user"]), rule: 0))
        #expect(table.outcome("/permissions", user) == .deny(.missingPermission("write"), rule: 1))
        #expect(table.outcome("/permissions", admin) == permit(1))
        #expect(table.outcome("/both", user) == .deny(.missingRole(anyOf: ["desk"]), rule: 2))
        #expect(table.outcome("/case", user) == .deny(.missingRole(anyOf: ["User"]), rule: 3))
    }

    @Test("where the address is not known, no demand about networks is met")
    func unknownAddress() throws {
        let table = try table([
            PolicyFixture.rule("/a", nil, .anyone, networks: ["0.0.0.0/0", "::/0"]),
            PolicyFixture.rule("/b", nil, .anyone),
        ])
        #expect(table.outcome("/a", from: nil) == .deny(.network, rule: 0))
        #expect(table.outcome("/b", from: nil) == .permit(app: 0, rule: 1, isPublic: true))
    }

    @Test("the wrong network denies before anybody is asked to sign in")
    func networks() throws {
        let table = try table([
            PolicyFixture.rule("/a", roles: ["user"], networks: ["192.0.2.0/24", "10.0.0.0/8"]),
            PolicyFixture.rule("/b", networks: ["10.0.0.0/8"]),
            PolicyFixture.rule(
                "/c",
                networks: ["10.0.0.0/8"],
                any: [Demand(audience: .anyone), Demand(roles: ["user"])]
            ),
        ])
        for (path, rule) in [("/a", 0), ("/b", 1), ("/c", 2)] {
            #expect(table.outcome(path) == .deny(.network, rule: rule))
            #expect(table.outcome(path, user) == .deny(.network, rule: rule))
            #expect(table.outcome(path, user, from: PolicyFixture.inside).isPermit)
        }
        #expect(table.outcome("/a", from: PolicyFixture.inside) == .challenge(rule: 0))
        #expect(table.outcome("/b", from: PolicyFixture.inside) == .challenge(rule: 1))
    }

    @Test("of alternatives one must be met, besides the rule's own demand")
    func alternatives() throws {
        let inside = Demand(networks: ["10.0.0.0/8"].compactMap { Network($0) })
        let table = try table([
            PolicyFixture.rule("/a", any: [Demand(roles: ["admin"]), Demand(roles: ["desk"])]),
            PolicyFixture.rule("/b", roles: ["user"], any: [Demand(permissions: ["write"]), inside]),
            PolicyFixture.rule("/c", any: [Demand(roles: ["admin"]), Demand(audience: .anyone)]),
            PolicyFixture.rule("/d", nil, .nobody, any: [Demand(audience: .anyone)]),
            PolicyFixture.rule("/e", any: [Demand(audience: .nobody), inside]),
            PolicyFixture.rule("/f", nil, .signedIn, any: [Demand(audience: .anyone)]),
        ])
        #expect(table.outcome("/a", admin) == permit(0))
        #expect(table.outcome("/a", PolicyFixture.person(kind: "desk")) == permit(0))
        #expect(table.outcome("/a", user) == .deny(.missingRole(anyOf: ["admin"]), rule: 0))
        #expect(table.outcome("/a") == .challenge(rule: 0))
        #expect(table.outcome("/b", user) == .deny(.missingPermission("write"), rule: 1))
        #expect(table.outcome("/b", user, from: PolicyFixture.inside) == permit(1))
        #expect(table.outcome("/b", admin) == permit(1))
        #expect(
            table.outcome("/b", PolicyFixture.person(kind: "desk"), from: PolicyFixture.inside)
                == .deny(.missingRole(anyOf: ["user"]), rule: 1)
        )
        #expect(table.outcome("/c") == permit(2, isPublic: true))
        #expect(table.outcome("/d", admin) == .deny(.nobody, rule: 3))
        #expect(table.outcome("/e", user) == .deny(.nobody, rule: 4))
        #expect(table.outcome("/e", user, from: PolicyFixture.inside) == permit(4))
        #expect(table.outcome("/e", from: PolicyFixture.inside) == .challenge(rule: 4))
        #expect(table.outcome("/f") == .challenge(rule: 5))
        #expect(table.outcome("/f", nobody) == permit(5))
    }

    @Test("a person of another directory is a stranger: only what is open to everybody is open to them")
    func otherDirectory() throws {
        let rules = [
            try PolicyFixture.rule("/open", nil, .anyone),
            try PolicyFixture.rule("/any", any: [Demand(roles: ["user"]), Demand(audience: .anyone)]),
            try PolicyFixture.rule("/**", nil, .signedIn),
        ]
        let table = PolicyFixture.table([try PolicyFixture.app(directories: ["staff"], rules)])
        let stranger = PolicyFixture.person(kind: "user", realm: "partners")
        #expect(table.outcome("/open", stranger) == permit(0, isPublic: true))
        #expect(table.outcome("/any", stranger) == permit(1, isPublic: true))
        #expect(table.outcome("/x", stranger) == .deny(.otherDirectory, rule: nil))
        #expect(
            table.outcome("/x", PolicyFixture.person(kind: "user", realm: "STAFF")) == .deny(.otherDirectory, rule: nil)
        )
        #expect(table.outcome("/x", user) == permit(2))
    }

    @Test("a public rule does not open the path of a protected one in another reading")
    func protectedReading() throws {
        let table = PolicyFixture.table([
            try PolicyFixture.app(
                encodedSlash: .keep,
                [
                    PolicyFixture.rule("/admin/**", roles: ["admin"]), PolicyFixture.rule("/internal/**", nil, .nobody),
                    PolicyFixture.rule("/**", nil, .anyone),
                ]
            )
        ])
        for path in [
            "/ADMIN", "/Admin/x", "/admin;a", "/x/..;/admin", "/;/admin", "/x%2F..%2Fadmin", "/%2Fadmin",
            "/ADM%C4%B0N;x",
        ] {
            #expect(table.outcome(path) == .challenge(rule: 0), "\(path)")
            #expect(table.outcome(path, user) == .deny(.missingRole(anyOf: ["admin"]), rule: 0), "\(path)")
            #expect(table.outcome(path, admin) == permit(0), "\(path)")
        }
        #expect(table.outcome("/INTERNAL", admin) == .deny(.nobody, rule: 1))
        // Denied in one reading and a challenge in another: nobody is asked to sign in for nothing.
        #expect(table.outcome("/ADMIN/..;/internal") == .deny(.nobody, rule: 1))
        #expect(table.outcome("/Public") == permit(2, isPublic: true))
    }

    @Test("a protected rule that names capitals is not left through the public reading in small letters")
    func publicReading() throws {
        let table = try table([PolicyFixture.rule("/ADMIN", roles: ["admin"]), PolicyFixture.rule("/**", nil, .anyone)])
        #expect(table.outcome("/admin") == .challenge(rule: 0))
        #expect(table.outcome("/ADMIN") == .challenge(rule: 0))
    }

    @Test("a path that belongs to two apps of one host, by its readings, is denied")
    func ambiguousPath() throws {
        let open = [try PolicyFixture.rule("/**", nil, .anyone)]
        let table = PolicyFixture.table([
            try PolicyFixture.app("crm", paths: ["/crm"], encodedSlash: .keep, open),
            try PolicyFixture.app("wiki", paths: ["/wiki"], open),
            try PolicyFixture.app("rest", open),
        ])
        #expect(table.outcome("/crm/x") == .permit(app: 0, rule: 0, isPublic: true))
        #expect(table.outcome("/wiki") == .permit(app: 1, rule: 0, isPublic: true))
        #expect(table.outcome("/crmx") == .permit(app: 2, rule: 0, isPublic: true))
        for path in [
            "/CRM/x", "/crm/..;/wiki", "/x/..;/wiki", "/crm%3B/x", "/;/crm", "/crm/x%2F..%2F..%2Fwiki", "/crm;x",
        ] {
            #expect(table.outcome(path, admin) == .deny(.ambiguousPath, rule: nil), "\(path)")
        }
        #expect(table.outcome("/crm/A;b") == .permit(app: 0, rule: 0, isPublic: true))
        #expect(table.outcome("/crm/../wiki") == .permit(app: 1, rule: 0, isPublic: true))
    }

    @Test("the same question under the same table has the same answer")
    func pure() throws {
        let table = try table([PolicyFixture.rule("/**", roles: ["user"])])
        #expect(table.outcome("/A;b", user) == table.outcome("/A;b", user))
    }
}
