internal import GatehouseCore
internal import LDAPClient

/// What of `directories[]` says how its servers are reached: `servers`, `tls` and `bind`.
struct DirectoryClientSection {
    private static let authoritiesLimit = 4 * 1024 * 1024

    /// `nil` where a problem was reported.
    private(set) var client: LDAPClientConfiguration?

    init(_ reader: MappingReader, environment: [String: String]) {
        let trust = Trust(reader["tls"]?.mapping())
        let endpoints = Self.endpoints(reader["servers"], trust)
        let identity = Self.identity(reader["bind"], environment, trust, endpoints)
        guard !endpoints.isEmpty, let identity else { return }
        var client = LDAPClientConfiguration(endpoints: endpoints, identity: identity)
        client.certificateAuthorityFile = trust.authorities
        client.clientCertificateFile = trust.certificate
        client.clientKeyFile = trust.key
        self.client = client
    }

    private struct Trust {
        var startTLS = true
        var isInsecure = false
        var authorities: String?
        var certificate: String?
        var key: String?

        init(_ reader: MappingReader?) {
            guard let reader else { return }
            startTLS = reader["start"]?.choice() != "off"
            isInsecure = reader["insecure"]?.flag() ?? false
            if isInsecure, startTLS {
                reader.refuse(
                    "insecure",
                    "this permits plain text where \"start: off\" asks for it, and nothing else: certificates are always checked. "
                        + "Leave the key out, or name the authority in \"ca\""
                )
            }
            authorities = reader["ca"]?.authoritiesFile(limit: DirectoryClientSection.authoritiesLimit)
            certificate = reader["certificate"]?.existingFile(limit: DirectoryClientSection.authoritiesLimit)
            if let field = reader["key"], let path = field.filePath(), field.privateFile(path) != nil { key = path }
            if (reader["certificate"] == nil) != (reader["key"] == nil) {
                let present = reader["certificate"] == nil ? "key" : "certificate"
                reader.refuse(present, "\"certificate\" and \"key\" belong together; write both or neither")
            }
        }
    }

    private static func endpoints(_ field: Field?, _ trust: Trust) -> [LDAPEndpoint] {
        var endpoints: [LDAPEndpoint] = []
        guard let servers = field?.filledList("name a server, as ldaps://ldap.example.com") else { return [] }
        for server in servers {
            guard let url = server.text() else { continue }
            guard let endpoint = LDAPEndpoint(url, startTLS: trust.startTLS) else {
                server.refuse(
                    // Not repeated: a name and a password could stand in it.
                    "this is no server; write ldaps://HOST, ldap://HOST:PORT or ldapi://%2FPATH, and nothing behind it"
                )
                continue
            }
            if endpoint.transport == .plaintext, !endpoint.isLoopback, !trust.isInsecure {
                server.refuse(
                    "passwords would cross the network in plain text; write ldaps://, leave \"tls.start: off\" out, or, if "
                        + "that is what you want, add \"tls.insecure: true\""
                )
            }
            if endpoints.contains(endpoint) {
                server.refuse("\(endpoint) stands here twice; keep one of them")
            } else {
                endpoints.append(endpoint)
            }
        }
        return endpoints
    }

    private static func identity(
        _ field: Field?,
        _ environment: [String: String],
        _ trust: Trust,
        _ endpoints: [LDAPEndpoint]
    ) -> LDAPBindIdentity? {
        guard let field else { return .anonymous }
        guard let reader = field.mapping() else { return nil }
        let dn = reader["dn"].map { $0.distinguishedName() }
        let password = reader["password"].map { $0.secret(environment: environment) }
        if let mechanism = reader["mechanism"] {
            guard mechanism.choice() != nil else { return nil }
            if dn != nil || password != nil {
                field.refuse(
                    "with \"mechanism: EXTERNAL\" the connection says who the gateway is; leave \"dn\" and \"password\" out"
                )
            }
            let lacksProof = endpoints.first { endpoint in
                switch endpoint.transport {
                case .unixSocket: false
                case .plaintext: true
                case .tls, .startTLS: trust.certificate == nil || trust.key == nil
                }
            }
            if let lacksProof {
                mechanism.refuse(
                    "EXTERNAL needs a client certificate (\"tls.certificate\" and \"tls.key\") or an ldapi:// socket, and \(lacksProof) has neither"
                )
            }
            return .external
        }
        if dn == nil { reader.refuse("dn", "write the account's \"dn\" and \"password\", or \"mechanism: EXTERNAL\"") }
        if dn != nil, password == nil {
            reader.refuse(
                "password",
                "an account without a password would be anonymous; write { file: PATH } or { env: NAME }"
            )
        }
        guard let dn = dn ?? nil, let password = password ?? nil else { return nil }
        return .simple(dn: dn.description, password: password)
    }
}

extension Field {
    /// A file that can be read and is not empty.
    func existingFile(limit: Int) -> String? {
        guard let path = filePath(), let content = readableFile(path, limit: limit) else { return nil }
        guard !content.bytes.isEmpty else {
            refuse("the file \(quoted(path)) is empty")
            return nil
        }
        return path
    }

    /// A file with certificates of authorities. What OpenSSL says of it later, it says without a place.
    func authoritiesFile(limit: Int) -> String? {
        guard let path = existingFile(limit: limit), let content = readableFile(path, limit: limit) else { return nil }
        let mark = "-----BEGIN CERTIFICATE-----"
        guard content.bytes.firstRange(of: mark.utf8) != nil else {
            refuse("the file \(quoted(path)) holds no certificate in PEM form (\(quoted(mark)))")
            return nil
        }
        return path
    }
}
