import GatehouseCore
import LDAPClient
import TestSupport
import Testing

@Suite("Certificate files, checked without a network")
struct FileCheckTests {
    private let folder = TemporaryFolder()

    private func problem(_ change: (inout LDAPClientConfiguration) -> Void) throws -> LDAPError? {
        var configuration = try TestPeople.configuration("ldaps://192.0.2.1")
        change(&configuration)
        do throws(LDAPError) {
            try configuration.validateFiles()
            return nil
        } catch {
            return error
        }
    }

    @Test("files that fit are fine")
    func good() throws {
        let problem = try problem {
            $0.clientCertificateFile = TestCertificates.shared.client.certificate
            $0.clientKeyFile = TestCertificates.shared.client.key
        }
        #expect(problem == nil)
        #expect(try self.problem { $0.certificateAuthorityFile = nil } == nil)
    }

    @Test("a CA file that is missing, empty, or no PEM is a local error that names it")
    func authorities() throws {
        let missing = folder.file("missing.pem")
        let absent = try problem { $0.certificateAuthorityFile = missing }
        #expect(absent?.code == .invalidConfiguration)
        #expect(absent?.message.contains(missing) == true)
        let empty = folder.write("", to: "empty.pem")
        #expect(try problem { $0.certificateAuthorityFile = empty }?.code == .invalidConfiguration)
        let garbage = folder.write("not a certificate\n", to: "garbage.pem")
        #expect(try problem { $0.certificateAuthorityFile = garbage }?.code == .invalidConfiguration)
        #expect(try problem { $0.certificateAuthorityFile = self.folder.path }?.code == .invalidConfiguration)
    }

    @Test("a client certificate needs its own key")
    func clientCertificates() throws {
        let client = TestCertificates.shared.client
        #expect(try problem { $0.clientCertificateFile = client.certificate }?.code == .invalidConfiguration)
        let mismatch = try problem {
            $0.clientCertificateFile = client.certificate
            $0.clientKeyFile = TestCertificates.shared.server.key
        }
        #expect(mismatch?.code == .invalidConfiguration)
    }

    @Test("a service account without a password would be anonymous, and is refused")
    func emptyServicePassword() throws {
        let problem = try problem { $0.identity = .simple(dn: "cn=x", password: Secret([])) }
        #expect(problem?.code == .invalidConfiguration)
    }
}
