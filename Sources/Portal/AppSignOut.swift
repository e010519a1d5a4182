internal import Audit
internal import GatehouseCore
internal import Policy
internal import Sessions

/// `/.gatehouse/sign-out` on an app's host: ends the session everywhere, or leaves this application only.
struct AppSignOut: Sendable {
    let environment: PortalEnvironment

    @Sendable
    func show(_ visit: Visit) async throws -> PortalResponse {
        let host = visit.request.host
        guard try await environment.session(of: visit, touching: true) != nil else {
            return environment.respond(notice(host, visit.messages, .notSignedInTitle, .notSignedInLead))
        }
        // Signing out everywhere ends on the portal's page.
        return environment.respond(question(host, visit.messages), formTargets: [environment.configuration.origin])
    }

    @Sendable
    func submit(_ visit: Visit) async throws -> PortalResponse {
        guard RequestProvenance(of: visit.request, on: environment.origin(of: visit.request)) == .sameOrigin else {
            throw PageFailure(.otherSite)
        }
        let host = visit.request.host
        let isHereOnly = try await visit.form().has("scope", "here")
        guard let live = try await environment.session(of: visit, touching: false) else {
            return environment.respond(notice(host, visit.messages, .notSignedInTitle, .notSignedInLead))
        }
        let cleared = environment.cookies.clearCookie(environment.cookies.session)
        if isHereOnly {
            try await environment.stored(visit) { () async throws in
                try await environment.store.drop(live.token.digest, near: environment.eventLoop)
            }
            environment.audit.record(leaving(live.session, visit))
            return environment.respond(notice(host, visit.messages, .signedOutHereTitle, .signedOutHereLead))
                .setting("Set-Cookie", cleared)
        }
        try await environment.signOut(visit, live)
        return .seeOther(environment.loginURL("?signed_out=1")).setting("Set-Cookie", cleared)
    }

    /// The session goes on elsewhere: `scope` says so, and `app` where the host has one.
    private func leaving(_ session: Session, _ visit: Visit) -> AuditEvent {
        let host = visit.request.host
        var event = AuditEvent(.sessionEnded, reason: SessionEnd.signedOut.rawValue, session: session, of: visit)
        let apps = environment.routes.apps.filter { $0.hosts.contains(host) }
        event.app = apps.count == 1 ? apps[0].name : nil
        event.details = [.init("scope", "app"), .init("host", host)]
        return event
    }

    func question(_ host: String, _ messages: Messages) -> Page {
        let heading = messages.text(.appSignOutTitle, "app", environment.destinations.title(of: host))
        return Page(
            template: .appSignOut,
            title: heading,
            messages: messages,
            values: ["heading": heading, "back": environment.destinations.root(of: host)]
        )
    }

    func notice(_ host: String, _ messages: Messages, _ title: MessageKey, _ lead: MessageKey) -> Page {
        let app = environment.destinations.title(of: host)
        let heading = messages.text(title, "app", app)
        let links: [[String: Any]] = [
            ["label": messages.text(.toLauncher), "url": environment.launcherURL, "isPrimary": true],
            [
                "label": messages.text(.openAgain, "app", app), "url": environment.destinations.root(of: host),
                "isPrimary": false,
            ],
        ]
        return Page(
            template: .notice,
            title: heading,
            messages: messages,
            values: ["app": false, "heading": heading, "sentences": [messages.text(lead)], "links": links]
        )
    }
}
