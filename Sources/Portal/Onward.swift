internal import GatehouseCore
internal import NIOCore
internal import Sessions

/// Where a person goes once they are signed in: to the app's callback with a ticket, or to the launcher.
struct Onward: Sendable {
    private let environment: PortalEnvironment
    /// The app that the visit was going to; `nil` is the launcher.
    let place: AppDestination?
    /// The public half of the app host's return cookie.
    let state: String?
    /// Whether the app's callback has refused a ticket of this visit already.
    let isRetry: Bool

    /// - Parameter fields: of the query or of the form: `rd`, `state`, `retry`.
    init(environment: PortalEnvironment, fields: FormFields) {
        self.environment = environment
        place =
            switch environment.destinations.resolve(fields.text("rd")) {
            case .app(let place): place
            case .launcher: nil
            }
        state = place == nil ? nil : fields.text("state").flatMap { ReturnState.isWellFormed($0) ? $0 : nil }
        isRetry = place != nil && fields.has("retry", "1")
    }

    func response(to visit: Visit, for session: Session) async throws -> PortalResponse {
        guard let place else { return .seeOther(environment.launcherURL) }
        // Without a state no cookie waits for the ticket: the app sends the visit back here with one.
        guard let state else { return .seeOther(place.url) }
        let secret = SessionToken.random()
        let ticket = Ticket(
            digest: secret.digest,
            session: session.id,
            subject: session.subject.id,
            host: place.origin.host,
            state: state,
            destination: place.url
        )
        let isKept = try await environment.stored(visit) { () async throws in
            try await environment.store.keep(ticket, near: environment.eventLoop)
        }
        guard isKept else { return .seeOther(place.url) }
        let retry = isRetry ? "&retry=1" : ""
        return .seeOther("\(place.origin)/.gatehouse/callback?ticket=\(secret.text)\(retry)")
    }
}
