internal import CLDAP
internal import GatehouseCore

extension LDAPHandle {
    /// Simple bind (RFC 4513, section 5.1.3), the password byte for byte.
    func bind(dn: String, password: Secret, deadline: ContinuousClock.Instant) throws(LDAPError) -> LDAPBindOutcome {
        // An empty name or password would be an unauthenticated bind, which servers may answer with success. A NUL
        // would end the name early.
        guard !dn.isEmpty, !dn.utf8.contains(0), !password.isEmpty else {
            throw failure(.invalidConfiguration, "A bind needs a name and a password.")
        }
        return try guarded(until: deadline) { () throws(LDAPError) in
            var operation: Int32 = 0
            let status = password.withBytes { bytes in
                unsafe bytes.withUnsafeBytes { buffer in
                    guard let start = buffer.baseAddress else { return LDAP_INAPPROPRIATE_AUTH }
                    return unsafe gatehouse_ldap_simple_bind(ld, dn, start, buffer.count, &operation)
                }
            }
            guard status == LDAP_SUCCESS else { throw libraryFailure(status) }
            return try bindOutcome(operation, deadline: deadline)
        }
    }

    /// SASL EXTERNAL (RFC 4422, appendix A).
    func bindExternal(deadline: ContinuousClock.Instant) throws(LDAPError) -> LDAPBindOutcome {
        try guarded(until: deadline) { () throws(LDAPError) in
            var operation: Int32 = 0
            let status = unsafe gatehouse_ldap_external_bind(ld, &operation)
            guard status == LDAP_SUCCESS else { throw libraryFailure(status) }
            return try bindOutcome(operation, deadline: deadline)
        }
    }

    private func bindOutcome(_ operation: Int32, deadline: ContinuousClock.Instant) throws(LDAPError) -> LDAPBindOutcome
    {
        let message = try nextMessage(operation, deadline: deadline)
        guard message.type == UInt(LDAP_RES_BIND) else {
            throw failure(.protocolError, "The directory answered a bind with something else.")
        }
        let result = try result(of: message)
        do {
            return LDAPBindOutcome(
                resultCode: result.code,
                diagnostic: String(result.diagnostic.prefix(512)),
                policy: try PasswordPolicyResponse(controls: result.controls),
                server: endpoint
            )
        } catch {
            throw failure(
                .protocolError,
                "The directory's password policy control is malformed.",
                resultCode: result.code,
                diagnostic: result.diagnostic
            )
        }
    }
}
