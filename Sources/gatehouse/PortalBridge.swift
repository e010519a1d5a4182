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
    /// Of these the sign-ins, which strangers can make wait: the other pages keep the rest.
    private static let signInLimit = 1024

    private struct Job: Sendable {
        let request: LocalRequest
        let promise: EventLoopPromise<LocalResponse>
    }

    private let portal: PortalService
    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation
    private let inWork = Atomic<Int>(0)
    private let signInsInWork = Atomic<Int>(0)

    init(portal: PortalService) {
        self.portal = portal
        (jobs, queue) = AsyncStream.makeStream(of: Job.self)
    }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            await withGracefulShutdownHandler {
                for await job in jobs {
                    group.addTask { await self.answer(job) }
                }
            } onGracefulShutdown: {
                self.queue.finish()
            }
        }
    }

    /// - Returns: `false` when there is no room, or the gateway is stopping.
    func submit(_ request: LocalRequest, _ promise: EventLoopPromise<LocalResponse>) -> Bool {
        let isSignIn = Self.isSignIn(request)
        let hasRoom = inWork.add(1, ordering: .relaxed).newValue <= Self.limit
        let mayWait = !isSignIn || signInsInWork.add(1, ordering: .relaxed).newValue <= Self.signInLimit
        guard hasRoom, mayWait, case .enqueued = queue.yield(Job(request: request, promise: promise)) else {
            leave(isSignIn: isSignIn)
            return false
        }
        return true
    }

    /// As the portal's router reads a path: slashes before, behind and doubled do not count.
    private static func isSignIn(_ request: LocalRequest) -> Bool {
        request.isPortalHost && request.method == "POST" && request.path.split(separator: "/") == ["login"]
    }

    private func leave(isSignIn: Bool) {
        inWork.subtract(1, ordering: .relaxed)
        if isSignIn { signInsInWork.subtract(1, ordering: .relaxed) }
    }

    private func answer(_ job: Job) async {
        let request = job.request
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
        leave(isSignIn: Self.isSignIn(request))
        job.promise.succeed(LocalResponse(status: response.status, fields: response.fields, body: response.body))
    }
}

/// Puts the data plane's pages into the portal's words.
struct DataPlanePages: Sendable {
    let pages: PortalPages
    let routes: RouteTable

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
        case .denied(let app, let denial, let user): .denied(app: title(app), reason: denial.reason, person: user)
        case .badGateway(let app): .upstreamFailed(app: title(app))
        case .gatewayTimeout(let app): .upstreamSilent(app: title(app))
        case .contentTooLarge: .bodyTooLarge
        case .unavailable: .unavailable
        }
    }

    private func title(_ app: RouteTable.AppIndex) -> String { routes.apps[app].title }
}
