import Foundation
import GatehouseConfiguration
import Testing

/// A folder of its own for the files of one test.
final class ConfigurationFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("gatehouse-configuration-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write("s3cret\n", to: "secret", mode: 0o600)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ text: String, to name: String, mode: Int = 0o644) throws {
        try write(Array(text.utf8), to: name, mode: mode)
    }

    func write(_ bytes: [UInt8], to name: String, mode: Int = 0o644) throws {
        let file = URL(fileURLWithPath: path).appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }

    func load(_ name: String = "gatehouse.yaml", environment: [String: String] = [:]) -> Result<
        GatewayConfiguration, ConfigurationProblems
    > {
        ConfigurationLoader.load(path: "\(path)/\(name)", environment: environment)
    }

    /// Errors and warnings as lines, the folder left out of them.
    func lines(_ severity: ConfigurationProblem.Severity, environment: [String: String] = [:]) -> [String] {
        let problems =
            switch load(environment: environment) {
            case .success(let configuration): configuration.warnings
            case .failure(let failure): failure.problems
            }
        return problems.filter { $0.severity == severity }.map {
            $0.description.replacingOccurrences(of: "\(path)/", with: "")
        }
    }
}

enum Sample {
    /// A small whole configuration; the tables of bad inputs change one thing in it.
    static let text = """
        server:
          listen: ["127.0.0.1:8080"]
          public_url: http://login.gw.localhost:8080
        keys: { file: gateway.key }
        directories:
          - name: staff
            dialect: openldap
            servers: ["ldap://127.0.0.1:3389"]
            tls: { start: off }
            bind: { dn: "cn=gatehouse,dc=example,dc=com", password: { file: secret } }
            users: { base: "ou=people,dc=example,dc=com" }
            groups: { base: "ou=groups,dc=example,dc=com" }
        roles:
          - name: sales
            relation: customers
            groups: ["cn=sales,ou=groups,dc=example,dc=com"]
            permissions: [leads.read]
          - name: manager
            includes: [sales]
            attribute: { name: employeeType, equals: manager }
        apps:
          - name: crm
            hosts: [crm.gw.localhost]
            upstreams: ["http://127.0.0.1:9001"]
            headers: {}
            rules:
              - { path: "/health", allow: anyone }
              - { path: "/**", roles: [sales] }
        sessions: { idle: 15m, absolute: 8h }
        second_factors: { required: false }

        """

    static func replacing(_ old: String, with new: String) -> String {
        precondition(text.contains(old), "the sample has no \(old)")
        return text.replacingOccurrences(of: old, with: new)
    }
}

/// One change that makes the sample wrong, and all that is said of it.
struct BadInput: Sendable, CustomTestStringConvertible {
    let old: String
    let new: String
    let expected: [String]

    init(_ old: String, _ new: String, _ expected: String...) {
        self.init(old, new, expected)
    }

    init(_ old: String, _ new: String, _ expected: [String]) {
        self.old = old
        self.new = new
        self.expected = expected
    }

    var testDescription: String { new }
}
