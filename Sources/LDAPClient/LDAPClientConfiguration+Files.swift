internal import CLDAP
internal import GatehouseCore
internal import Glibc

extension LDAPClientConfiguration {
    /// Checks, without any network, what is wrong on this machine: unreadable or unusable certificate files, an
    /// identity that cannot be used. `serve` ends with 78 for what this throws.
    /// - Throws: ``LDAPError/Code/invalidConfiguration``.
    package func validateFiles() throws(LDAPError) {
        LDAPRuntime.prepare()
        guard !endpoints.isEmpty else {
            throw LDAPError(.invalidConfiguration, "The directory has no server.")
        }
        if case .simple(let dn, let password) = identity, dn.isEmpty || password.isEmpty {
            throw LDAPError(
                .invalidConfiguration,
                "The gateway's account for the directory needs a name and a password; an empty one would be anonymous."
            )
        }
        guard (clientCertificateFile == nil) == (clientKeyFile == nil) else {
            throw LDAPError(.invalidConfiguration, "A client certificate needs its key, and a key its certificate.")
        }
        for path in [certificateAuthorityFile, clientCertificateFile].compactMap(\.self) {
            try Self.checkCertificates(try Self.read(path), path)
        }
        if let clientKeyFile { _ = try Self.read(clientKeyFile) }
        guard certificateAuthorityFile != nil || clientCertificateFile != nil || endpoints.contains(where: \.usesTLS)
        else {
            return
        }
        var created: OpaquePointer?
        guard unsafe ldap_initialize(&created, nil) == LDAP_SUCCESS, let ld = unsafe created else {
            throw LDAPError(.invalidConfiguration, "The LDAP library cannot be used.")
        }
        defer { unsafe ldap_unbind_ext(ld, nil, nil) }
        unsafe try LDAPHandle.setTrust(self, on: ld, endpoint: nil)
    }

    /// The file of authorities that is in force: the configured one, or the system's.
    func trustedAuthorities() throws(LDAPError) -> String {
        if let certificateAuthorityFile { return certificateAuthorityFile }
        let places = [
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
            "/etc/ssl/cert.pem",
        ]
        guard let place = places.first(where: { unsafe access($0, R_OK) == 0 }) else {
            throw LDAPError(
                .invalidConfiguration,
                "This system has no file of trusted authorities: install ca-certificates, or name a CA file."
            )
        }
        return place
    }

    private static func read(_ path: String) throws(LDAPError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { _ = close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var count = descriptor < 0 ? -1 : 1
        while count > 0 {
            count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            bytes += chunk.prefix(max(0, count))
        }
        guard count == 0 else {
            throw LDAPError(
                .invalidConfiguration,
                "The file \(path) cannot be read.",
                cause: .init(diagnostic: unsafe String(cString: strerror(errno)))
            )
        }
        return bytes
    }

    /// GnuTLS takes a file without certificates for a file with none to trust, and says nothing.
    private static func checkCertificates(_ bytes: [UInt8], _ path: String) throws(LDAPError) {
        let lines = bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        guard lines.contains(where: { $0.elementsEqual("-----BEGIN CERTIFICATE-----".utf8) }) else {
            throw LDAPError(.invalidConfiguration, "The file \(path) holds no certificate in PEM form.")
        }
    }
}

extension LDAPEndpoint {
    var usesTLS: Bool { transport == .tls || transport == .startTLS }
}
