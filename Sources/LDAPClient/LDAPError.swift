/// Why a directory server gave no answer. A wrong password is no error: it is an ``LDAPBindOutcome``.
package struct LDAPError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// No server could be reached, or a connection broke.
        case unavailable
        /// A server did not answer in time.
        case timeout
        /// TLS could not be established, or the certificate was not accepted.
        case tls
        /// A server refused the gateway's own account.
        case bindRefused = "bind_refused"
        case sizeLimitExceeded = "size_limit_exceeded"
        case timeLimitExceeded = "time_limit_exceeded"
        /// The server sent us elsewhere; referrals are never followed.
        case referral
        /// The search base does not exist or may not be seen.
        case noSuchObject = "no_such_object"
        /// Any other result code.
        case refused
        /// What the server sent makes no sense.
        case protocolError = "protocol_error"
        /// A file or a setting on this machine is wrong; no server was asked.
        case invalidConfiguration = "invalid_configuration"
        /// More callers wait for a connection than may wait.
        case overloaded
        case shutDown = "shut_down"
        case cancelled
        /// An idle connection turned out to be dead before anything was sent on it.
        case stale
    }

    package struct Cause: Sendable, Equatable, CustomStringConvertible {
        package var server: LDAPEndpoint?
        /// RFC 4511, section 4.1.9; negative numbers are libldap's own.
        package var resultCode: Int32?
        /// The server's or the library's own words, at most 512 bytes: data for a log, never for a page.
        package var diagnostic: String

        package init(server: LDAPEndpoint? = nil, resultCode: Int32? = nil, diagnostic: String = "") {
            self.server = server
            self.resultCode = resultCode
            self.diagnostic = diagnostic
        }

        package var description: String {
            var parts: [String] = []
            if let server { parts.append("server \(server)") }
            if let resultCode { parts.append("result code \(resultCode)") }
            if !diagnostic.isEmpty { parts.append("\"\(diagnostic)\"") }
            return parts.joined(separator: ", ")
        }
    }

    package let code: Code
    /// One sentence for an administrator.
    package let message: String
    package let cause: Cause

    package init(_ code: Code, _ message: String, cause: Cause = Cause()) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        let details = cause.description
        return details.isEmpty ? message : "\(message) (\(details))"
    }

    /// Whether another server, or a new connection, may answer what this one did not.
    var isTransport: Bool {
        switch code {
        case .unavailable, .timeout, .stale, .tls, .bindRefused: true
        default: false
        }
    }

    /// Whether the server answered in full, so that its connection may go on.
    var leavesConnectionUsable: Bool {
        switch code {
        case .sizeLimitExceeded, .timeLimitExceeded, .referral, .noSuchObject, .refused: true
        default: false
        }
    }
}
