internal import GatehouseCore
internal import Logging
package import Policy
internal import Sessions

/// The gateway's own web application: sign-in, launcher and sign-out on the portal's host, and the paths below
/// `/.gatehouse/` on every app's host. Made anew with each configuration; what must outlive that is in ``PortalServices``.
package final class PortalService: Sendable {
    let environment: PortalEnvironment
    private let portalPages: PortalRouter
    private let appPages: PortalRouter

    package convenience init(configuration: PortalConfiguration, routes: RouteTable, services: PortalServices) {
        self.init(configuration: configuration, routes: routes, services: services, catalogue: .standard)
    }

    init(
        configuration: PortalConfiguration,
        routes: RouteTable,
        services: PortalServices,
        catalogue: MessageCatalogue
    ) {
        let environment = PortalEnvironment(
            configuration: configuration,
            routes: routes,
            services: services,
            catalogue: catalogue
        )
        self.environment = environment
        let signIn = SignIn(environment: environment)
        let signOut = SignOut(environment: environment)
        let launcher = Launcher(environment: environment)
        let appSignOut = AppSignOut(environment: environment)
        let callback = Callback(environment: environment)
        let whoAmI = WhoAmI(environment: environment)
        let keySet = KeySet(environment: environment)
        let files = StaticFiles(environment: environment)
        let notAllowed: PortalRouter.Handler = { environment.respond(.methodNotAllowed, to: $0) }
        portalPages = PortalRouter(
            [
                .get("/", launcher.show),
                .get("/login", signIn.show, post: signIn.submit),
                .get("/logout", signOut.show, post: signOut.submit),
                .get("/.well-known/jwks.json", keySet.show),
                .get("/robots.txt", files.robots),
                .get("/favicon.ico", files.icon),
            ] + files.assets,
            logger: services.logger,
            methodNotAllowed: notAllowed
        )
        appPages = PortalRouter(
            [
                .getOnly("/.gatehouse/callback", callback.redeem),
                .get("/.gatehouse/sign-out", appSignOut.show, post: appSignOut.submit),
                .get("/.gatehouse/whoami", whoAmI.show),
            ] + files.assets,
            logger: services.logger,
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
        // Not with what a cache may keep: it would hand the end of one browser's session to others.
        let isShared = response.values(of: "Cache-Control").contains { $0.utf8.starts(with: "public".utf8) }
        if !isShared, visit.cookies.isRepeated(session),
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
