package import LDAPClient

/// The directory cannot answer: nothing is known about the person, neither "gone" nor "fine" (docs/security-rules.md, rule 19).
package struct DirectoryError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// No server answers, or none accepts the gateway's account.
        case unavailable
        case timeout
        /// The configuration does not fit the directory: a base that is not there, an invalid filter, no readable
        /// immutable id, more entries than the server hands out.
        case misconfigured
        /// The server refers elsewhere; that is never followed.
        case referral
        /// More groups, or deeper nesting, than is looked at.
        case tooManyGroups = "too_many_groups"
        /// The server answered what no server should.
        case unexpectedAnswer = "unexpected_answer"
        case shutDown = "shut_down"
    }

    package let code: Code
    /// One sentence for an administrator.
    package let message: String
    package let cause: LDAPError?

    package init(_ code: Code, _ message: String, cause: LDAPError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    init(_ cause: LDAPError) {
        let code: Code =
            switch cause.code {
            case .unavailable, .tls, .bindRefused, .overloaded, .stale, .cancelled: .unavailable
            case .timeout, .timeLimitExceeded: .timeout
            case .referral: .referral
            case .invalidConfiguration, .noSuchObject, .sizeLimitExceeded: .misconfigured
            case .refused, .protocolError: .unexpectedAnswer
            case .shutDown: .shutDown
            }
        self.init(code, cause.message, cause: cause)
    }

    package var description: String {
        cause?.description ?? message
    }
}
