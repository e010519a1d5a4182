/// Why a command has no result.
package struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// There is no connection that may be used, or it broke before the reply: the command may have been done or not.
        case disconnected
        /// No reply in time: the command may have been done or not.
        case timeout
        /// Redis answers, and cannot do what sessions need: a replica, loading, full, no right to enter, a policy of
        /// eviction.
        case unusable
        /// Any other error reply: the command was refused, the connection goes on.
        case server
        /// What Redis sent is no RESP2, or is larger than anything that was asked for.
        case protocolViolation = "protocol_violation"
        /// The configuration cannot be right; no server was asked.
        case misconfigured
    }

    package struct Cause: Sendable, Equatable, CustomStringConvertible {
        package var server: RedisConfiguration.Address?
        package var reply: RedisServerError?
        /// The system's or a library's words.
        package var diagnostic: String

        package init(
            server: RedisConfiguration.Address? = nil,
            reply: RedisServerError? = nil,
            diagnostic: String = ""
        ) {
            self.server = server
            self.reply = reply
            self.diagnostic = diagnostic
        }

        package var description: String {
            var parts: [String] = []
            if let server { parts.append("server \(server)") }
            if let reply { parts.append("\"\(reply.message)\"") }
            if !diagnostic.isEmpty { parts.append(diagnostic) }
            return parts.joined(separator: ", ")
        }
    }

    package let code: Code
    /// One sentence for an administrator.
    package let message: String
    package var cause: Cause

    package init(_ code: Code, _ message: String, cause: Cause = Cause()) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        let details = cause.description
        return details.isEmpty ? message : "\(message) (\(details))"
    }

    func at(_ server: RedisConfiguration.Address) -> RedisError {
        var error = self
        error.cause.server = server
        return error
    }
}
