import GatehouseCore
import LDAPClient
import TestSupport
import Testing

@Suite("Searches and binds")
struct OperationTests {
    private static let shared = Task {
        let referral = """
            dn: ou=elsewhere,dc=example,dc=test
            objectClass: referral
            objectClass: extensibleObject
            ou: elsewhere
            ref: ldap://127.0.0.1:1/ou=elsewhere,dc=example,dc=test

            """
        return try await TestDirectory.start(TestPeople.ldif(40) + "\n" + referral)
    }

    private func servers() async throws -> LDAPServerGroup {
        var configuration = try await TestPeople.configuration(Self.shared.value.ldapURL)
        configuration.bindWaiters = 500
        return LDAPServerGroup(configuration)
    }

    private func code(_ search: LDAPSearch) async throws -> LDAPError.Code? {
        let servers = try await servers()
        return await failure { () async throws(LDAPError) in try await servers.search(search) }?.code
    }

    @Test("more entries than the limit are an error, never a shorter list")
    func sizeLimit() async throws {
        let search = LDAPSearch(
            base: "ou=people,dc=example,dc=test",
            scope: .oneLevel,
            filter: "(uid=*)",
            sizeLimit: 39
        )
        #expect(try await code(search) == .sizeLimitExceeded)
        var enough = search
        enough.sizeLimit = 40
        let servers = try await servers()
        let result = try await servers.search(enough)
        #expect(result.entries.count == 40)
        #expect(result.entries.allSatisfy { $0.attributes.isEmpty })
    }

    @Test("a base that does not exist, a bad filter and a referral are told apart")
    func resultCodes() async throws {
        var search = TestPeople.search(1)
        search.base = "ou=nowhere,dc=example,dc=test"
        #expect(try await code(search) == .noSuchObject)
        search.base = "ou=elsewhere,dc=example,dc=test"
        #expect(try await code(search) == .referral)
        search = TestPeople.search(1)
        search.filter = "(uid=user1"
        #expect(try await code(search) == .invalidConfiguration)
        search.filter = "(uid=us\0er1)"
        #expect(try await code(search) == .invalidConfiguration)
    }

    @Test("a reference is a fact of the result and is not followed")
    func references() async throws {
        var search = TestPeople.search(1)
        search.base = "dc=example,dc=test"
        let result = try await servers().search(search)
        #expect(result.entries.count == 1)
        #expect(result.references.count == 1)
    }

    @Test("a connection survives a search that was refused")
    func usableAfterResultCode() async throws {
        let directory = try await TestDirectory.start(TestPeople.ldif(2))
        var configuration = try TestPeople.configuration(directory.ldapURL)
        configuration.searchConnections = 1
        let servers = LDAPServerGroup(configuration)
        var missing = TestPeople.search(1)
        missing.base = "ou=nowhere,dc=example,dc=test"
        _ = await failure { () async throws(LDAPError) in try await servers.search(missing) }
        _ = try await servers.search(TestPeople.search(1))
        await servers.shutdown()
        #expect(directory.log.split(separator: "\n").count { $0.contains(" BIND ") && $0.contains("mech=SIMPLE") } == 1)
    }

    @Test("an empty password or name never leaves the machine")
    func emptyPassword() async throws {
        let server = FakeServer([.mute])
        defer { server.stop() }
        let servers = try LDAPServerGroup(TestPeople.configuration("ldap://127.0.0.1:\(server.port)"))
        for (dn, password) in [(TestPeople.dn(1), ""), ("", "secret")] {
            let error = await failure { () async throws(LDAPError) in
                try await servers.bind(dn: dn, password: Secret(utf8: password))
            }
            #expect(error?.code == .invalidConfiguration)
        }
        #expect(server.received.isEmpty)
    }

    @Test("a malformed policy control makes a success no success")
    func malformedControl() async throws {
        let server = FakeServer([.read, .send(Wire.bindResponseWithBadControl(1)), .mute])
        defer { server.stop() }
        let servers = try LDAPServerGroup(TestPeople.configuration("ldap://127.0.0.1:\(server.port)"))
        let error = await failure { () async throws(LDAPError) in
            try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
        }
        #expect(error?.code == .protocolError)
    }

    @Test("the password goes out byte for byte, with the request for policy controls")
    func passwordBytes() async throws {
        let server = FakeServer([.read, .send(Wire.bindResponse(1, code: 49)), .mute])
        defer { server.stop() }
        let servers = try LDAPServerGroup(TestPeople.configuration("ldap://127.0.0.1:\(server.port)"))
        let password = Array(" \u{1E9B}\u{0323} e\u{301}\t ".utf8)
        let outcome = try await servers.bind(dn: TestPeople.dn(1), password: Secret(password))
        #expect(outcome.resultCode == 49 && !outcome.isClean)
        let sent = try #require(server.received.first)
        #expect(contains(sent, [0x80, UInt8(password.count)] + password))
        #expect(contains(sent, Array("1.3.6.1.4.1.42.2.27.8.5.1".utf8)))
    }

    private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: part) }
    }

    @Test("after a failed bind the connection is never used again; after a good one it is")
    func failedBindDiscards() async throws {
        let directory = try await TestDirectory.start(TestPeople.ldif(4))
        let servers = try LDAPServerGroup(TestPeople.configuration(directory.ldapURL))
        for number in 0..<4 {
            #expect(try await servers.bind(dn: TestPeople.dn(number), password: TestPeople.password(number)).isClean)
            #expect(try await !servers.bind(dn: TestPeople.dn(number), password: Secret(utf8: "wrong")).isClean)
        }
        await servers.shutdown()
        try await directory.stop()
        var failed: Set<Substring> = []
        var binds = 0
        for line in directory.log.split(separator: "\n") {
            guard let connection = line.split(separator: " ").first(where: { $0.hasPrefix("conn=") }) else { continue }
            if line.contains(" BIND ") && line.contains("method=128") {
                binds += 1
                #expect(!failed.contains(connection))
            }
            if line.contains("err=49") { failed.insert(connection) }
        }
        #expect(binds == 8 && failed.count == 4)
    }

    @Test("five hundred right and wrong binds at once are never taken for each other")
    func parallelBinds() async throws {
        let servers = try await servers()
        let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let person = number % 40
                    let isRight = number % 3 != 0
                    // A wrong password is the right one of somebody else.
                    let password = TestPeople.password(isRight ? person : (person + 1) % 40)
                    let deadline = ContinuousClock.now + .seconds(30)
                    let outcome = try await servers.bind(
                        dn: TestPeople.dn(person),
                        password: password,
                        deadline: deadline
                    )
                    return outcome.isClean == isRight
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 0 : 1 }
        }
        #expect(wrong == 0)
    }

    @Test("many searches at once each get their own answer")
    func parallelSearches() async throws {
        let servers = try await servers()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                group.addTask {
                    let deadline = ContinuousClock.now + .seconds(30)
                    let result = try await servers.search(TestPeople.search(number % 40), deadline: deadline)
                    #expect(result.entries.map(\.dn) == [TestPeople.dn(number % 40)])
                }
            }
            try await group.waitForAll()
        }
    }
}
