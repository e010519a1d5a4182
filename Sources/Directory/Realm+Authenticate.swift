package import GatehouseCore
internal import LDAPClient
internal import Logging

extension Realm {
    /// Signs a person in: a search that must find exactly one entry, then a bind as that entry (docs/security-rules.md, rules 15
    /// to 17). The bind's connection is reserved before the search, whoever is named. All of it together ends at the
    /// operation timeout.
    ///
    /// A locked account has a reason of its own here; to the person it is the same as a wrong password, and every
    /// refusal takes the same time: both are the caller's duty.
    /// - Parameter admit: asked between search and bind, with the one person who was found; `false` is
    ///   ``Rejection/Reason/throttled``, and nothing is sent. Its time is no part of the operation timeout, but nothing
    ///   is sent after that either.
    /// - Throws: when the directory cannot answer; nothing is known about the person then, and nothing may be counted.
    package func authenticate(
        login: FoldedName,
        password: Secret,
        admit: @Sendable (SubjectID) async -> Bool
    ) async throws(DirectoryError) -> AuthenticationResult {
        guard Self.isAcceptable(password) else { return .rejected(Rejection(.invalidPassword)) }
        let deadline = servers.deadline
        // Before the search: a name that nobody has waits for the same connections, and fails where they fail.
        let lease: LDAPBindLease
        let entry: LDAPEntry
        do throws(LDAPError) {
            lease = try await servers.reserveBind(deadline: deadline)
            switch try await match(login, deadline: deadline) {
            case .one(let found): entry = found
            case .nobody:
                try await lease.release()
                return .rejected(Rejection(.unknownName))
            case .several:
                try await lease.release()
                return ambiguous(login)
            }
        } catch {
            throw failed(error)
        }

        do throws(DirectoryError) {
            let id = try reader.subjectID(entry)
            guard await admit(id) else {
                try await release(lease)
                return .rejected(Rejection(.throttled, subject: id))
            }
            let outcome = try await bind(lease, as: entry, password: password)
            if let reason = try Self.refusal(in: outcome) {
                // Other codes are answered without a look at the password: their time would speak for another.
                let wasChecked =
                    reason == .wrongPassword && outcome.resultCode == LDAPBindOutcome.ResultCode.invalidCredentials
                return .rejected(
                    Rejection(reason, subject: id, bindDuration: wasChecked ? outcome.duration : nil)
                )
            }
            let paths = try await groupPaths(entry, tracing: false, deadline: deadline)
            guard let subject = reader.subject(entry, id: id, groups: paths) else {
                logger.error(
                    "The entry of a person lacks what the user header is made of",
                    metadata: ["dn": .string(entry.dn), "user": .string(configuration.user.description)]
                )
                return .rejected(Rejection(.noUserValue, subject: id))
            }
            return .authenticated(
                Person(
                    subject: subject,
                    dn: entry.dn,
                    passwordExpiresIn: outcome.policy.expiresIn,
                    isDisabled: reader.isDisabled(entry)
                )
            )
        } catch {
            throw failed(error)
        }
    }

    /// 1 to 1,024 bytes of UTF-8 without NUL (docs/security-rules.md, rule 15).
    static func isAcceptable(_ password: Secret) -> Bool {
        password.withBytes { bytes in
            (1...1024).contains(bytes.count) && !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
        }
    }

    private enum Match {
        case nobody
        case one(LDAPEntry)
        case several
    }

    private func match(
        _ login: FoldedName,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Match {
        do throws(LDAPError) {
            let found = try await entries(named: login, limit: 2, deadline: deadline)
            guard let entry = found.first else { return .nobody }
            return found.count == 1 ? .one(entry) : .several
        } catch {
            // We asked for two at most: more is as ambiguous as two.
            guard error.code == .sizeLimitExceeded else { throw error }
            return .several
        }
    }

    private func bind(
        _ lease: LDAPBindLease,
        as entry: LDAPEntry,
        password: Secret
    ) async throws(DirectoryError) -> LDAPBindOutcome {
        do throws(LDAPError) {
            return try await lease.bind(dn: entry.dn, password: password)
        } catch {
            throw DirectoryError(error)
        }
    }

    private func release(_ lease: LDAPBindLease) async throws(DirectoryError) {
        do throws(LDAPError) {
            try await lease.release()
        } catch {
            throw DirectoryError(error)
        }
    }

    /// - Returns: `nil` for the one success there is.
    /// - Throws: for every answer that says nothing about the person: busy, referral, encryption demanded, …
    static func refusal(in outcome: LDAPBindOutcome) throws(DirectoryError) -> Rejection.Reason? {
        if outcome.isClean { return nil }
        typealias Code = LDAPBindOutcome.ResultCode
        switch (outcome.resultCode, outcome.policy.failure) {
        case (Code.success, nil): return .passwordExpired  // a grace login
        case (Code.success, .passwordExpired), (Code.invalidCredentials, .passwordExpired),
            (Code.constraintViolation, .passwordExpired), (Code.unwillingToPerform, .passwordExpired):
            return .passwordExpired
        case (Code.success, .accountLocked), (Code.invalidCredentials, .accountLocked),
            (Code.constraintViolation, .accountLocked), (Code.unwillingToPerform, .accountLocked):
            return .accountLocked
        case (Code.success, .changeAfterReset), (Code.invalidCredentials, .changeAfterReset):
            return .mustChangePassword
        case (Code.invalidCredentials, nil): return .wrongPassword
        // The entry has no password, or went away since the search.
        case (Code.inappropriateAuthentication, _), (Code.noSuchObject, _): return .wrongPassword
        default:
            let policy = outcome.policy.failure.map { ", policy error \($0)" } ?? ""
            throw DirectoryError(
                outcome.resultCode == Code.referral ? .referral : .unexpectedAnswer,
                "The directory answered a person's bind with what is neither yes nor no.",
                cause: LDAPError(
                    outcome.resultCode == Code.referral ? .referral : .refused,
                    "The directory answered a person's bind with what is neither yes nor no.",
                    cause: .init(
                        server: outcome.server,
                        resultCode: outcome.resultCode,
                        diagnostic: outcome.diagnostic + policy
                    )
                )
            )
        }
    }

    private func ambiguous(_ login: FoldedName) -> AuthenticationResult {
        logger.error(
            "A name belongs to more than one entry: nobody can sign in with it",
            metadata: ["login": .string(login.description)]
        )
        return .rejected(Rejection(.ambiguousName))
    }
}
