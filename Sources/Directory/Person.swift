package import GatehouseCore

/// A person as the directory describes them now.
package struct Person: Sendable, Equatable {
    package let subject: Subject
    /// The entry's name as the server spells it.
    package let dn: String
    /// How each group was reached, all groups included, not only the named ones. Filled by ``Realm/person(login:)``
    /// alone: tracing costs a search for each group.
    package let groupPaths: [GroupPath]
    /// Only after a sign-in: the password is good and expires this soon.
    package let passwordExpiresIn: Duration?
    /// Whether an administrator locked the account for good (`pwdAccountLockedTime: 000001010000Z`). A lockout by
    /// failed binds is none: strangers can cause it.
    package let isDisabled: Bool

    package init(
        subject: Subject,
        dn: String,
        groupPaths: [GroupPath] = [],
        passwordExpiresIn: Duration? = nil,
        isDisabled: Bool = false
    ) {
        self.subject = subject
        self.dn = dn
        self.groupPaths = groupPaths
        self.passwordExpiresIn = passwordExpiresIn
        self.isDisabled = isDisabled
    }
}

/// A group of a person, and the way to it.
package struct GroupPath: Sendable, Equatable {
    /// From a group that holds the person to this group, which is the last; one name for a direct group.
    package let steps: [DistinguishedName]

    package init(steps: [DistinguishedName]) {
        self.steps = steps
    }

    package var group: DistinguishedName { steps[steps.count - 1] }
    package var isDirect: Bool { steps.count == 1 }
}

/// The answer to a sign-in. A wrong password is an answer; only "the directory cannot answer" is an error.
package enum AuthenticationResult: Sendable, Equatable {
    case authenticated(Person)
    case rejected(Rejection)
}

/// Why somebody is not let in: for the audit trail and the limits. What the person is told is the caller's choice.
package struct Rejection: Sendable, Equatable {
    package enum Reason: String, Sendable, CaseIterable {
        case unknownName = "unknown_name"
        case wrongPassword = "wrong_password"
        /// Locked, disabled or not yet valid. OpenLDAP says so whether or not the password was right.
        case accountLocked = "account_locked"
        /// Expired, grace logins left or not. OpenLDAP says so for the right password alone.
        case passwordExpired = "password_expired"
        /// Right, but set by somebody else: it must be changed first.
        case mustChangePassword = "must_change_password"
        /// The caller's limits did not admit the person: they failed too often, under whatever names, and nobody looked at
        /// the password.
        case throttled = "account_throttled"
        /// Two entries or more have this name: nobody was asked for a password.
        case ambiguousName = "ambiguous_name"
        /// Not 1 to 1,024 bytes of UTF-8 without NUL: nothing was sent.
        case invalidPassword = "invalid_password"
        /// The password was right, and the entry lacks an attribute that the user header is made of.
        case noUserValue = "no_user_value"
    }

    package let reason: Reason
    /// Who it would have been, where an entry was found.
    package let subject: SubjectID?
    /// How long the directory took over a password that it found wrong, from sending it to the answer. Only there: a
    /// locked account may be refused without a look at the password.
    package let bindDuration: Duration?

    package init(_ reason: Reason, subject: SubjectID? = nil, bindDuration: Duration? = nil) {
        self.reason = reason
        self.subject = subject
        self.bindDuration = bindDuration
    }
}

/// What ``Realm/person(login:)`` found under a name: each entry, usable or not.
package struct PersonLookup: Sendable, Equatable {
    package let dn: String
    package let subjectID: SubjectID
    /// `nil` where `problem` says why.
    package let person: Person?
    package let problem: Rejection.Reason?
    /// As in ``Person/groupPaths``, also where there is no person.
    package let groupPaths: [GroupPath]

    package init(
        dn: String,
        subjectID: SubjectID,
        person: Person?,
        problem: Rejection.Reason?,
        groupPaths: [GroupPath]
    ) {
        self.dn = dn
        self.subjectID = subjectID
        self.person = person
        self.problem = problem
        self.groupPaths = groupPaths
    }
}

/// What became of a person who was here before.
package enum PersonState: Sendable, Equatable {
    case found(Person)
    /// Proved: the base can be searched by id, and nobody there has this one.
    case gone
    /// The entry is there, and the users' filter does not admit it any more, or it lacks the user header's value.
    case excluded
}
