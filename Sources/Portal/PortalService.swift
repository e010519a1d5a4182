package import Cryptography
package import Directory
package import GatehouseCore
package import Logging
package import NIOCore
package import Policy
package import Sessions

/// The gateway's own web application: sign-in, launcher and sign-out on the portal's host, and the paths below
/// `/.gatehouse/` on every app's host.
package final class PortalService: Sendable {
    /// Asks the directories about a name and a password. Throws only when they cannot answer.
    package typealias Authenticate = @Sendable (FoldedName, Secret) async throws -> AuthenticationResult

    let environment: PortalEnvironment
    private let portalPages: PortalRouter
    private let appPages: PortalRouter

    /// - Parameters:
    ///   - eventLoop: where the store is asked; any loop of the process.
    ///   - steadyClock: times the answers of failed sign-ins.
    package convenience init(
        configuration: PortalConfiguration,
        routes: RouteTable,
        store: any SessionStore,
        key: GatewayKey,
        eventLoop: any EventLoop,
        clock: WallClock = .system,
        steadyClock: SteadyClock = .system,
        authenticate: @escaping Authenticate,
        logger: Logger
    ) {
        self.init(
            configuration: configuration,
            routes: routes,
            store: store,
            key: key,
            eventLoop: eventLoop,
            clock: clock,
            steadyClock: steadyClock,
            authenticate: authenticate,
            catalogue: .standard,
            logger: logger
        )
    }

    init(
        configuration: PortalConfiguration,
        routes: RouteTable,
        store: any SessionStore,
        key: GatewayKey,
        eventLoop: any EventLoop,
        clock: WallClock,
        steadyClock: SteadyClock,
        authenticate: @escaping Authenticate,
        catalogue: MessageCatalogue,
        logger: Logger
    ) {
        let environment = PortalEnvironment(
            configuration: configuration,
            routes: routes,
            destinations: Destinations(routes),
            store: store,
            eventLoop: eventLoop,
            clock: clock,
            steadyClock: steadyClock,
            protection: FormProtection(key: key, clock: clock),
            returnState: ReturnState(key: key),
            catalogue: catalogue,
            pages: PortalPages(configuration: configuration, catalogue: catalogue),
            security: SecurityFields(isSecure: configuration.origin.scheme == .https),
            logger: logger
        )
        self.environment = environment
        let signIn = SignIn(environment: environment, authenticate: authenticate)
        let signOut = SignOut(environment: environment)
        let launcher = Launcher(environment: environment)
        let appSignOut = AppSignOut(environment: environment)
        let callback = Callback(environment: environment)
        let whoAmI = WhoAmI(environment: environment)
        let files = StaticFiles(environment: environment)
        let notAllowed: PortalRouter.Handler = { environment.respond(.methodNotAllowed, to: $0) }
        portalPages = PortalRouter(
            [
                .get("/", launcher.show),
                .get("/login", signIn.show, post: signIn.submit),
                .get("/logout", signOut.show, post: signOut.submit),
                .get("/robots.txt", files.robots),
                .get("/favicon.ico", files.icon),
            ] + files.assets,
            logger: logger,
            methodNotAllowed: notAllowed
        )
        appPages = PortalRouter(
            [
                .getOnly("/.gatehouse/callback", callback.redeem),
                .get("/.gatehouse/sign-out", appSignOut.show, post: appSignOut.submit),
                .get("/.gatehouse/whoami", whoAmI.show),
            ] + files.assets,
            logger: logger,
            methodNotAllowed: notAllowed
        )
    }

    /// Answers every request; what goes wrong becomes a page with the reference.
    package func respond(to request: PortalRequest) async -> PortalResponse {
        let visit = Visit(request, catalogue: environment.catalogue)
        var response: PortalResponse
        do {
            let router = request.isPortalHost ? portalPages : appPages
            response = try await router.respond(to: visit) ?? environment.respond(.notFound, to: visit)
        } catch let failure as PageFailure {
            response = environment.respond(failure.kind, to: visit)
        } catch {
            environment.logger.error(
                "The portal could not answer",
                metadata: [
                    "request_id": "\(request.id)", "path": "\(JSONText.escaped(request.path))",
                    "error": "\(JSONText.escaped(String(describing: error)))",
                ]
            )
            response = environment.respond(.internalError, to: visit)
        }
        return finish(response, visit)
    }

    private func finish(_ response: PortalResponse, _ visit: Visit) -> PortalResponse {
        var response = response
        let session = environment.cookies.session
        if visit.cookies.isRepeated(session),
            !response.values(of: "Set-Cookie").contains(where: { $0.utf8.starts(with: (session + "=").utf8) })
        {
            response.fields.append(("Set-Cookie", environment.cookies.clearCookie(session)))
        }
        if response.values(of: "Strict-Transport-Security").isEmpty {
            response.fields += environment.security.transport
        }
        return response
    }
}
