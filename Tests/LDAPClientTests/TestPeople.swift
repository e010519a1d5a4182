import GatehouseCore
import LDAPClient
import TestSupport
import Testing

/// Entries and configurations that the tests of this target share.
enum TestPeople {
    static func ldif(_ count: Int) -> String {
        (0..<count).map { number in
            """
            dn: uid=user\(number),ou=people,dc=example,dc=test
            objectClass: inetOrgPerson
            uid: user\(number)
            cn: User \(number)
            sn: \(number)
            userPassword: secret-\(number)

            """
        }.joined(separator: "\n")
    }

    static func dn(_ number: Int) -> String { "uid=user\(number),ou=people,dc=example,dc=test" }
    static func password(_ number: Int) -> Secret { Secret(utf8: "secret-\(number)") }

    static let service = LDAPBindIdentity.simple(
        dn: TestDirectory.serviceDN,
        password: Secret(utf8: TestDirectory.servicePassword)
    )

    static func search(_ number: Int) -> LDAPSearch {
        LDAPSearch(
            base: "ou=people,dc=example,dc=test",
            scope: .subtree,
            filter: "(uid=user\(number))",
            attributes: ["cn", "entryUUID"],
            sizeLimit: 2
        )
    }

    static func configuration(
        _ urls: [String],
        startTLS: Bool = false,
        identity: LDAPBindIdentity = service
    ) throws -> LDAPClientConfiguration {
        let endpoints = try urls.map { try #require(LDAPEndpoint($0, startTLS: startTLS)) }
        var configuration = LDAPClientConfiguration(endpoints: endpoints, identity: identity)
        configuration.certificateAuthorityFile = TestCertificates.shared.authority
        // Tests that are not about time shall not fail on a busy machine.
        configuration.connectTimeout = .seconds(10)
        configuration.operationTimeout = .seconds(20)
        return configuration
    }

    static func configuration(_ url: String, startTLS: Bool = false, identity: LDAPBindIdentity = service) throws
        -> LDAPClientConfiguration
    {
        try configuration([url], startTLS: startTLS, identity: identity)
    }
}

/// The error of a failing call, or an issue.
func failure<Value: Sendable>(_ body: () async throws(LDAPError) -> Value) async -> LDAPError? {
    do throws(LDAPError) {
        let value = try await body()
        Issue.record("succeeded with \(value)")
        return nil
    } catch {
        return error
    }
}
