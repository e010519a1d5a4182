import TestSupport
import Testing

@Suite("What is wrong on this machine is one clear line and exit status 78")
struct StartTests {
    private func serve(_ yaml: String, _ folder: TemporaryFolder) async throws -> (status: Int32, output: String) {
        let file = folder.write(yaml, to: "gatehouse.yaml")
        return try await TestGateway.command(["serve", "--config", file])
    }

    private func configuration(_ folder: TemporaryFolder, port: UInt16, ca: String? = nil) -> String {
        folder.write("secret\n", to: "ldap")
        return TestGateway.server(port) + """
            directories:
              - name: staff
                dialect: openldap
                servers: ["ldaps://127.0.0.1:1"]
                tls: { ca: "\(ca ?? TestCertificates.shared.authority)" }
                bind: { dn: "cn=gateway,dc=example,dc=test", password: { file: ldap } }
                users: { base: "dc=example,dc=test" }
                groups: { base: "dc=example,dc=test" }
            roles: [{ name: sales, groups: ["cn=sales,dc=example,dc=test"] }]
            apps:
              - { name: crm, hosts: [crm.gw.localhost], upstreams: ["http://127.0.0.1:1"], rules: [{ path: "/**", roles: [sales] }] }

            """
    }

    @Test("A port in use")
    func portInUse() async throws {
        let folder = TemporaryFolder()
        let taken = try RecordingUpstream()
        let (status, output) = try await serve(configuration(folder, port: taken.port), folder)
        #expect(status == 78)
        #expect(output.contains("cannot listen on 127.0.0.1:\(taken.port): the address is in use"))
    }

    @Test("A CA file that is none")
    func badAuthority() async throws {
        let folder = TemporaryFolder()
        let ca = folder.write("no certificate\n", to: "ca.pem")
        let (status, output) = try await serve(configuration(folder, port: FreePort.takeOne(), ca: ca), folder)
        #expect(status == 78)
        #expect(output.contains(ca))
    }

    @Test("A gateway key that others can read")
    func openKey() async throws {
        let folder = TemporaryFolder()
        folder.write(String(repeating: "k", count: 32), to: "gateway.key", mode: 0o644)
        let (status, output) = try await serve(configuration(folder, port: FreePort.takeOne()), folder)
        #expect(status == 78)
        #expect(output.contains("gateway.key") && output.contains("chmod 600"))
    }

    @Test("A file that does not exist, and a key that nobody knows")
    func badConfiguration() async throws {
        let missing = try await TestGateway.command(["serve", "--config", "/nonexistent/gatehouse.yaml"])
        #expect(missing.status == 78)
        #expect(missing.output.contains("/nonexistent/gatehouse.yaml"))
        let folder = TemporaryFolder()
        let yaml = configuration(folder, port: FreePort.takeOne()).replacing("upstreams:", with: "upstream:")
        let (status, output) = try await serve(yaml, folder)
        #expect(status == 78)
        #expect(output.contains("upstreams"))
        #expect(output.contains("gatehouse.yaml:"))
    }

    @Test("A good file is said to be good, and wrong usage is 64")
    func check() async throws {
        let folder = TemporaryFolder()
        let file = folder.write(configuration(folder, port: FreePort.takeOne()), to: "gatehouse.yaml")
        let good = try await TestGateway.command(["check", "--config", file])
        #expect(good.status == 0, "\(good.output)")
        #expect(try await TestGateway.command(["check", "--config", file, "--probe"]).status == 69)
        #expect(try await TestGateway.command(["check", "--nonsense"]).status == 64)
        #expect(try await TestGateway.command(["--version"]).status == 0)
    }
}
