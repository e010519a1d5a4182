import Directory
import Foundation
import GatehouseConfiguration
import GatehouseCore
import Identity
import LDAPClient
import Policy
import Proxy
import Sessions
import Testing

@Suite struct LoadingTests {
    private func load(_ text: String, environment: [String: String] = [:]) throws -> GatewayConfiguration {
        let folder = try ConfigurationFolder()
        try folder.write(text, to: "gatehouse.yaml")
        return try folder.load(environment: environment).get()
    }

    @Test func theSampleFillsEveryPart() throws {
        let folder = try ConfigurationFolder()
        try folder.write(Sample.text, to: "gatehouse.yaml")
        let configuration = try folder.load().get()
        #expect(configuration.files == ["\(folder.path)/gatehouse.yaml"])
        #expect(configuration.listen == [.ip("127.0.0.1", port: 8080)])
        #expect(configuration.publicOrigin == Origin(scheme: .http, host: "login.gw.localhost", port: 8080))
        #expect(configuration.threads == 0)
        #expect(configuration.keyFile == "\(folder.path)/gateway.key")
        #expect(configuration.lifetime == SessionLifetime(idle: .seconds(900), absolute: .seconds(28800)))
        #expect(configuration.cookies == CookieNames(portal: .http))
        #expect(configuration.roles.definitions.map(\.name) == ["sales", "manager"])
        #expect(configuration.apps.map(\.name) == ["crm"])
        let forwarding = try #require(configuration.forwarding.first)
        #expect(forwarding.upstream == UpstreamAddress(host: "127.0.0.1", port: 9001))
        #expect(forwarding.preserveHost)
        #expect(configuration.routeTable().portal.host == "login.gw.localhost")
        #expect(configuration.proxySnapshot(number: 7).number == 7)
    }

    @Test func aDirectoryHasTheDefaultsOfItsDialect() throws {
        let realm = try load(Sample.text).realm
        #expect(realm.name == "staff")
        #expect(realm.users.filter == "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))")
        #expect(realm.groups?.membership == .auto)
        #expect(realm.groups?.nested == true)
        #expect(realm.user.description == "{uid}")
        #expect(realm.attributes == ["name": "cn", "email": "mail", "organization": "o"])
        #expect(realm.client.endpoints.map(\.transport) == [.plaintext])
    }

    @Test func theDirectoryReadsWhatRolesAskFor() throws {
        let text = Sample.replacing("users: {", with: "attributes: { Team: ou }\n    users: {")
            .replacingOccurrences(of: "name: employeeType", with: "name: employeeType")
        let realm = try load(text).realm
        #expect(realm.attributes["team"] == "ou")
        #expect(realm.attributes["name"] == "cn")
        #expect(realm.extraAttributes == ["employeeType"])
        #expect(realm.namedGroups == [try #require(DistinguishedName("cn=sales,ou=groups,dc=example,dc=com"))])
        let named = try load(text.replacingOccurrences(of: "name: employeeType", with: "name: team")).realm
        #expect(named.extraAttributes.isEmpty)
    }

    @Test func aSecretFileLosesOneLineBreak() throws {
        let folder = try ConfigurationFolder()
        try folder.write("two\n\n", to: "secret", mode: 0o400)
        try folder.write(Sample.text, to: "gatehouse.yaml")
        #expect(try Self.password(folder.load().get()) == Array("two\n".utf8))
    }

    @Test func aSecretMayStandInTheEnvironment() throws {
        let text = Sample.replacing("{ file: secret }", with: "{ env: LDAP_PASSWORD }")
        let configuration = try load(text, environment: ["LDAP_PASSWORD": "two"])
        #expect(Self.password(configuration) == Array("two".utf8))
    }

    @Test func withoutBindSearchesAreAnonymous() throws {
        let text = Sample.replacing(
            "    bind: { dn: \"cn=gatehouse,dc=example,dc=com\", password: { file: secret } }\n",
            with: ""
        )
        guard case .anonymous = try load(text).realm.client.identity else {
            Issue.record("not anonymous")
            return
        }
    }

    @Test func aClientCertificateIsAnIdentity() throws {
        let folder = try ConfigurationFolder()
        try folder.write("PEM", to: "tls/own.pem")
        try folder.write("PEM", to: "tls/own.key", mode: 0o600)
        try folder.write("-----BEGIN CERTIFICATE-----\n", to: "tls/ca.pem")
        let text = Sample.replacing("ldap://127.0.0.1:3389", with: "ldaps://ldap.example.com")
            .replacingOccurrences(
                of: "tls: { start: off }",
                with: "tls: { ca: tls/ca.pem, certificate: tls/own.pem, key: tls/own.key }"
            )
            .replacingOccurrences(
                of: "bind: { dn: \"cn=gatehouse,dc=example,dc=com\", password: { file: secret } }",
                with: "bind: { mechanism: EXTERNAL }"
            )
        try folder.write(text, to: "gatehouse.yaml")
        let client = try folder.load().get().realm.client
        guard case .external = client.identity else {
            Issue.record("not EXTERNAL")
            return
        }
        #expect(client.certificateAuthorityFile == "\(folder.path)/tls/ca.pem")
        #expect(client.clientCertificateFile == "\(folder.path)/tls/own.pem")
        #expect(client.clientKeyFile == "\(folder.path)/tls/own.key")
        #expect(client.endpoints.map(\.transport) == [.tls])
    }

    @Test(arguments: [
        ("[::1]:8080", ListenAddress.ip("::1", port: 8080)),
        ("localhost:8080", .ip("127.0.0.1", port: 8080)),
        ("127.0.0.9:80", .ip("127.0.0.9", port: 80)),
        ("unix:/run/gatehouse/http.sock", .unixSocket(path: "/run/gatehouse/http.sock")),
    ])
    func addressesOfThisMachineAreListenedTo(text: String, address: ListenAddress) throws {
        for form in ["\"\(text)\"", "[\"\(text)\"]", "[{ address: \"\(text)\", proxy_protocol: false }]"] {
            let sample = Sample.replacing("[\"127.0.0.1:8080\"]", with: form)
            #expect(try load(sample).listen == [address])
        }
    }

    @Test func everyFeatureThatIsNotBuiltMayBeSwitchedOffInSoManyWords() throws {
        let text = Sample.replacing(
            "  public_url:",
            with:
                "  tls: null\n  trusted_proxies: []\n  operations_listen: ~\n  acme: null\n  threads: 4\n  public_url:"
        )
        .replacingOccurrences(of: "gateway.key }", with: "gateway.key, previous: [] }")
        .replacingOccurrences(of: "    tls: { start: off }", with: "    watch: off\n    tls: { start: off }")
        .replacingOccurrences(
            of: "    headers: {}",
            with:
                "    headers: { encoding: utf-8 }\n    strip_prefix: false\n    passive: []\n    forward_auth: false\n"
                + "    basic: false\n    origin: null"
        )
        .replacingOccurrences(of: "allow: anyone }", with: "allow: anyone, upgrades: [], factors: 0 }")
        .replacingOccurrences(
            of: "second_factors: { required: false }",
            with: "second_factors: { required: false, totp: null, webauthn: false, recovery_codes: null, "
                + "email: { enabled: false } }\nredis: null\naudit: false\nmail: null"
        )
        .replacingOccurrences(of: "absolute: 8h }", with: "absolute: 8h, cookie: { scope: host, domain: null } }")
        #expect(try load(text).threads == 4)
    }

    @Test func anAppHasItsSitesHeadersAndRules() throws {
        let text = Sample.replacing(
            """
                hosts: [crm.gw.localhost]
                upstreams: ["http://127.0.0.1:9001"]
                headers: {}
                rules:
            """,
            with: """
                    title: Customers
                    hosts: [CRM.gw.localhost., sales.localhost]
                    paths: [/crm, /.well-known/crm]
                    origin: http://sales.localhost:9999
                    upstreams: ["http://[::1]:9001/"]
                    preserve_host: false
                    encoded_slash: keep
                    merge_slashes: false
                    directories: [staff]
                    launch: "/crm/{organization}"
                    headers: { set: { X-Team: "{name} ({roles})" }, pass: [X_Team_2] }
                    rules:
                      - { methods: [OPTIONS, other], allow: anyone, networks: ["10.0.0.0/8"] }
                      - { path: "/crm/{organization}/**", any: [{ roles: [sales] }, { permissions: [leads.read], unbound: true }] }
                """
        )
        let configuration = try load(text)
        let app = try #require(configuration.apps.first)
        #expect(app.title == "Customers")
        #expect(app.hosts == ["crm.gw.localhost", "sales.localhost"])
        #expect(app.paths == ["/crm", "/.well-known/crm"])
        #expect(app.origins["crm.gw.localhost"]?.description == "http://crm.gw.localhost:9999")
        #expect(app.origins["sales.localhost"]?.description == "http://sales.localhost:9999")
        #expect(app.encodedSlash == .keep && !app.mergeSlashes && app.directories == ["staff"])
        #expect(app.launch.description == "/crm/{organization}")
        let forwarding = configuration.forwarding[0]
        #expect(forwarding.upstream == UpstreamAddress(host: "::1", port: 9001) && !forwarding.preserveHost)
        #expect(forwarding.headers.set.map(\.name) == ["X-Team"] && forwarding.headers.pass == ["X_Team_2"])
        #expect(app.rules[0].path.description == "/**" && app.rules[0].methods == [.options, .other])
        #expect(app.rules[0].demand.audience == .anyone && app.rules[0].demand.networks.count == 1)
        #expect(app.rules[1].any.map(\.unbound) == [false, true])
        #expect(app.rules[2].methods == nil && app.rules[2].demand.audience == .anyone)
    }

    @Test func anAppWithoutMoreIsTheWholeHostOfThePortalsSchemeAndPort() throws {
        let app = try #require(try load(Sample.text).apps.first)
        #expect(app.title == "crm" && app.paths.isEmpty && app.directories == nil)
        #expect(app.encodedSlash == .refuse && app.mergeSlashes)
        #expect(app.origins == ["crm.gw.localhost": Origin(scheme: .http, host: "crm.gw.localhost", port: 8080)])
        #expect(app.launch.description == "/")
    }

    @Test func whatIsMissingInThisVersionIsSaid() throws {
        let keys = try load(Sample.text).warnings.map { "\($0.severity) \($0.key)" }
        #expect(keys == ["warning redis", "warning audit", "warning second_factors.required"])
    }

    private static func password(_ configuration: GatewayConfiguration) -> [UInt8]? {
        guard case .simple(_, let password) = configuration.realm.client.identity else { return nil }
        return password.withBytes { $0 }
    }
}
