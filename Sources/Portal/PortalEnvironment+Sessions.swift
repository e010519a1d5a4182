internal import GatehouseCore
internal import Logging
internal import Sessions

extension PortalEnvironment {
    /// The live session that a visit's cookie stands for on its host, with facts that were asked for under the configuration
    /// in force: of a directory that the configuration knows no more there is no session, and where it asks for other facts
    /// the person is read anew.
    func session(of visit: Visit, touching: Bool) async throws -> LiveSession? {
        guard let token = visit.cookies.token(cookies.session) else { return nil }
        let host = visit.request.host
        let found = try await stored(visit) { () async throws in
            try await store.lookUp(token.digest, host: host, touching: touching, near: eventLoop)
        }
        guard case .live(let session) = found, let current = try await current(session, visit) else { return nil }
        return LiveSession(token: token, session: current)
    }

    private func current(_ session: Session, _ visit: Visit) async throws -> Session? {
        guard let digest = configuration.factsDigests[session.subject.id.realm] else { return nil }
        if session.facts.digest == digest { return session }
        do {
            return try await services.refresh(session)
        } catch let error as CancellationError {
            throw error
        } catch {
            // The directory cannot answer: what it said before goes on (docs/security-rules.md, rule 19).
            logger.warning(
                "A person could not be read anew: the facts of before are used",
                metadata: [
                    "request_id": "\(visit.request.id)", "session": "\(session.id)",
                    "error": "\(JSONText.escaped(String(describing: error)))",
                ]
            )
            return session
        }
    }

    /// Asks the store, or the limiter. Where it cannot answer, the visitor gets a 503.
    func stored<Answer: Sendable>(
        _ visit: Visit,
        _ ask: () async throws -> Answer
    ) async throws(PageFailure) -> Answer {
        do {
            return try await ask()
        } catch {
            logger.error(
                "The session store cannot answer",
                metadata: [
                    "request_id": "\(visit.request.id)", "error": "\(JSONText.escaped(String(describing: error)))",
                ]
            )
            throw PageFailure(.unavailable)
        }
    }
}

/// A session and the token that it was found by.
struct LiveSession: Sendable {
    let token: SessionToken
    let session: Session
}
