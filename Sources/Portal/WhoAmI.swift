internal import GatehouseCore
internal import NIOCore
internal import Policy
internal import Sessions

/// `/.gatehouse/whoami` on an app's host: the session as an app's own pages may ask for it. Asking is no activity.
struct WhoAmI: Sendable {
    let environment: PortalEnvironment

    @Sendable
    func show(_ visit: Visit) async throws -> PortalResponse {
        guard let live = try await environment.session(of: visit, touching: false) else {
            return refusal(visit)
        }
        let session = live.session
        let subject = session.subject
        let grants = environment.routes.roles.grants(for: subject)
        let now = environment.store.clock.now()
        let optional: [(name: String, value: String?)] = [
            ("name", subject.name), ("email", subject.email), ("organization", subject.organization),
        ]
        let members: [(name: String, value: String)] =
            [("user", JSONText.string(subject.user))]
            + optional.compactMap { member in member.value.map { (member.name, JSONText.string($0)) } }
            + [
                ("realm", JSONText.string(subject.id.realm)),
                ("roles", JSONText.strings(grants.roles)),
                ("permissions", JSONText.strings(grants.permissions)),
                ("relations", JSONText.strings(grants.relations)),
                ("factors", JSONText.strings(session.authenticationMethods)),
                ("checked_at", JSONText.string(session.facts.checkedAt.rfc3339)),
                ("idle_seconds", seconds(until: session.idleEnd, now)),
                ("absolute_seconds", seconds(until: session.absoluteEnd, now)),
            ]
        return PortalResponse(
            status: 200,
            fields: [("Content-Type", "application/json")] + environment.security.data,
            body: ByteBuffer(string: JSONText.object(members) + "\n")
        )
    }

    private func refusal(_ visit: Visit) -> PortalResponse {
        let root = environment.destinations.root(of: visit.request.host)
        let entry = "\(environment.origin(of: visit.request))\(root)"
        let rendered = environment.pages.render(
            ErrorPage(.signInNeeded(url: entry), reference: visit.request.id),
            format: .problem,
            acceptLanguage: visit.request.value(of: "accept-language")
        )
        return PortalResponse(
            status: rendered.status,
            fields: [("Content-Type", rendered.contentType), ("WWW-Authenticate", "Gatehouse")] + rendered.fields,
            body: rendered.body
        )
    }

    private func seconds(until end: Timestamp, _ now: Timestamp) -> String {
        String(max(0, (end - now).components.seconds))
    }
}
