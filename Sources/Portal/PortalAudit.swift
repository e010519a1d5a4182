package import Audit

/// What the portal does with the audit trail; tests hand in their own.
package struct PortalAudit: Sendable {
    /// Whether a sign-in may begin at all.
    var isWritable: @Sendable () -> Bool
    /// Notes what is over already; waits for nothing.
    var record: @Sendable (AuditEvent) -> Void
    /// Returns when the event is on record.
    var commit: @Sendable (AuditEvent) async throws(AuditError) -> Void

    init(
        isWritable: @escaping @Sendable () -> Bool,
        record: @escaping @Sendable (AuditEvent) -> Void,
        commit: @escaping @Sendable (AuditEvent) async throws(AuditError) -> Void
    ) {
        self.isWritable = isWritable
        self.record = record
        self.commit = commit
    }

    package init(_ trail: AuditTrail) {
        self.init(
            isWritable: { trail.isWritable },
            record: { trail.record($0) },
            commit: { event throws(AuditError) in try await trail.commit(event) }
        )
    }
}
