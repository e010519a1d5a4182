import Directory
import GatehouseCore
import LDAPClient
import TestSupport
import Testing

@Suite("Looking people up")
struct PeopleTests {
    private func start(_ options: TestDirectory.Options = DirectoryFixture.options()) async throws -> TestDirectory {
        try await TestDirectory.start(DirectoryFixture.people, online: DirectoryFixture.groups, options: options)
    }

    private func found(_ realm: Realm, _ login: String) async throws -> Person {
        let lookups = try await realm.person(login: DirectoryFixture.login(login))
        return try #require(lookups.first?.person)
    }

    @Test("explaining a name shows everybody who has it, and sends no bind as them")
    func explain() async throws {
        let directory = try await start()
        let realm = try DirectoryFixture.realm(directory)
        #expect(try await realm.person(login: DirectoryFixture.login("nobody")).isEmpty)
        let alice = try await realm.person(login: DirectoryFixture.login("alice"))
        #expect(alice.count == 1 && alice[0].problem == nil && alice[0].person?.subject.user == "alice")
        let shared = try await realm.person(login: DirectoryFixture.login("shared@example.test"))
        #expect(Set(shared.map(\.dn)) == [DirectoryFixture.dn("bob"), DirectoryFixture.dn("carol")])
        #expect(shared.allSatisfy { $0.problem == .ambiguousName })
        let nameless = try await realm.person(login: DirectoryFixture.login("nouid@example.test"))
        #expect(nameless.map(\.problem) == [.noUserValue] && nameless[0].person == nil)
        await realm.shutdown()
        try await directory.stop()
        #expect(!directory.log.contains("BIND dn=\"uid="))
    }

    @Test("a person is read again by the id after a rename, with what is new")
    func renamed() async throws {
        let directory = try await start()
        let realm = try DirectoryFixture.realm(directory)
        let before = try await found(realm, "bob")
        try await directory.ldapmodify(
            """
            dn: \(DirectoryFixture.dn("bob"))
            changetype: modrdn
            newrdn: uid=robert
            deleteoldrdn: 1
            """
        )
        guard case .found(let after) = try await realm.person(id: before.subject.id) else {
            Issue.record("not found")
            return
        }
        #expect(after.subject.id == before.subject.id)
        #expect(after.subject.user == "robert")
        #expect(after.dn == DirectoryFixture.dn("robert"))
    }

    @Test("a deleted person is gone, on proof")
    func deleted() async throws {
        let directory = try await start()
        let realm = try DirectoryFixture.realm(directory)
        let person = try await found(realm, "bob")
        try await directory.ldapmodify("dn: \(DirectoryFixture.dn("bob"))\nchangetype: delete\n")
        #expect(try await realm.person(id: person.subject.id) == .gone)
    }

    @Test("somebody whom the filter does not admit any more is excluded, not gone")
    func excluded() async throws {
        let directory = try await start()
        let realm = try DirectoryFixture.realm(directory) {
            $0.users.filter = "(&(objectClass=inetOrgPerson)(employeeType=staff)(uid={login}))"
        }
        let person = try await found(realm, "alice")
        try await directory.ldapmodify(
            "dn: \(DirectoryFixture.dn("alice"))\nchangetype: modify\nreplace: employeeType\nemployeeType: former\n"
        )
        #expect(try await realm.person(id: person.subject.id) == .excluded)
    }

    @Test("a disabled account is found, and said to be disabled")
    func disabled() async throws {
        let directory = try await start()
        let realm = try DirectoryFixture.realm(directory)
        let person = try await found(realm, "alice")
        #expect(!person.isDisabled)
        try await directory.ldapmodify(
            "dn: \(DirectoryFixture.dn("alice"))\nchangetype: modify\nadd: pwdAccountLockedTime\n"
                + "pwdAccountLockedTime: 000001010000Z\n"
        )
        guard case .found(let after) = try await realm.person(id: person.subject.id) else {
            Issue.record("not found")
            return
        }
        #expect(after.isDisabled)
    }

    @Test("an account that lost its rights, or a server that is away, proves nothing about anybody")
    func unknown() async throws {
        let directory = try await start()
        let realm = try DirectoryFixture.realm(directory)
        let person = try await found(realm, "alice")
        // The service account may still bind, and sees nothing: the rules name it by its DN.
        let other = "cn=blind,ou=services,dc=example,dc=test"
        try await directory.ldapadd(
            "dn: \(other)\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\n"
                + "cn: blind\nuserPassword: blind\n"
        )
        let blind = try DirectoryFixture.realm(directory) {
            $0.client.identity = .simple(dn: other, password: Secret(utf8: "blind"))
        }
        await #expect(throws: DirectoryError.self) { try await blind.person(id: person.subject.id) }
        directory.kill()
        let error = await #expect(throws: DirectoryError.self) { try await realm.person(id: person.subject.id) }
        #expect(error?.code == .unavailable)
    }

    @Test("an id of another realm, or no id at all, is nobody here")
    func strangeIDs() async throws {
        let directory = try await start()
        let realm = try DirectoryFixture.realm(directory)
        await #expect(throws: DirectoryError.self) {
            try await realm.person(id: SubjectID(realm: "partners", immutableID: "x"))
        }
        let absent = SubjectID(realm: "staff", immutableID: "00000000-0000-0000-0000-000000000000")
        #expect(try await realm.person(id: absent) == .gone)
        // A server would answer what is no id with "nobody": that proves nothing.
        for text in ["*)(uid=*", "", "00000000-0000-0000-0000-00000000000g"] {
            await #expect(throws: DirectoryError.self) {
                try await realm.person(id: SubjectID(realm: "staff", immutableID: text))
            }
        }
    }

    @Test("a probe names each server and what is wrong with it")
    func probe() async throws {
        let directory = try await start()
        let realm = try DirectoryFixture.realm(directory)
        #expect(await realm.probe().map(\.problem?.code) == [nil])
        directory.kill()
        #expect(await realm.probe().map(\.problem?.code) == [.unavailable])
    }
}
