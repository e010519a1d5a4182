import TestSupport

/// A small organisation behind the real gateway: OpenLDAP with its overlays, three applications, one executable.
struct House {
    let directory: TestDirectory
    let crm: RecordingUpstream
    let partners: RecordingUpstream
    let gateway: TestGateway

    static let password = "Correct-Horse-7"

    static func open(descriptors: Int? = nil) async throws -> House {
        let directory = try await openDirectory()
        let crm = try RecordingUpstream()
        let partners = try RecordingUpstream()
        let gateway = try await TestGateway.start(
            configuration(directory, crm: crm.port, partners: partners.port) + withoutLimits,
            descriptors: descriptors
        )
        return House(directory: directory, crm: crm, partners: partners, gateway: gateway)
    }

    /// For tests that fail more often than any person.
    static let withoutLimits = """
        limits: { sign_in: { per_account: "1000/1s", per_network: "1000/1s" } }

        """

    /// The organisation behind one or more gateways that share a Redis.
    /// - Parameters:
    ///   - change: of the configuration's text.
    ///   - before: what is done to Redis before the first gateway starts.
    static func openShared(
        nodes: Int = 2,
        redis: TestRedis.Options = TestRedis.Options(),
        more: String = "",
        options: TestGateway.Options = TestGateway.Options(),
        change: (String) -> String = { $0 },
        before: (TestRedis) -> Void = { _ in }
    ) async throws -> HouseOfNodes {
        let directory = try await openDirectory()
        let redis = try await TestRedis.start(redis)
        let crm = try RecordingUpstream()
        let partners = try RecordingUpstream()
        let password = redis.options.password.map {
            ", password: { file: \"\(Secrets.folder.write($0, to: "redis-\(redis.port)"))\" }"
        }
        let configuration = change(
            Self.configuration(directory, crm: crm.port, partners: partners.port)
                + """
                redis: { url: "\(redis.url)"\(password ?? "") }
                audit: { file: audit.jsonl }
                \(more)

                """
        )
        before(redis)
        var gateways: [TestGateway] = []
        for _ in 0..<nodes {
            var options = options
            options.sharedWith = gateways.first
            gateways.append(try await TestGateway.start(configuration, options: options))
        }
        return HouseOfNodes(
            house: House(directory: directory, crm: crm, partners: partners, gateway: gateways[0]),
            redis: redis,
            gateways: gateways
        )
    }

    static func openDirectory() async throws -> TestDirectory {
        var options = TestDirectory.Options()
        options.certificate = TestCertificates.shared.server
        options.memberOf = true
        options.passwordPolicy = true
        return try await TestDirectory.start(people, online: groups, options: options)
    }

    func visitor() -> Visitor { Visitor(port: gateway.port) }

    var crmURL: String { gateway.app("crm") }
    var partnersURL: String { gateway.app("partners") }

    /// Signs a person in on the way to the CRM.
    func signedIn(_ name: String) async throws -> Visitor {
        let visitor = visitor()
        _ = try await visitor.signIn("\(crmURL)/", portal: gateway.portal, name: name, password: Self.password)
        return visitor
    }

    static func configuration(_ directory: TestDirectory, crm: UInt16, partners: UInt16) -> String {
        """
        directories:
          - name: staff
            dialect: openldap
            servers: ["\(directory.ldapsURL)"]
            tls: { ca: "\(directory.caFile)" }
            bind: { dn: "\(TestDirectory.serviceDN)", password: { file: "\(secretFile)" } }
            users: { base: "ou=people,\(TestDirectory.suffix)" }
            groups: { base: "ou=groups,\(TestDirectory.suffix)" }
        roles:
          - { name: sales, relation: customers, groups: ["cn=sales,ou=groups,\(TestDirectory.suffix)"], permissions: [leads.read] }
          - name: sales-manager
            relation: customers
            groups: ["cn=sales-managers,ou=groups,\(TestDirectory.suffix)"]
            includes: [sales]
            permissions: [leads.write]
          - { name: partner-agent, relation: partners, groups: ["cn=agents,ou=groups,\(TestDirectory.suffix)"] }
          - { name: crm-admin, relation: customers, groups: ["cn=admins,ou=groups,\(TestDirectory.suffix)"] }
        apps:
          - name: crm
            title: Customer Relations
            hosts: [crm.gw.localhost]
            upstreams: ["http://127.0.0.1:\(crm)"]
            headers: { set: { X-Organization: "{organization}", X-Remote-User: "{user}" } }
            rules:
              - { path: "/public/**", allow: anyone }
              - { path: "/**", methods: [OPTIONS], allow: anyone }
              - { path: "/admin/**", roles: [crm-admin] }
              - { path: "/**", roles: [sales] }
          - name: partners
            title: Partner Portal
            hosts: [partners.gw.localhost]
            upstreams: ["http://127.0.0.1:\(partners)"]
            launch: "/partners/{organization}/"
            rules:
              - { path: "/partners/{organization}/**", roles: [partner-agent] }
        sessions: { idle: 15m, absolute: 8h }

        """
    }

    /// Written once: a gateway that starts meanwhile must not find it empty.
    private static let secretFile = Secrets.folder.write(TestDirectory.servicePassword + "\n", to: "ldap")

    private enum Secrets {
        static let folder = TemporaryFolder()
    }
}

/// The same organisation with several nodes in front of it.
struct HouseOfNodes {
    let house: House
    let redis: TestRedis
    let gateways: [TestGateway]

    /// The CRM as one node serves it. Cookies go by host, so whoever is signed in on one node is so on all.
    func crm(_ node: Int) -> String { gateways[node].app("crm") }

    /// Somebody whose browser comes to this node, whatever the port in an address is.
    func visitor(_ node: Int = 0) -> Visitor { Visitor(port: gateways[node].port) }
}

extension House {
    static let people = """
        dn: cn=default,ou=policies,dc=example,dc=test
        objectClass: namedPolicy
        objectClass: pwdPolicy
        cn: default
        pwdAttribute: userPassword
        pwdLockout: TRUE
        pwdMaxFailure: 50

        \(person("alice", "Alice Adams", "Nordwind"))
        \(person("bob", "Bob Brown", "Nordwind"))
        \(person("carol", "Carol Clark", "Nordwind"))
        \(person("dora", "Dora Dunn", "Nordwind", extra: "pwdAccountLockedTime: 000001010000Z\n"))
        \(person("pia", "Pia Partner", "brightline"))
        \(person("zoe", "Zoë Müller-Ñúñez", "Nordwind"))
        """

    static let groups = """
        \(group("sales", ["uid=alice,ou=people", "uid=zoe,ou=people", "cn=sales-managers,ou=groups"]))
        \(group("sales-managers", ["uid=bob,ou=people"]))
        \(group("agents", ["uid=pia,ou=people"]))
        \(group("admins", ["uid=dora,ou=people"]))
        """

    private static func person(_ uid: String, _ name: String, _ organization: String, extra: String = "") -> String {
        """
        dn: uid=\(uid),ou=people,dc=example,dc=test
        objectClass: inetOrgPerson
        uid: \(uid)
        cn: \(name)
        sn: \(name.split(separator: " ").last ?? "")
        mail: \(uid)@nordwind.example
        o: \(organization)
        userPassword: \(password)
        \(extra)
        """
    }

    private static func group(_ name: String, _ members: [String]) -> String {
        """
        dn: cn=\(name),ou=groups,dc=example,dc=test
        objectClass: groupOfNames
        cn: \(name)
        \(members.map { "member: \($0),dc=example,dc=test" }.joined(separator: "\n"))

        """
    }
}
