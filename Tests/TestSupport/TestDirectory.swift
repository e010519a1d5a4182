internal import Glibc
internal import Synchronization

/// An OpenLDAP server of its own, on free ports of 127.0.0.1, with its data in a temporary folder: made in less than a
/// second, gone with the value. Suffix `dc=example,dc=test`.
package final class TestDirectory: Sendable {
    package struct Options: Sendable {
        /// `ldaps://` and StartTLS with this certificate; `nil` is a server without TLS.
        package var certificate: TestCertificates.Pair?
        /// The password policy overlay, with `cn=default,ou=policies` in force if the LDIF has it.
        package var passwordPolicy = false
        /// The `memberOf` overlay. It sees what is added online, not what `ldif` holds.
        package var memberOf = false
        /// More lines for the configuration of the server and of its database.
        package var serverLines: [String] = []
        package var databaseLines: [String] = []

        package init() {}
    }

    package static let suffix = "dc=example,dc=test"
    /// The root DN: it bypasses access rules and the password policy.
    package let adminDN = "cn=admin,\(TestDirectory.suffix)"
    package let adminPassword = "admin"
    /// Reads everything but passwords, where the LDIF holds it; ``baseLDIF`` does, with this password.
    package static let serviceDN = "cn=gateway,ou=services,\(suffix)"
    package static let servicePassword = "gateway-secret"

    package let port: UInt16
    package let tlsPort: UInt16
    let folder = TemporaryFolder()
    let options: Options
    private let process: Mutex<ChildProcess?> = Mutex(nil)

    package var ldapURL: String { "ldap://127.0.0.1:\(port)" }
    package var ldapsURL: String { "ldaps://127.0.0.1:\(tlsPort)" }
    package var ldapiURL: String {
        "ldapi://" + folder.file("ldapi").split(separator: "/").map { "%2F" + $0 }.joined()
    }
    package var caFile: String { TestCertificates.shared.authority }
    package var pid: Int32? { process.withLock { $0?.pid } }

    /// Loads the LDIF (``baseLDIF`` goes before it) and starts the server.
    /// - Parameters:
    ///   - ldif: written into the database directly, so operational attributes such as `pwdChangedTime` may be set, and
    ///     overlays see nothing of it.
    ///   - online: added over LDAP once the server runs, so that overlays see it.
    package static func start(_ ldif: String = "", online: String = "", options: Options = Options()) async throws
        -> TestDirectory
    {
        try await ChildProcess.offPool {
            let directory = TestDirectory(options: options)
            try directory.load(baseLDIF + "\n" + ldif)
            try directory.run()
            if !online.isEmpty { try directory.change("/usr/bin/ldapadd", online) }
            return directory
        }
    }

    private init(options: Options) {
        self.options = options
        let ports = FreePort.take(2)
        port = ports[0]
        tlsPort = ports[1]
    }

    deinit {
        process.withLock { $0?.kill() }
    }

    /// Starts the server again, on the same ports with the same data, after ``stop()`` or ``kill()``.
    package func restart() async throws {
        try await ChildProcess.offPool { try self.run() }
    }

    /// SIGTERM, and waits for the end.
    package func stop() async throws {
        try await ChildProcess.offPool { self.process.withLock { $0?.stop() } }
    }

    /// SIGKILL.
    package func kill() { process.withLock { $0?.kill() } }
    /// SIGSTOP: connections stay open, nothing answers.
    package func suspend() { process.withLock { $0?.suspend() } }
    package func resume() { process.withLock { $0?.resume() } }

    private func run() throws {
        try process.withLock { process in
            process?.kill()
            let urls = ["\(ldapURL)/", ldapiURL] + (options.certificate == nil ? [] : ["\(ldapsURL)/"])
            let child = try ChildProcess(
                "/usr/sbin/slapd",
                ["-f", folder.file("slapd.conf"), "-h", urls.joined(separator: " "), "-d", "256"],
                output: logFile
            )
            process = child
            for _ in 0..<1000 {
                if accepts(port) { return }
                guard child.isRunning else { break }
                usleep(10_000)
            }
            throw ChildProcess.Failure(description: "slapd does not run:\n\(log)")
        }
    }

    private func accepts(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { _ = close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return unsafe withUnsafeBytes(of: &address) { bytes in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return unsafe connect(descriptor, start, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
