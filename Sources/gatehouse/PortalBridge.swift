internal import GatehouseCore
internal import Logging
internal import NIOCore
internal import Policy
internal import Portal
internal import Proxy
internal import ServiceLifecycle
internal import Synchronization

/// Joins the data plane and the portal, which know nothing of each other: requests go through a bounded queue into tasks
/// of this service, answers come back by promise.
final class PortalBridge: Service {
    /// Requests in work at once, those that wait for their moment included; one more is a 503.
    private static let limit = 4096

    /// The one of the present configuration; a request in work stays with the one that took it.
    private let portal: Mutex<PortalService>
    private let work = BackgroundWork(limit: PortalBridge.limit)
    /// Of these the sign-ins: the other pages keep the rest.
    private let signIns = SignInRoom()

    init(portal: PortalService) {
        self.portal = Mutex(portal)
    }

    /// The next request is answered under the new configuration.
    func install(_ portal: PortalService) { self.portal.withLock { $0 = portal } }

    func run() async throws { try await work.run() }

    /// - Returns: `false` when there is no room, or the gateway is stopping.
    func submit(_ request: LocalRequest, _ promise: EventLoopPromise<LocalResponse>) -> Bool {
        guard Self.isSignIn(request) else {
            return work.submit { await self.answer(request, promise) }
        }
        guard signIns.enter(request.address) else { return false }
        let isTaken = work.submit {
            await self.answer(request, promise)
            self.signIns.leave(request.address)
        }
        if !isTaken { signIns.leave(request.address) }
        return isTaken
    }

    /// As the portal's router reads a path: slashes before, behind and doubled do not count.
    private static func isSignIn(_ request: LocalRequest) -> Bool {
        request.isPortalHost && request.method == "POST" && request.path.split(separator: "/") == ["login"]
    }

    private func answer(_ request: LocalRequest, _ promise: EventLoopPromise<LocalResponse>) async {
        let portal = portal.withLock { $0 }
        let response = await portal.respond(
            to: PortalRequest(
                id: request.id,
                method: request.method,
                host: request.host,
                isPortalHost: request.isPortalHost,
                path: request.path,
                query: request.query,
                fields: request.fields,
                address: request.address ?? .unspecified,
                body: { limit in
                    guard request.body.readableBytes <= limit else { throw BodyTooLarge() }
                    return request.body
                }
            )
        )
        promise.succeed(LocalResponse(status: response.status, fields: response.fields, body: response.body))
    }
}

/// Puts the data plane's pages into the portal's words.
struct DataPlanePages: Sendable {
    let pages: PortalPages

    func render(_ page: LocalPage) -> RenderedPage {
        let rendered = pages.render(
            ErrorPage(kind(of: page), reference: page.requestID),
            format: page.acceptsHTML ? .html : .problem,
            acceptLanguage: page.acceptLanguage
        )
        return RenderedPage(
            fields: [(name: "Content-Type", value: rendered.contentType)] + rendered.fields,
            body: rendered.body
        )
    }

    private func kind(of page: LocalPage) -> ErrorPage.Kind {
        switch page.kind {
        case .badRequest(let status, _) where status == 414: .targetTooLong
        case .badRequest(let status, _) where status == 431: .headTooLarge
        case .badRequest, .requestTimeout: .badRequest
        case .methodNotAllowed: .methodNotAllowed
        case .unknownHost: .unknownHost
        case .signInNeeded(let url): .signInNeeded(url: url)
        case .denied(let app, let denial, let user): .denied(app: app, reason: denial.reason, person: user)
        case .badGateway(let app): .upstreamFailed(app: app)
        case .gatewayTimeout(let app): .upstreamSilent(app: app)
        case .contentTooLarge: .bodyTooLarge
        case .unavailable: .unavailable
        }
    }
}
