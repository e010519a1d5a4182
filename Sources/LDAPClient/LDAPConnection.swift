package import GatehouseCore

/// One connection to one directory server, confined to a thread of its own: every call below blocks that thread and
/// nothing else. Letting the last reference go closes it.
package actor LDAPConnection {
    package nonisolated let endpoint: LDAPEndpoint
    private nonisolated let thread: LDAPThread
    private var handle: LDAPHandle?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Connects, brings TLS up, and binds as the service account.
    /// - Parameter identity: who to be; `nil` for a connection that will do nothing but user binds.
    /// - Throws: ``LDAPError/Code/bindRefused`` where the server does not accept that account.
    package static func open(
        _ endpoint: LDAPEndpoint,
        configuration: LDAPClientConfiguration,
        identity: LDAPBindIdentity?,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> LDAPConnection {
        let connection = LDAPConnection(endpoint, thread: try LDAPThread.start())
        try await connection.establish(configuration, identity: identity, deadline: deadline)
        return connection
    }

    private init(_ endpoint: LDAPEndpoint, thread: LDAPThread) {
        self.endpoint = endpoint
        self.thread = thread
    }

    isolated deinit {
        handle = nil
        thread.stop()
    }

    private func establish(
        _ configuration: LDAPClientConfiguration,
        identity: LDAPBindIdentity?,
        deadline: ContinuousClock.Instant
    ) throws(LDAPError) {
        let handle = try LDAPHandle(endpoint, configuration: configuration, deadline: deadline)
        self.handle = handle
        let outcome: LDAPBindOutcome
        switch identity {
        case nil, .anonymous: return
        case .simple(let dn, let password):
            outcome = try handle.bind(dn: dn, password: password, deadline: deadline)
        case .external:
            outcome = try handle.bindExternal(deadline: deadline)
        }
        guard outcome.isClean else { throw refusal(of: outcome) }
    }

    /// - Parameter isReused: whether the connection has been idle: then it is looked at before anything is sent.
    /// - Throws: ``LDAPError/Code/stale`` when it was found dead, and surely nothing was sent.
    package func search(_ search: LDAPSearch, isReused: Bool = false, deadline: ContinuousClock.Instant)
        throws(LDAPError)
        -> LDAPSearchResult
    {
        try live(isReused: isReused).search(search, deadline: deadline)
    }

    /// Binds as a person. After any outcome that is not clean, and after any error, the connection must not be used
    /// again: a server may have left it in anybody's name.
    package func bind(
        dn: String,
        password: Secret,
        isReused: Bool = false,
        deadline: ContinuousClock.Instant
    ) throws(LDAPError) -> LDAPBindOutcome {
        try live(isReused: isReused).bind(dn: dn, password: password, deadline: deadline)
    }

    /// Looks at a connection that has been idle, and sends nothing.
    /// - Throws: ``LDAPError/Code/stale`` when it was found dead.
    func check() throws(LDAPError) {
        _ = try live(isReused: true)
    }

    private func live(isReused: Bool) throws(LDAPError) -> LDAPHandle {
        guard let handle, !handle.isDead, !(isReused && handle.socket.hasInput) else {
            throw LDAPError(
                .stale,
                "An idle connection to the directory was closed by the server.",
                cause: .init(server: endpoint)
            )
        }
        return handle
    }

    private func refusal(of outcome: LDAPBindOutcome) -> LDAPError {
        let cause = LDAPError.Cause(
            server: endpoint,
            resultCode: outcome.resultCode,
            diagnostic: outcome.policy.failure.map { "\($0) \(outcome.diagnostic)" } ?? outcome.diagnostic
        )
        switch outcome.resultCode {
        case LDAPBindOutcome.ResultCode.busy, LDAPBindOutcome.ResultCode.unavailable:
            return LDAPError(.unavailable, "The directory says that it cannot answer now.", cause: cause)
        default:
            return LDAPError(
                .bindRefused,
                "The directory refused the gateway's own account: check its name, password and state.",
                cause: cause
            )
        }
    }
}
