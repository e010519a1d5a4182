package import GatehouseCore

/// What an assertion says of a person and their session.
package struct AssertionFacts: Sendable {
    package let subject: Subject
    /// In the order of the role table; empty where there are none.
    package let roles: [String]
    package let permissions: [String]
    /// As RFC 8176 names them: `pwd`, `otp`, `hwk`, …
    package let authenticationMethods: [String]
    /// When the person proved who they are.
    package let authenticatedAt: Timestamp
    /// When the directory last said what is said here.
    package let checkedAt: Timestamp

    package init(
        subject: Subject,
        roles: [String],
        permissions: [String],
        authenticationMethods: [String],
        authenticatedAt: Timestamp,
        checkedAt: Timestamp
    ) {
        self.subject = subject
        self.roles = roles
        self.permissions = permissions
        self.authenticationMethods = authenticationMethods
        self.authenticatedAt = authenticatedAt
        self.checkedAt = checkedAt
    }
}
