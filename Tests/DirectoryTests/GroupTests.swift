import Directory
import GatehouseCore
import LDAPClient
import TestSupport
import Testing

@Suite("Groups")
struct GroupTests {
    private static let odd = "cn=R&D (Ops)\\, \\\"north\\\" *,ou=groups,dc=example,dc=test"

    private static let shared = Task {
        try await TestDirectory.start(
            DirectoryFixture.people,
            online: DirectoryFixture.groups,
            options: DirectoryFixture.options()
        )
    }
    /// The same groups, where nothing keeps `memberOf`.
    private static let plain = Task {
        try await TestDirectory.start(
            DirectoryFixture.person("alice") + DirectoryFixture.person("bob") + DirectoryFixture.groups
                + DirectoryFixture.group("uniques", [DirectoryFixture.dn("alice")], unique: true)
                + DirectoryFixture.group("above uniques", [DirectoryFixture.groupDN("uniques")], unique: true)
        )
    }

    private func groups(_ login: String, of realm: Realm) async throws -> Set<DistinguishedName> {
        let lookups = try await realm.person(login: DirectoryFixture.login(login))
        return Set(try #require(lookups.first).groupPaths.map(\.group))
    }

    private func names(_ texts: [String]) throws -> Set<DistinguishedName> {
        Set(try texts.map { try DirectoryFixture.name($0) })
    }

    @Test(
        "nested groups are found through a loop and names of any shape, by either kind of membership",
        arguments: RealmConfiguration.Membership.allCases
    )
    func nested(membership: RealmConfiguration.Membership) async throws {
        let realm = try await DirectoryFixture.realm(Self.shared.value, membership: membership)
        let expected = try names(
            ["staff", "parents", "loop", "Köln"].map(DirectoryFixture.groupDN) + [Self.odd]
        )
        #expect(try await groups("alice", of: realm) == expected)
        #expect(try await groups("jsmith", of: realm) == expected)
        #expect(try await groups("zoe", of: realm).isEmpty)
    }

    @Test("without nesting only direct groups count", arguments: RealmConfiguration.Membership.allCases)
    func direct(membership: RealmConfiguration.Membership) async throws {
        let realm = try await DirectoryFixture.realm(Self.shared.value, membership: membership, nested: false)
        #expect(try await groups("alice", of: realm) == names([DirectoryFixture.groupDN("staff")]))
    }

    @Test("where there is no memberOf, auto asks the groups, groupOfUniqueNames too")
    func automatic() async throws {
        let realm = try await DirectoryFixture.realm(Self.plain.value, membership: .auto)
        let expected = try names(
            ["staff", "parents", "loop", "Köln", "uniques", "above uniques"].map(DirectoryFixture.groupDN) + [Self.odd]
        )
        #expect(try await groups("alice", of: realm) == expected)
    }

    @Test("the way to each group is told")
    func paths() async throws {
        let realm = try await DirectoryFixture.realm(Self.shared.value)
        let lookups = try await realm.person(login: DirectoryFixture.login("alice"))
        let paths = try #require(lookups.first).groupPaths
        let far = try DirectoryFixture.name(DirectoryFixture.groupDN("Köln"))
        let steps = try #require(paths.first { $0.group == far }).steps
        #expect(
            steps == [
                try DirectoryFixture.name(DirectoryFixture.groupDN("staff")),
                try DirectoryFixture.name(DirectoryFixture.groupDN("parents")),
                try DirectoryFixture.name(Self.odd), far,
            ]
        )
        #expect(paths.filter(\.isDirect).map(\.group) == [steps[0]])
    }

    @Test("a sign-in keeps the groups that are named, however they are spelt, and no others")
    func named() async throws {
        let realm = try await DirectoryFixture.realm(Self.shared.value) {
            $0.namedGroups = [
                try DirectoryFixture.name("CN=staff, OU=Groups,DC=example,DC=test"),
                try DirectoryFixture.name("cn=r&d (ops)\\2C \\22NORTH\\22 *,ou=groups,dc=example,dc=test"),
                try DirectoryFixture.name(DirectoryFixture.groupDN("unrelated")),
            ]
        }
        let result = try await realm.authenticate(
            login: DirectoryFixture.login("alice"),
            password: Secret(utf8: "pw-alice")
        )
        guard case .authenticated(let person) = result else {
            Issue.record("rejected")
            return
        }
        #expect(person.subject.groups == (try names([DirectoryFixture.groupDN("staff"), Self.odd])))
    }

    @Test("a realm without groups asks for none")
    func none() async throws {
        let realm = try await DirectoryFixture.realm(Self.shared.value, membership: nil)
        #expect(try await groups("alice", of: realm).isEmpty)
    }

    @Test("many groups at once are asked for in batches")
    func many() async throws {
        var ldif = DirectoryFixture.person("alice")
        for number in 0..<130 {
            ldif += DirectoryFixture.group("g\(number)", [DirectoryFixture.dn("alice")])
            ldif += DirectoryFixture.group("h\(number)", [DirectoryFixture.groupDN("g\(number)")])
        }
        let directory = try await TestDirectory.start(ldif)
        let last = try DirectoryFixture.name(DirectoryFixture.groupDN("h129"))
        let realm = try DirectoryFixture.realm(directory, membership: .member) { $0.namedGroups = [last] }
        let mark = directory.logMark
        let result = try await realm.authenticate(
            login: DirectoryFixture.login("alice"),
            password: Secret(utf8: "pw-alice")
        )
        guard case .authenticated(let person) = result else {
            Issue.record("rejected")
            return
        }
        #expect(person.subject.groups == [last])
        await realm.shutdown()
        try await directory.stop()
        // One for the person, one for the direct groups, three for their parents, three for the parents' parents.
        #expect(directory.logSince(mark).split(separator: "\n").count { $0.contains(" SRCH base=") } == 8)
    }

    @Test("groups nested too deep are an error, not a shorter list")
    func tooDeep() async throws {
        var ldif = DirectoryFixture.person("alice") + DirectoryFixture.group("d0", [DirectoryFixture.dn("alice")])
        for number in 1..<40 {
            ldif += DirectoryFixture.group("d\(number)", [DirectoryFixture.groupDN("d\(number - 1)")])
        }
        let directory = try await TestDirectory.start(ldif)
        let realm = try DirectoryFixture.realm(directory)
        let error = await #expect(throws: DirectoryError.self) {
            try await realm.authenticate(login: DirectoryFixture.login("alice"), password: Secret(utf8: "pw-alice"))
        }
        #expect(error?.code == .tooManyGroups)
    }

    @Test("more groups than the server hands out are an error, not a shorter list")
    func serverLimit() async throws {
        var options = TestDirectory.Options()
        options.databaseLines = ["sizelimit 5"]
        let ldif = (0..<6).map { DirectoryFixture.group("g\($0)", [DirectoryFixture.dn("alice")]) }.joined()
        let directory = try await TestDirectory.start(DirectoryFixture.person("alice") + ldif, options: options)
        let realm = try DirectoryFixture.realm(directory)
        let error = await #expect(throws: DirectoryError.self) {
            try await realm.authenticate(login: DirectoryFixture.login("alice"), password: Secret(utf8: "pw-alice"))
        }
        #expect(error?.code == .tooManyGroups)
    }
}
