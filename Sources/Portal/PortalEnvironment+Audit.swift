internal import Audit
internal import GatehouseCore
internal import Logging
internal import Sessions

extension PortalEnvironment {
    /// Puts an event on record before anything is answered. Where that cannot be done, the visitor gets a 503.
    func commit(_ event: AuditEvent, _ visit: Visit) async throws(PageFailure) {
        do {
            try await audit.commit(event)
        } catch {
            logger.error(
                "The audit trail cannot be written",
                metadata: [
                    "request_id": "\(visit.request.id)", "event": "\(event.name.rawValue)",
                    "error": "\(JSONText.escaped(String(describing: error)))",
                ]
            )
            throw PageFailure(.unavailable)
        }
    }
}

extension AuditEvent {
    /// An event that a visit brought about: with the address, the browser's word for itself and the reference.
    init(_ name: Name, outcome: Outcome, reason: String?, of visit: Visit) {
        self.init(name, outcome: outcome, reason: reason)
        address = visit.address
        userAgent = visit.client.userAgent.isEmpty ? nil : visit.client.userAgent
        requestID = visit.request.id
    }

    /// The same about a person and a session of theirs.
    init(_ name: Name, reason: String?, session: Session, of visit: Visit) {
        self.init(name, outcome: .success, reason: reason, of: visit)
        subject = session.subject.id
        directory = session.subject.id.realm
        self.session = session.id
    }
}
