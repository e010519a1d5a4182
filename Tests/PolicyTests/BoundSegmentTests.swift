import GatehouseCore
import Policy
import Testing

@Suite("Segments bound to a person")
struct BoundSegmentTests {
    private func outcome(
        _ path: String,
        _ organization: [String]?,
        kind: String = "user",
        rule: String = "/partners/{organization}/**",
        encodedSlash: AppPolicy.EncodedSlash = .refuse
    ) throws -> Outcome {
        let rule = try PolicyFixture.rule(
            rule,
            any: [Demand(roles: ["user"]), Demand(roles: ["desk"], unbound: true)]
        )
        let table = PolicyFixture.table([try PolicyFixture.app(encodedSlash: encodedSlash, [rule])])
        return table.outcome(path, PolicyFixture.person(kind: kind, organization: organization))
    }

    private let permitted = Outcome.permit(app: 0, rule: 0, isPublic: false)
    private let unbound = Outcome.deny(.boundSegment(attribute: "organization"), rule: 0)

    @Test(
        "a person passes where the segment is a value of the attribute",
        arguments: [
            ("/partners/acme", ["acme"]), ("/partners/acme/x/y", ["acme"]), ("/partners/acme/", ["other", "acme"]),
            ("/partners/a%20b", ["a b"]), ("/partners/%61cme", ["acme"]), ("/partners/M%C3%BCller", ["Müller"]),
            ("/partners/Acme", ["Acme"]),
            ("/partners/Stra%C3%9Fe", ["Straße"]), ("/partners/a%25b", ["a%b"]), ("/partners/%7Bx%7D", ["{x}"]),
            ("/partners/a%23b", ["a#b"]),
            ("/partners/%CE%A3%CE%AF%CF%82", ["Σίς"]), ("/partners/%C4%B0stanbul", ["İstanbul"]),
        ]
    )
    func own(path: String, organization: [String]) throws {
        #expect(try outcome(path, organization) == permitted)
    }

    @Test(
        "another partner's segment is denied, however it is spelt",
        arguments: [
            ("/partners/other", ["acme"]), ("/partners/ACME", ["acme"]), ("/partners/acme", ["ACME"]),
            ("/partners/acme%20", ["acme"]),
            ("/partners/acmee", ["acme"]), ("/partners/acm", ["acme"]), ("/partners/", ["acme"]), ("/partners/", [""]),
            ("/partners/acme", [""]),
            ("/partners/acme", []), ("/partners/other;acme", ["acme"]), ("/partners/other;acme", ["other;acme"]),
            ("/partners/acme%3Bx", ["acme;x"]),
            ("/partners/acme/..;/other", ["acme"]), ("/partners/other/..;/acme", ["acme"]),
            ("/partners/%252561cme", ["acme"]),
            ("/partners/mu%CC%88ller", ["müller"]), ("/partners/Strasse", ["Straße"]),
            ("/partners/acme%2520", ["acme%20x"]),
        ]
    )
    func others(path: String, organization: [String]) throws {
        #expect(try outcome(path, organization) == unbound)
    }

    @Test("without the attribute nobody passes, and without the segment no rule matches")
    func absent() throws {
        #expect(try outcome("/partners/acme", nil) == unbound)
        #expect(try outcome("/partners", ["acme"]) == .deny(.noRule, rule: nil))
        #expect(try outcome("/partners/other/../acme", ["acme"]) == permitted)
    }

    @Test("an alternative that waives the binding lets its people in everywhere")
    func waived() throws {
        #expect(try outcome("/partners/other", nil, kind: "desk") == permitted)
        #expect(try outcome("/partners/other", ["acme"], kind: "admin") == unbound)
        #expect(try outcome("/partners/acme", ["acme"], kind: "none") == .deny(.missingRole(anyOf: ["user"]), rule: 0))
    }

    @Test("every bound segment must be met")
    func several() throws {
        let rule = try PolicyFixture.rule("/{organization}/x/{uid}")
        let table = PolicyFixture.table([try PolicyFixture.app([rule])])
        let person = PolicyFixture.person(organization: ["acme"], attributes: ["uid": ["alice"]])
        #expect(table.outcome("/acme/x/alice", person).isPermit)
        #expect(table.outcome("/acme/x/bob", person) == .deny(.boundSegment(attribute: "uid"), rule: 0))
        #expect(table.outcome("/evil/x/alice", person) == .deny(.boundSegment(attribute: "organization"), rule: 0))
        #expect(table.outcome("/acme/x/alice") == .challenge(rule: 0))
    }

    @Test("an encoded slash in a segment is judged as part of it and as a separator")
    func encodedSlash() throws {
        #expect(try outcome("/partners/other%2F..%2Facme", ["acme"], encodedSlash: .keep) == unbound)
        #expect(try outcome("/partners/acme%2F..%2Fother", ["acme", "acme/../other"], encodedSlash: .keep) == unbound)
        #expect(try outcome("/partners/acme/a%2Fb", ["acme"], encodedSlash: .keep) == permitted)
    }

    @Test("a binding asks for a person even where the rule is open to anyone")
    func bindingOfAnyone() throws {
        let rule = try PolicyFixture.rule("/{organization}", nil, .anyone)
        let table = PolicyFixture.table([try PolicyFixture.app(directories: ["staff"], [rule])])
        #expect(table.outcome("/acme") == .challenge(rule: 0))
        #expect(table.outcome("/acme", PolicyFixture.person(organization: ["acme"])) == permitted)
        let stranger = PolicyFixture.person(organization: ["acme"], realm: "partners")
        #expect(table.outcome("/acme", stranger) == .deny(.otherDirectory, rule: nil))
    }
}
