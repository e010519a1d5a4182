internal import Audit
internal import GatehouseCore
internal import Sessions

/// `/logout`: asks, and ends the session on every app.
struct SignOut: Sendable {
    let environment: PortalEnvironment

    @Sendable
    func show(_ visit: Visit) async throws -> PortalResponse {
        guard let live = try await environment.session(of: visit, touching: true) else {
            return .seeOther(environment.loginURL())
        }
        return environment.respond(page(live, visit.messages))
    }

    @Sendable
    func submit(_ visit: Visit) async throws -> PortalResponse {
        guard let live = try await environment.session(of: visit, touching: false) else {
            return .seeOther(environment.loginURL())
        }
        guard try await isOwnForm(visit, live) else {
            return environment.respond(page(live, visit.messages, problem: .otherSite), status: 403)
        }
        try await environment.signOut(visit, live)
        return .seeOther(environment.loginURL("?signed_out=1"))
            .setting("Set-Cookie", environment.cookies.clearCookie(environment.cookies.session))
    }

    /// The browser's word where it gives it; the hidden field where it does not.
    private func isOwnForm(_ visit: Visit, _ live: LiveSession) async throws -> Bool {
        switch RequestProvenance(of: visit.request, on: environment.configuration.origin) {
        case .sameOrigin: return true
        case .otherSite: return false
        case .unknown:
            let fields = try await visit.form()
            return environment.protection.accepts(fields.text("csrf"), for: .signOut, secret: live.token)
        }
    }

    func page(_ live: LiveSession, _ messages: Messages, problem: MessageKey? = nil) -> Page {
        let title = messages.text(.signOutTitle)
        return Page(
            template: .signOut,
            title: problem == nil ? title : messages.text(.errorPrefix) + " " + title,
            messages: messages,
            values: [
                "csrf": environment.protection.value(for: .signOut, secret: live.token),
                "problem": problem.map { messages.text($0) } ?? false,
            ]
        )
    }
}

extension PortalEnvironment {
    /// Ends a session on every host and puts that on record. To leave is never refused: where the trail cannot be written
    /// now, it keeps the event until it can.
    func signOut(_ visit: Visit, _ live: LiveSession) async throws {
        let session = live.session
        let cause = SessionEnd.signedOut
        let wasLive = try await stored(visit) { () async throws in
            try await store.end(session.id, of: session.subject.id, cause: cause, near: eventLoop)
        }
        guard wasLive else { return }
        audit.record(AuditEvent(.sessionEnded, reason: cause.rawValue, session: session, of: visit))
    }
}
