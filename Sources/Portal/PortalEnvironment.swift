internal import Cryptography
internal import GatehouseCore
internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// What every page of the portal works with: one configuration snapshot and the services behind it.
struct PortalEnvironment: Sendable {
    let configuration: PortalConfiguration
    let routes: RouteTable
    let destinations: Destinations
    let store: any SessionStore
    let eventLoop: any EventLoop
    let clock: WallClock
    let steadyClock: SteadyClock
    let protection: FormProtection
    let returnState: ReturnState
    let catalogue: MessageCatalogue
    let pages: PortalPages
    let security: SecurityFields
    let logger: Logger

    var cookies: CookieNames { configuration.cookies }
    var launcherURL: String { "\(configuration.origin)/" }
    func loginURL(_ query: String = "") -> String { "\(configuration.origin)/login\(query)" }

    /// The origin under which a host's own pages are reached.
    func origin(of request: PortalRequest) -> Origin {
        request.isPortalHost
            ? configuration.origin : destinations.origins[request.host] ?? configuration.origin
    }

    /// The live session that a visit's cookie stands for on its host.
    func session(of visit: Visit, touching: Bool) async throws -> LiveSession? {
        guard let token = visit.cookies.token(cookies.session) else { return nil }
        let host = visit.request.host
        let found = try await stored(visit) { () async throws in
            try await store.lookUp(token.digest, host: host, touching: touching, near: eventLoop)
        }
        guard case .live(let session) = found else { return nil }
        return LiveSession(token: token, session: session)
    }

    /// Asks the store. Where it cannot answer, the visitor gets a 503.
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

    func respond(_ page: Page, status: Int = 200, formTargets: [Origin] = []) -> PortalResponse {
        PortalResponse(
            status: status,
            fields: [("Content-Type", "text/html; charset=utf-8")] + security.page(formTargets: formTargets),
            body: page.render(productName: configuration.productName)
        )
    }

    func respond(_ kind: ErrorPage.Kind, to visit: Visit) -> PortalResponse {
        let rendered = pages.render(
            ErrorPage(kind, reference: visit.request.id),
            format: PortalPages.Format(accept: visit.request.values(of: "accept").joined(separator: ",")),
            acceptLanguage: visit.request.value(of: "accept-language")
        )
        return PortalResponse(
            status: rendered.status,
            fields: [("Content-Type", rendered.contentType)] + rendered.fields,
            body: rendered.body
        )
    }
}

/// A session and the token that it was found by.
struct LiveSession: Sendable {
    let token: SessionToken
    let session: Session
}
