internal import CLDAP
internal import Glibc

extension LDAPHandle {
    /// Brings TLS up as the endpoint says. Whoever returns from here without an error has it, or never wanted it.
    func secure(_ configuration: LDAPClientConfiguration, deadline: ContinuousClock.Instant) throws(LDAPError) {
        switch endpoint.transport {
        case .plaintext, .unixSocket: return
        case .tls:
            unsafe try Self.setTrust(configuration, on: ld, endpoint: endpoint)
        case .startTLS:
            unsafe try Self.setTrust(configuration, on: ld, endpoint: endpoint)
            try guarded(until: deadline) { () throws(LDAPError) in try askForTLS(deadline: deadline) }
        }
        try guarded(until: deadline) { () throws(LDAPError) in
            let status = unsafe ldap_install_tls(ld)
            guard status == LDAP_SUCCESS, unsafe ldap_tls_inplace(ld) == 1 else {
                throw failure(.tls, handshakeMessage, resultCode: status, diagnostic: diagnosticMessage)
            }
        }
    }

    /// Options of one handle, in the order that libldap wants; `NEWCTX` makes them count and must be the last.
    static func setTrust(
        _ configuration: LDAPClientConfiguration,
        on ld: OpaquePointer,
        endpoint: LDAPEndpoint?
    ) throws(LDAPError) {
        var isSet =
            unsafe gatehouse_ldap_set_string(
                ld,
                LDAP_OPT_X_TLS_CACERTFILE,
                try configuration.trustedAuthorities()
            ) == LDAP_OPT_SUCCESS
        if let certificate = configuration.clientCertificateFile {
            unsafe isSet =
                isSet && gatehouse_ldap_set_string(ld, LDAP_OPT_X_TLS_CERTFILE, certificate) == LDAP_OPT_SUCCESS
        }
        if let key = configuration.clientKeyFile {
            unsafe isSet = isSet && gatehouse_ldap_set_string(ld, LDAP_OPT_X_TLS_KEYFILE, key) == LDAP_OPT_SUCCESS
        }
        for (option, value) in [
            (LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_HARD),
            (LDAP_OPT_X_TLS_PROTOCOL_MIN, GATEHOUSE_LDAP_TLS_1_2),
            (LDAP_OPT_X_TLS_NEWCTX, 0),
        ] {
            unsafe isSet = isSet && gatehouse_ldap_set_int(ld, option, value) == LDAP_OPT_SUCCESS
        }
        guard isSet else {
            throw LDAPError(
                .invalidConfiguration,
                "The certificate files for the directory cannot be used: the authorities' file, or the client "
                    + "certificate and its key, hold no valid PEM or do not belong together.",
                cause: .init(server: endpoint)
            )
        }
    }

    /// StartTLS (RFC 4511, section 4.14). Refused or odd means no connection: there is no way on in plain text.
    private func askForTLS(deadline: ContinuousClock.Instant) throws(LDAPError) {
        var operation: Int32 = 0
        let status = unsafe ldap_start_tls(ld, nil, nil, &operation)
        guard status == LDAP_SUCCESS else { throw libraryFailure(status) }
        let message = try nextMessage(operation, deadline: deadline)
        guard message.type == UInt(LDAP_RES_EXTENDED) else {
            throw failure(.protocolError, "The directory answered StartTLS with something else.")
        }
        let result = try result(of: message)
        guard result.code == LDAP_SUCCESS else {
            throw failure(
                .tls,
                "The directory refused StartTLS; nothing is sent to it without TLS.",
                resultCode: result.code,
                diagnostic: result.diagnostic
            )
        }
        // What lies behind the answer was sent in plain text by anybody, and must not be read as if TLS had covered it.
        guard unsafe gatehouse_ldap_has_buffered(ld) == 0, !socket.hasInput else {
            throw failure(.tls, "The directory sent plain text behind its answer to StartTLS.")
        }
    }

    private var handshakeMessage: String {
        let hint =
            endpoint.host == "localhost"
            ? " For the host \"localhost\" libldap expects the machine's own host name in the certificate: "
                + "write the name or the address that the certificate holds, as 127.0.0.1."
            : ""
        return
            "TLS with the directory failed: its certificate is not signed by a trusted authority, is not valid now, or "
            + "does not name \"\(endpoint.host)\"; or the server ended the handshake.\(hint)"
    }
}
