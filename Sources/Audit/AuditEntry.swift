internal import GatehouseCore

/// An event on its way to the writer.
struct AuditEntry: Sendable {
    let event: AuditEvent
    /// When it happened, which may be long before it is written.
    let time: Timestamp
    /// Called once: with `nil` when the line is written, otherwise with the reason.
    let reply: (@Sendable (AuditError?) -> Void)?
    /// In bytes, on the high side.
    let size: Int

    init(_ event: AuditEvent, at time: Timestamp, reply: (@Sendable (AuditError?) -> Void)? = nil) {
        self.event = event
        self.time = time
        self.reply = reply
        size = event.memorySize
    }

    /// Without anybody who waits for it.
    var unattended: AuditEntry { AuditEntry(event, at: time) }

    /// The call that tells whoever waits; `nil` where nobody does.
    func answer(_ error: AuditError?) -> (@Sendable () -> Void)? {
        guard let reply else { return nil }
        return { reply(error) }
    }

    /// Whether it is kept after its caller was told that it cannot be written. A failure has happened, whatever the
    /// caller does now; a success is what the caller refuses for that very reason, and a line about it would be untrue.
    var survivesRefusal: Bool { reply == nil || event.outcome == .failure }
}

/// What a trail does not have, for an `admin.audit_gap`.
struct AuditGap: Sendable, Equatable {
    var reason: String
    var since: Timestamp
    /// Events that fell out of the backlog.
    var lost: Int64 = 0

    var event: AuditEvent {
        var event = AuditEvent(.adminAuditGap, outcome: .failure, reason: reason)
        event.details = [.init("lost", lost), .init("since", since.rfc3339)]
        return event
    }
}
