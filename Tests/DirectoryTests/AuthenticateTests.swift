import GatehouseCore
import LDAPClient
import TestSupport
import Testing

@testable import Directory

@Suite("Signing in at a directory")
struct AuthenticateTests {
    private static let shared = Task {
        try await TestDirectory.start(
            DirectoryFixture.people,
            online: DirectoryFixture.groups,
            options: DirectoryFixture.options()
        )
    }

    private func realm(change: (inout RealmConfiguration) throws -> Void = { _ in }) async throws -> Realm {
        try await DirectoryFixture.realm(Self.shared.value, change: change)
    }

    private func reason(_ login: String, _ password: String) async throws -> Rejection.Reason? {
        let name = try DirectoryFixture.login(login)
        switch try await realm().authenticate(login: name, password: Secret(utf8: password)) {
        case .authenticated: return nil
        case .rejected(let rejection): return rejection.reason
        }
    }

    private func person(_ login: String, _ password: String) async throws -> Person {
        let name = try DirectoryFixture.login(login)
        guard
            case .authenticated(let person) = try await realm().authenticate(
                login: name,
                password: Secret(utf8: password)
            )
        else { throw ChildProcess.Failure(description: "\(login) was rejected") }
        return person
    }

    @Test("the right password lets in, with the entry's facts")
    func right() async throws {
        let person = try await person("alice", "pw-alice")
        #expect(person.dn == DirectoryFixture.dn("alice"))
        #expect(person.subject.user == "alice")
        #expect(person.subject.name == "The alice")
        #expect(person.subject.values(of: "email") == ["alice@example.test", "a.smith@example.test"])
        #expect(person.subject.value(of: "employeetype") == "staff")
        #expect(person.subject.id.realm == "staff")
        #expect(person.subject.id.immutableID.count == 36)
        #expect(person.subject.id.immutableID == person.subject.id.immutableID.lowercased())
        #expect(person.passwordExpiresIn == nil)
    }

    @Test(
        "every spelling of a name is the same person",
        arguments: ["ALICE", " alice ", "ａｌｉｃｅ", "A.Smith@example.test"]
    )
    func spellings(login: String) async throws {
        #expect(try await person(login, "pw-alice").subject.user == "alice")
    }

    @Test("wrong, unknown and ambiguous are told apart")
    func refusals() async throws {
        #expect(try await reason("alice", "pw-bob") == .wrongPassword)
        #expect(try await reason("alice", "pw-alice ") == .wrongPassword)
        #expect(try await reason("nobody", "pw-alice") == .unknownName)
        #expect(try await reason("shared@example.test", "pw-bob") == .ambiguousName)
        #expect(try await reason("shared@example.test", "pw-carol") == .ambiguousName)
        #expect(try await reason("bob", "pw-bob") == nil)
    }

    @Test("a rejection names the person where one was found")
    func rejectedSubject() async throws {
        let right = try await person("alice", "pw-alice")
        let name = try DirectoryFixture.login("alice")
        let result = try await realm().authenticate(login: name, password: Secret(utf8: "wrong"))
        guard case .rejected(let rejection) = result else {
            Issue.record("not rejected")
            return
        }
        #expect(rejection.reason == .wrongPassword)
        #expect(rejection.subject == right.subject.id)
    }

    @Test("how long a bind took is told of a wrong password alone, without the wait for a connection")
    func bindDuration() async throws {
        func rejection(_ realm: Realm, _ login: String) async throws -> Rejection {
            let name = try DirectoryFixture.login(login)
            guard case .rejected(let rejection) = try await realm.authenticate(login: name, password: Secret(utf8: "x"))
            else { throw ChildProcess.Failure(description: "\(login) was let in") }
            return rejection
        }
        let realm = try await realm { $0.client.bindConnections = 1 }
        for login in ["locked", "nobody", "shared@example.test"] {
            #expect(try await rejection(realm, login).bindDuration == nil)
        }
        let lease = try await realm.servers.reserveBind()
        let began = ContinuousClock.now
        async let waiting = rejection(realm, "alice")
        try await Task.sleep(for: .seconds(2))
        try await lease.release()
        let duration = try #require(try await waiting.bindDuration)
        #expect(duration > .zero && duration < began.duration(to: .now) - .seconds(1))
    }

    /// A name that exists, one that nobody has, and one of two people.
    private static let names = ["alice", "nobody", "shared@example.test"]

    private func failure(_ realm: Realm, _ login: String) async throws -> DirectoryError? {
        await #expect(throws: DirectoryError.self, "\(login)") {
            try await realm.authenticate(login: DirectoryFixture.login(login), password: Secret(utf8: "wrong"))
        }
    }

    @Test("where no connection for a bind can be had, every name fails alike", arguments: [0, 4])
    func busyBinds(waiters: Int) async throws {
        let realm = try await realm {
            $0.client.bindConnections = 1
            $0.client.bindWaiters = waiters
            $0.client.operationTimeout = .seconds(4)
        }
        let lease = try await realm.servers.reserveBind()
        for login in Self.names {
            let began = ContinuousClock.now
            let error = try await failure(realm, login)
            #expect(error?.code == (waiters == 0 ? .unavailable : .timeout))
            #expect((began.duration(to: .now) >= .milliseconds(1990)) == (waiters > 0), "\(login)")
        }
        try await lease.release()
        // Twice: a lease that sent nothing is given back.
        for _ in 0..<2 {
            for (login, reason) in zip(
                Self.names,
                [.wrongPassword, .unknownName, .ambiguousName] as [Rejection.Reason]
            ) {
                let name = try DirectoryFixture.login(login)
                guard
                    case .rejected(let rejection) = try await realm.authenticate(
                        login: name,
                        password: Secret(utf8: "x")
                    )
                else { throw ChildProcess.Failure(description: "\(login) was let in") }
                #expect(rejection.reason == reason)
            }
        }
    }

    @Test("after a bind that hung, names that nobody can bind as fail like it until a bind is answered")
    func hungBinds() async throws {
        let directory = try await TestDirectory.start(DirectoryFixture.person("alice"))
        let realm = try DirectoryFixture.realm(directory) { $0.client.operationTimeout = .seconds(3) }
        func attempt(_ login: String) async throws -> AuthenticationResult {
            try await realm.authenticate(login: DirectoryFixture.login(login), password: Secret(utf8: "pw-alice"))
        }
        _ = try await attempt("alice")
        directory.suspend()
        await #expect(throws: LDAPError.self) {
            try await realm.servers.bind(dn: DirectoryFixture.dn("alice"), password: Secret(utf8: "pw-alice"))
        }
        directory.resume()
        let began = ContinuousClock.now
        #expect(try await failure(realm, "nobody")?.code == .timeout)
        #expect(began.duration(to: .now) >= .milliseconds(2990))
        guard case .authenticated = try await attempt("alice") else {
            Issue.record("not signed in")
            return
        }
        #expect(try await attempt("nobody") == .rejected(Rejection(.unknownName)))
    }

    @Test("locked, expired, grace and must-change never let in")
    func accountStates() async throws {
        #expect(try await reason("locked", "pw-locked") == .accountLocked)
        #expect(try await reason("locked", "wrong") == .accountLocked)
        #expect(try await reason("expired", "pw-expired") == .passwordExpired)
        #expect(try await reason("expired", "wrong") == .wrongPassword)
        #expect(try await reason("grace", "pw-grace") == .passwordExpired)
        #expect(try await reason("mustchange", "pw-mustchange") == .mustChangePassword)
    }

    @Test("a password that expires soon lets in, and says so")
    func expiring() async throws {
        let left = try #require(try await person("expiring", "pw-expiring").passwordExpiresIn)
        #expect(left > .seconds(800) && left <= .seconds(940))
    }

    @Test(
        "what is no password is refused before anything is sent",
        arguments: [[], [0x61, 0x00], Array(repeating: 0x61, count: 1025), [0xC3, 0x28], [0xFF]] as [[UInt8]]
    )
    func invalidPasswords(password: [UInt8]) async throws {
        let directory = try await TestDirectory.start(DirectoryFixture.person("alice"))
        let realm = try DirectoryFixture.realm(directory)
        let result = try await realm.authenticate(login: DirectoryFixture.login("alice"), password: Secret(password))
        #expect(result == .rejected(Rejection(.invalidPassword)))
        try await directory.stop()
        #expect(!directory.log.contains(" BIND ") && !directory.log.contains(" SRCH "))
    }

    @Test("a name that nobody has costs no bind")
    func unknownSendsNoBind() async throws {
        let directory = try await TestDirectory.start(DirectoryFixture.person("alice"))
        let realm = try DirectoryFixture.realm(directory)
        let result = try await realm.authenticate(login: DirectoryFixture.login("nobody"), password: Secret(utf8: "x"))
        #expect(result == .rejected(Rejection(.unknownName)))
        await realm.shutdown()
        try await directory.stop()
        let binds = directory.log.split(separator: "\n").filter { $0.contains(" BIND ") && $0.contains("method=128") }
        #expect(binds.count == 1 && binds.allSatisfy { $0.contains(TestDirectory.serviceDN) })
    }

    @Test(
        "no name reaches beyond its place in the filter",
        arguments: [
            "*", "alice*", "al*ce", "alice)(uid=*", "*)(uid=*))(|(uid=*", "alice)(&", "\\61lice", "alice\\2a",
            "alice)(|(objectClass=*", "(", ")", "\\", "x)(userPassword=*",
        ]
    )
    func injection(login: String) async throws {
        #expect(try await reason(login, "pw-alice") == .unknownName)
    }

    @Test(
        "names of any shape can sign in",
        arguments: ["jsmith", "chief", "zoe", "yamada"]
    )
    func oddNames(login: String) async throws {
        #expect(try await person(login, "pw-\(login)").subject.user == login)
        #expect(try await reason(login, "wrong") == .wrongPassword)
    }

    @Test("somebody without the user header's attribute is refused, but only after the right password")
    func noUserValue() async throws {
        #expect(try await reason("nouid@example.test", "pw-nouid") == .noUserValue)
        #expect(try await reason("nouid@example.test", "wrong") == .wrongPassword)
    }

    @Test("the user header's value follows its template, from the entry and not from what was typed")
    func userTemplate() async throws {
        let realm = try await realm { $0.user = try Template("{uid}@partners") }
        let result = try await realm.authenticate(
            login: DirectoryFixture.login("ALICE@example.test"),
            password: Secret(utf8: "pw-alice")
        )
        guard case .authenticated(let person) = result else {
            Issue.record("rejected")
            return
        }
        #expect(person.subject.user == "alice@partners")
    }

    @Test("a filter that does not depend on the name lets nobody in")
    func filterWithoutName() async throws {
        let realm = try await realm { $0.users.filter = "(uid=alice)" }
        await #expect(throws: DirectoryError.self) {
            try await realm.authenticate(login: DirectoryFixture.login("bob"), password: Secret(utf8: "pw-alice"))
        }
    }

    @Test("a base that is not there is no unknown name")
    func missingBase() async throws {
        let realm = try await realm { $0.users.base = try DirectoryFixture.name("ou=nowhere,dc=example,dc=test") }
        let error = await #expect(throws: DirectoryError.self) {
            try await realm.authenticate(login: DirectoryFixture.login("alice"), password: Secret(utf8: "pw-alice"))
        }
        #expect(error?.code == .misconfigured)
    }

    @Test("a directory that hangs is an error at the deadline, whoever asks")
    func hung() async throws {
        let directory = try await TestDirectory.start(DirectoryFixture.person("alice"))
        let realm = try DirectoryFixture.realm(directory) { $0.client.operationTimeout = .seconds(4) }
        func attempt() async throws -> AuthenticationResult {
            try await realm.authenticate(login: DirectoryFixture.login("alice"), password: Secret(utf8: "pw-alice"))
        }
        _ = try await attempt()
        directory.suspend()
        let began = ContinuousClock.now
        let error = await #expect(throws: DirectoryError.self) { try await attempt() }
        #expect(error?.code == .timeout)
        // Whoever has no deadline waits for good; how busy this machine is does not matter here.
        #expect(began.duration(to: .now) < .seconds(9))
        directory.kill()
        let gone = await #expect(throws: DirectoryError.self) { try await attempt() }
        #expect(gone?.code == .unavailable)
        try await directory.restart()
        guard case .authenticated = try await attempt() else {
            Issue.record("not signed in after the restart")
            return
        }
    }

    @Test("five hundred sign-ins at once never swap a person, right or wrong")
    func parallel() async throws {
        let people = (0..<20).map { DirectoryFixture.person("p\($0)") }.joined()
        let directory = try await TestDirectory.start(people)
        let realm = try DirectoryFixture.realm(directory, membership: nil) {
            $0.client.operationTimeout = .seconds(60)
            $0.client.bindWaiters = 500
        }
        let odd = try await withThrowingTaskGroup(of: String?.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let person = number % 20
                    let isRight = number % 2 == 0
                    let result = try await realm.authenticate(
                        login: DirectoryFixture.login("p\(person)"),
                        password: Secret(utf8: "pw-p\(isRight ? person : (person + 1) % 20)")
                    )
                    switch result {
                    case .authenticated(let found):
                        return isRight && found.subject.user == "p\(person)" ? nil : "\(number)"
                    case .rejected(let rejection):
                        return !isRight && rejection.reason == .wrongPassword ? nil : "\(number)"
                    }
                }
            }
            return try await group.reduce(into: []) { if let odd = $1 { $0.append(odd) } }
        }
        #expect(odd.isEmpty)
    }
}
