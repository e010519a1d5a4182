package import GatehouseCore

/// One line of the audit trail before it is numbered, timed and chained (docs/contract.md, "Audit events").
package struct AuditEvent: Sendable, Hashable {
    /// The events that exist; programs compare these names, so none ever changes.
    package enum Name: String, Sendable, CaseIterable {
        case signInSucceeded = "sign_in.succeeded"
        case signInFailed = "sign_in.failed"
        case signInLocked = "sign_in.locked"
        case sessionCreated = "session.created"
        case sessionEnded = "session.ended"
        case sessionRevoked = "session.revoked"
        case accessDenied = "access.denied"
        case accessPermitted = "access.permitted"
        case configReloaded = "config.reloaded"
        case configRejected = "config.rejected"
        case adminStarted = "admin.started"
        case adminStopped = "admin.stopped"
        case adminAuditGap = "admin.audit_gap"
        case sealed = "audit.sealed"
    }

    package enum Outcome: String, Sendable {
        case success
        case failure
    }

    package var name: Name
    package var outcome: Outcome
    /// One word that never changes, as `wrong_password` or `missing_role`.
    package var reason: String?
    /// The person's immutable id with its realm; `nil` where nobody is known.
    package var subject: SubjectID?
    /// What was typed as a name, folded.
    package var login: String?
    package var directory: String?
    package var app: String?
    package var method: String?
    /// Canonical, without the query.
    package var path: String?
    /// The rule that decided, by its place from 0.
    package var rule: Int?
    /// `nil` where it is not known (a Unix socket) or nobody asked over a network.
    package var address: SourceAddress?
    package var userAgent: String?
    package var requestID: RequestID?
    package var session: SessionID?
    /// What belongs to this kind of event alone, in this order; names are `[a-z_]+` and none of those above.
    package var details: [Detail]

    package struct Detail: Sendable, Hashable {
        package let name: String
        package let value: String
        /// Whether the line shows it as a number, without quotation marks.
        package let isNumber: Bool

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
            isNumber = false
        }

        package init(_ name: String, _ number: Int64) {
            self.name = name
            value = String(number)
            isNumber = true
        }
    }

    package init(_ name: Name, outcome: Outcome, reason: String? = nil) {
        self.name = name
        self.outcome = outcome
        self.reason = reason
        details = []
    }
}

/// `audit`: where the trail goes.
package struct AuditConfiguration: Sendable, Equatable {
    /// `nil` keeps no file: the lines go to the application's log alone.
    package var file: String?
    /// Also to the system's log by `/dev/log`.
    package var syslog: Bool
    /// Also to the stream `gh:audit` in Redis, for the console.
    package var redisStream: Bool

    package init(file: String? = nil, syslog: Bool = false, redisStream: Bool = false) {
        self.file = file
        self.syslog = syslog
        self.redisStream = redisStream
    }
}
