import Directory
import GatehouseCore
import LDAPClient
import Logging
import TestSupport
import Testing

/// A directory with everybody whom the tests of this target need.
enum DirectoryFixture {
    static let people = """
        dn: cn=default,ou=policies,dc=example,dc=test
        objectClass: namedPolicy
        objectClass: pwdPolicy
        cn: default
        pwdAttribute: userPassword
        pwdLockout: TRUE
        pwdMustChange: TRUE

        dn: cn=expiring,ou=policies,dc=example,dc=test
        objectClass: namedPolicy
        objectClass: pwdPolicy
        cn: expiring
        pwdAttribute: userPassword
        pwdMaxAge: 1000
        pwdExpireWarning: 1000

        dn: cn=short,ou=policies,dc=example,dc=test
        objectClass: namedPolicy
        objectClass: pwdPolicy
        cn: short
        pwdAttribute: userPassword
        pwdMaxAge: 1

        dn: cn=grace,ou=policies,dc=example,dc=test
        objectClass: namedPolicy
        objectClass: pwdPolicy
        cn: grace
        pwdAttribute: userPassword
        pwdMaxAge: 1
        pwdGraceAuthNLimit: 3

        \(person("alice", mail: ["alice@example.test", "a.smith@example.test"], more: "employeeType: staff"))
        \(person("bob", mail: ["shared@example.test"]))
        \(person("carol", mail: ["shared@example.test"]))
        \(person("locked", more: "pwdAccountLockedTime: 000001010000Z"))
        \(person("expired", more: "pwdPolicySubentry: cn=short,ou=policies,dc=example,dc=test\npwdChangedTime: 20200101000000Z"))
        \(person("grace", more: "pwdPolicySubentry: cn=grace,ou=policies,dc=example,dc=test\npwdChangedTime: 20200101000000Z"))
        \(person("mustchange", more: "pwdReset: TRUE"))
        \(person("expiring", more: "pwdPolicySubentry: cn=expiring,ou=policies,dc=example,dc=test\npwdChangedTime: \(oneMinuteAgo)"))
        dn: cn=Smith\\, John (R&D) *,ou=people,dc=example,dc=test
        objectClass: inetOrgPerson
        uid: jsmith
        cn: Smith, John (R&D) *
        sn: Smith
        userPassword: pw-jsmith

        dn: cn=\\#1 \\"Chief\\" \\<Miles\\> O'Brien\\; Ops\\=\\+\\\\,ou=people,dc=example,dc=test
        objectClass: inetOrgPerson
        uid: chief
        cn: #1 "Chief" <Miles> O'Brien; Ops=+\\
        sn: O'Brien
        userPassword: pw-chief

        dn: cn=Zoë Müller+uid=zoe,ou=people,dc=example,dc=test
        objectClass: inetOrgPerson
        uid: zoe
        cn: Zoë Müller
        sn: Müller
        userPassword: pw-zoe

        dn: cn=山田 太郎,ou=people,dc=example,dc=test
        objectClass: inetOrgPerson
        uid: yamada
        cn: 山田 太郎
        sn: 山田
        userPassword: pw-yamada

        dn: cn=nouid,ou=people,dc=example,dc=test
        objectClass: inetOrgPerson
        cn: nouid
        sn: nouid
        mail: nouid@example.test
        userPassword: pw-nouid

        """

    /// As LDAP writes a time: the password is young, and short-lived.
    private static var oneMinuteAgo: String {
        let date = CivilDate(WallClock.system.now() + .seconds(-60))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(date.year)\(two(date.month))\(two(date.day))\(two(date.hour))\(two(date.minute))\(two(date.second))Z"
    }

    static func person(_ uid: String, mail: [String] = [], more: String = "") -> String {
        let lines =
            [
                "dn: uid=\(uid),ou=people,dc=example,dc=test", "objectClass: inetOrgPerson", "uid: \(uid)",
                "cn: The \(uid)",
                "sn: \(uid)", "userPassword: pw-\(uid)",
            ] + mail.map { "mail: \($0)" } + (more.isEmpty ? [] : [more])
        return lines.joined(separator: "\n") + "\n\n"
    }

    static func group(_ cn: String, _ members: [String], unique: Bool = false) -> String {
        let kind = unique ? "groupOfUniqueNames" : "groupOfNames"
        let attribute = unique ? "uniqueMember" : "member"
        let lines =
            ["dn: cn=\(cn),ou=groups,dc=example,dc=test", "objectClass: \(kind)"]
            + members.map { "\(attribute): \($0)" }
        return lines.joined(separator: "\n") + "\n\n"
    }

    static func dn(_ uid: String) -> String { "uid=\(uid),ou=people,dc=example,dc=test" }
    static func groupDN(_ cn: String) -> String { "cn=\(cn),ou=groups,dc=example,dc=test" }

    static func name(_ text: String) throws -> DistinguishedName { try #require(DistinguishedName(text)) }
    static func login(_ text: String) throws -> FoldedName { try #require(FoldedName(text)) }

    static let groups =
        group("staff", [dn("alice"), "cn=Smith\\, John (R&D) *,ou=people,dc=example,dc=test"])
        + group("parents", [groupDN("staff"), groupDN("loop")])
        + group("loop", [groupDN("parents")])
        + group("R&D (Ops)\\, \\\"north\\\" *", [groupDN("parents")])
        + group("Köln", [groupDN("R&D (Ops)\\2C \\22north\\22 *")])
        + group("unrelated", [dn("bob")])

    static func options() -> TestDirectory.Options {
        var options = TestDirectory.Options()
        options.passwordPolicy = true
        options.memberOf = true
        return options
    }

    static let filter = "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"

    static func configuration(
        _ directory: TestDirectory,
        membership: RealmConfiguration.Membership? = .auto,
        nested: Bool = true,
        change: (inout RealmConfiguration) throws -> Void = { _ in }
    ) throws -> RealmConfiguration {
        let endpoint = try #require(LDAPEndpoint(directory.ldapURL, startTLS: false))
        var client = LDAPClientConfiguration(
            endpoints: [endpoint],
            identity: .simple(dn: TestDirectory.serviceDN, password: Secret(utf8: TestDirectory.servicePassword))
        )
        // Tests that are not about time shall not fail on a busy machine.
        client.connectTimeout = .seconds(10)
        client.operationTimeout = .seconds(20)
        var configuration = RealmConfiguration(
            name: "staff",
            dialect: .openldap,
            client: client,
            users: .init(base: try name("ou=people,dc=example,dc=test"), filter: filter),
            groups: try membership.map {
                .init(base: try name("ou=groups,dc=example,dc=test"), membership: $0, nested: nested)
            },
            user: try Template("{uid}"),
            attributes: ["name": "cn", "email": "mail", "organization": "o"],
            extraAttributes: ["employeeType"]
        )
        try change(&configuration)
        return configuration
    }

    static func realm(
        _ directory: TestDirectory,
        membership: RealmConfiguration.Membership? = .auto,
        nested: Bool = true,
        change: (inout RealmConfiguration) throws -> Void = { _ in }
    ) throws -> Realm {
        let configuration = try configuration(directory, membership: membership, nested: nested, change: change)
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return Realm(configuration: configuration, logger: logger)
    }
}
