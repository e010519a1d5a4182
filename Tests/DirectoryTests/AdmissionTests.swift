import GatehouseCore
import LDAPClient
import Synchronization
import TestSupport
import Testing

@testable import Directory

extension Realm {
    /// For tests about something else than limits.
    func authenticate(login: FoldedName, password: Secret) async throws(DirectoryError) -> AuthenticationResult {
        try await authenticate(login: login, password: password) { _ in true }
    }
}

@Suite("The limits of a person, asked at a directory")
struct AdmissionTests {
    @Test("between search and bind it is asked whether the person may try, and only where there is one")
    func admission() async throws {
        let directory = try await TestDirectory.start(
            ["alice", "bob", "carol"].map { uid in
                DirectoryFixture.person(uid, mail: [uid == "alice" ? "a.smith@example.test" : "shared@example.test"])
            }.joined()
        )
        let realm = try DirectoryFixture.realm(directory)
        let login = try DirectoryFixture.login("alice")
        guard
            case .authenticated(let right) = try await realm.authenticate(
                login: login,
                password: Secret(utf8: "pw-alice")
            )
        else {
            Issue.record("not signed in")
            return
        }
        for login in ["alice", "A.Smith@example.test", "nobody", "shared@example.test"] {
            for password in ["pw-alice", "wrong", ""] {
                let asked = Mutex<[SubjectID]>([])
                _ = try await realm.authenticate(
                    login: DirectoryFixture.login(login),
                    password: Secret(utf8: password)
                ) { subject in
                    asked.withLock { $0.append(subject) }
                    return true
                }
                let isOne = !password.isEmpty && (login == "alice" || login.contains("Smith"))
                #expect(asked.withLock { $0 } == (isOne ? [right.subject.id] : []), "\(login)")
            }
        }
    }

    @Test("whoever is not admitted is refused without a bind, right or wrong, and the connection serves the next")
    func notAdmitted() async throws {
        let directory = try await TestDirectory.start(DirectoryFixture.person("alice"))
        let realm = try DirectoryFixture.realm(directory) { $0.client.bindConnections = 1 }
        let login = try DirectoryFixture.login("alice")
        for password in ["pw-alice", "wrong", "pw-alice"] {
            let result = try await realm.authenticate(login: login, password: Secret(utf8: password)) { _ in false }
            guard case .rejected(let rejection) = result else {
                Issue.record("let in")
                return
            }
            #expect(rejection.reason == .throttled && rejection.reason.rawValue == "account_throttled")
            #expect(rejection.subject?.realm == "staff" && rejection.bindDuration == nil)
        }
        #expect(!directory.log.contains("BIND dn=\"\(DirectoryFixture.dn("alice"))\""))
        guard case .authenticated = try await realm.authenticate(login: login, password: Secret(utf8: "pw-alice"))
        else {
            Issue.record("not signed in")
            return
        }
    }
}
