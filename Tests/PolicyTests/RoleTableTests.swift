import GatehouseCore
import Policy
import Testing

@Suite("Role table")
struct RoleTableTests {
    private func subject(_ groups: [String] = [], _ attributes: [String: [String]] = [:]) -> Subject {
        Subject(
            id: SubjectID(realm: "staff", immutableID: "1"),
            user: "alice",
            attributes: attributes,
            groups: Set(groups.compactMap { DistinguishedName($0) })
        )
    }

    private func group(_ text: String) throws -> Set<DistinguishedName> {
        [try #require(DistinguishedName(text))]
    }

    @Test("a group gives its role, however its name is spelt, and no other group does")
    func groups() throws {
        let table = RoleTable([
            RoleDefinition(name: "admin", groups: try group(#"cn=admin\2C all,dc=test"#), permissions: ["all"])
        ])
        #expect(table.grants(for: subject([#"CN=Admin\, All, DC=Test"#])).roles == ["admin"])
        for other in [
            #"cn=admin\, all-readonly,dc=test"#, "cn=admin,dc=test", #"cn=admin\, all,dc=test,dc=evil"#,
            "cn=admin,cn=all,dc=test",
        ] {
            #expect(table.grants(for: subject([other])) == Grants(roles: [], relations: [], permissions: []))
        }
    }

    @Test("includes are followed to the end, through loops, each role once and in the order of the table")
    func includes() {
        let table = RoleTable([
            RoleDefinition(name: "c", relation: "x", includes: ["a"], permissions: ["p3", "p1"]),
            RoleDefinition(name: "b", relation: "y", includes: ["c", "b"], permissions: ["p2"]),
            RoleDefinition(
                name: "a",
                relation: "x",
                attribute: .init(name: "kind", equals: "a"),
                includes: ["b", "gone"],
                permissions: ["p1"]
            ),
            RoleDefinition(name: "d", includes: ["a"], permissions: ["p4"]),
        ])
        let grants = table.grants(for: subject([], ["kind": ["a"]]))
        #expect(grants == Grants(roles: ["c", "b", "a"], relations: ["x", "y"], permissions: ["p3", "p1", "p2"]))
        #expect(table.index(of: "d") == 3 && table.index(of: "gone") == nil)
    }

    @Test("including a role does not give the including one")
    func oneWay() {
        let table = RoleTable([
            RoleDefinition(name: "admin", includes: ["user"], permissions: ["write"]),
            RoleDefinition(name: "user", attribute: .init(name: "kind", equals: "user"), permissions: ["read"]),
        ])
        #expect(
            table.grants(for: subject([], ["kind": ["user"]]))
                == Grants(roles: ["user"], relations: [], permissions: ["read"])
        )
    }

    @Test(
        "an attribute is compared as a whole and without regard to case",
        arguments: [
            (["manager"], true), (["MANAGER"], true), (["clerk", "Manager"], true), (["managers"], false),
            (["manage"], false),
            (["manager "], false), ([""], false), ([], false),
        ]
    )
    func attributes(values: [String], isHeld: Bool) {
        let table = RoleTable([RoleDefinition(name: "m", attribute: .init(name: "EmployeeType", equals: "Manager"))])
        #expect(table.grants(for: subject([], ["employeetype": values])).roles == (isHeld ? ["m"] : []))
    }

    @Test("without group and attribute nobody holds a role")
    func nothing() {
        #expect(RoleTable([RoleDefinition(name: "x")]).grants(for: subject(["cn=x"], ["x": ["x"]])).roles.isEmpty)
    }
}
