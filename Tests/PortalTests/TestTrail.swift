import Audit
import Synchronization

@testable import Portal

/// A trail that keeps its events, and can be out of order.
final class TestTrail: Sendable {
    private struct State {
        var events: [AuditEvent] = []
        var isWritable = true
        var refusesCommits = false
    }

    private let state = Mutex(State())

    var events: [AuditEvent] { state.withLock { $0.events } }
    /// As `sign_in.failed wrong_password`, in their order.
    var lines: [String] { events.map { "\($0.name.rawValue) \($0.reason ?? "-")" } }

    func events(_ name: AuditEvent.Name) -> [AuditEvent] { events.filter { $0.name == name } }

    /// The disk is full, and that is known.
    func becomeUnwritable() { state.withLock { $0.isWritable = false } }

    /// The disk is full, and the next commit will find out.
    func refuseCommits() { state.withLock { $0.refusesCommits = true } }

    var audit: PortalAudit {
        PortalAudit(
            isWritable: { [self] in state.withLock { $0.isWritable } },
            record: { [self] event in state.withLock { $0.events.append(event) } },
            commit: { [self] event throws(AuditError) in
                let isRefused = state.withLock { state in
                    let isRefused = state.refusesCommits || !state.isWritable
                    if !isRefused { state.events.append(event) }
                    return isRefused
                }
                if isRefused { throw AuditError(.unwritable, "The disk is full.") }
            }
        )
    }
}
