/// What a server answered to a bind, its password policy controls examined.
package struct LDAPBindOutcome: Sendable, Equatable {
    /// RFC 4511, section 4.1.9, as far as sign-in cares.
    package enum ResultCode {
        package static let success: Int32 = 0
        package static let protocolError: Int32 = 2
        package static let timeLimitExceeded: Int32 = 3
        package static let sizeLimitExceeded: Int32 = 4
        package static let referral: Int32 = 10
        package static let constraintViolation: Int32 = 19
        package static let noSuchObject: Int32 = 32
        package static let inappropriateAuthentication: Int32 = 48
        package static let invalidCredentials: Int32 = 49
        package static let busy: Int32 = 51
        package static let unavailable: Int32 = 52
        package static let unwillingToPerform: Int32 = 53
    }

    package let resultCode: Int32
    /// The server's own words, for a log.
    package let diagnostic: String
    package let policy: PasswordPolicyResponse
    package let server: LDAPEndpoint
    /// From sending the bind to its answer: no waiting for a connection is in it.
    package internal(set) var duration: Duration = .zero

    package init(resultCode: Int32, diagnostic: String, policy: PasswordPolicyResponse, server: LDAPEndpoint) {
        self.resultCode = resultCode
        self.diagnostic = diagnostic
        self.policy = policy
        self.server = server
    }

    /// The one success there is: result code 0, and no control that takes it back. A password that expires soon is
    /// still a good password. Only after such a bind may the connection go on (docs/security-rules.md, rule 17).
    package var isClean: Bool {
        resultCode == ResultCode.success && policy.failure == nil && policy.graceLogins == nil
    }
}
