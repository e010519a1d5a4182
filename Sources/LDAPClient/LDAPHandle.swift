internal import CLDAP
internal import GatehouseCore
internal import Glibc

/// One `LDAP *`, its socket and its deadlines. Not `Sendable`: it lives and dies on its connection's thread.
@safe
final class LDAPHandle {
    /// A longer message from a server ends its connection.
    private static let longestMessage: UInt = 16 << 20

    let endpoint: LDAPEndpoint
    let ld: OpaquePointer
    let socket: LDAPSocket
    /// Set when the watchdog cut the connection off, or anything else made its state unknown.
    private(set) var isDead = false

    /// Connects, and brings TLS up where the endpoint has it. Sends nothing else.
    init(_ endpoint: LDAPEndpoint, configuration: LDAPClientConfiguration, deadline: ContinuousClock.Instant)
        throws(LDAPError)
    {
        LDAPRuntime.prepare()
        let socket = try LDAPSocket.connect(to: endpoint, deadline: deadline)
        let descriptor = socket.duplicate()
        guard descriptor >= 0 else {
            throw LDAPError(
                .unavailable,
                "The system has no file descriptor left for a connection to a directory.",
                cause: .init(server: endpoint)
            )
        }
        var created: OpaquePointer?
        let (proto, url) = Self.address(endpoint)
        let status = unsafe ldap_init_fd(descriptor, proto, url, &created)
        guard status == LDAP_SUCCESS, let ld = unsafe created else {
            _ = Glibc.close(descriptor)
            throw LDAPError(
                .invalidConfiguration,
                "The directory's URL is not understood.",
                cause: .init(server: endpoint, resultCode: status, diagnostic: url)
            )
        }
        self.endpoint = endpoint
        unsafe self.ld = ld
        self.socket = socket
        unsafe gatehouse_ldap_set_int(ld, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3)
        unsafe gatehouse_ldap_set_bool(ld, LDAP_OPT_REFERRALS, 0)
        unsafe gatehouse_ldap_set_bool(ld, LDAP_OPT_RESTART, 1)
        unsafe gatehouse_ldap_limit_incoming(ld, ber_len_t(Self.longestMessage))
        try secure(configuration, deadline: deadline)
    }

    deinit {
        // Unbind says good-bye, which may block on a peer that does not read.
        if isDead { socket.shutdown() }
        let timer = Watchdog.shared.arm(at: .now + .milliseconds(250)) { [socket] in socket.shutdown() }
        unsafe ldap_unbind_ext(ld, nil, nil)
        Watchdog.shared.disarm(timer)
    }

    /// Runs one exchange with the server; past the deadline the watchdog ends it.
    func guarded<Result>(
        until deadline: ContinuousClock.Instant,
        _ body: () throws(LDAPError) -> Result
    ) throws(LDAPError) -> Result {
        guard !isDead else { throw failure(.unavailable, "The connection to the directory is closed.") }
        guard deadline > .now else { throw failure(.timeout, "The directory did not answer in time.") }
        let timer = Watchdog.shared.arm(at: deadline) { [socket] in socket.shutdown() }
        do throws(LDAPError) {
            let result = try body()
            if !Watchdog.shared.disarm(timer) { isDead = true }
            return result
        } catch {
            let isLate = !Watchdog.shared.disarm(timer)
            if isLate || !error.leavesConnectionUsable { isDead = true }
            if isLate, error.isTransport { throw failure(.timeout, "The directory did not answer in time.") }
            throw error
        }
    }

    /// An error with this server, and what libldap knows about it, as its cause.
    func failure(_ code: LDAPError.Code, _ message: String, resultCode: Int32? = nil, diagnostic: String? = nil)
        -> LDAPError
    {
        let text = diagnostic ?? ""
        return LDAPError(
            code,
            message,
            cause: .init(server: endpoint, resultCode: resultCode, diagnostic: String(text.prefix(512)))
        )
    }

    /// The error behind a call that libldap itself failed.
    func libraryFailure(_ status: Int32) -> LDAPError {
        let words = unsafe ldap_err2string(status)
        let name = unsafe words.map { unsafe String(cString: $0) } ?? ""
        let details = diagnosticMessage
        let diagnostic = details.isEmpty ? name : "\(name): \(details)"
        return switch status {
        case LDAP_SERVER_DOWN, LDAP_CONNECT_ERROR, LDAP_UNAVAILABLE:
            failure(.unavailable, "The connection to the directory broke.", resultCode: status, diagnostic: diagnostic)
        case LDAP_TIMEOUT:
            failure(.timeout, "The directory did not answer in time.", resultCode: status, diagnostic: diagnostic)
        case LDAP_FILTER_ERROR:
            failure(
                .invalidConfiguration,
                "The search filter is not valid.",
                resultCode: status,
                diagnostic: diagnostic
            )
        default:
            failure(
                .protocolError,
                "The directory's answer is not understood.",
                resultCode: status,
                diagnostic: diagnostic
            )
        }
    }

    var diagnosticMessage: String {
        guard let text = unsafe gatehouse_ldap_get_string(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE) else { return "" }
        defer { unsafe ldap_memfree(text) }
        return unsafe String(cString: text)
    }

    /// The URL gives libldap the name that the certificate is checked against, and nothing else.
    private static func address(_ endpoint: LDAPEndpoint) -> (proto: Int32, url: String) {
        if case .unixSocket = endpoint.transport { return (LDAP_PROTO_IPC, "ldapi:///") }
        return (LDAP_PROTO_TCP, endpoint.description)
    }
}
