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
    let services: PortalServices
    let protection: FormProtection
    let returnState: ReturnState
    let catalogue: MessageCatalogue
    let pages: PortalPages
    let security: SecurityFields

    init(
        configuration: PortalConfiguration,
        routes: RouteTable,
        services: PortalServices,
        catalogue: MessageCatalogue
    ) {
        self.configuration = configuration
        self.routes = routes
        self.services = services
        self.catalogue = catalogue
        destinations = Destinations(routes)
        protection = FormProtection(key: services.key, clock: services.clock)
        returnState = ReturnState(key: services.key)
        pages = PortalPages(configuration: configuration, catalogue: catalogue)
        security = SecurityFields(isSecure: configuration.origin.scheme == .https)
    }

    var store: any SessionStore { services.store }
    var audit: PortalAudit { services.audit }
    var eventLoop: any EventLoop { services.eventLoop }
    var clock: WallClock { services.clock }
    var steadyClock: SteadyClock { services.steadyClock }
    var logger: Logger { services.logger }

    var cookies: CookieNames { configuration.cookies }
    var launcherURL: String { "\(configuration.origin)/" }
    func loginURL(_ query: String = "") -> String { "\(configuration.origin)/login\(query)" }

    /// The origin under which a host's own pages are reached.
    func origin(of request: PortalRequest) -> Origin {
        request.isPortalHost
            ? configuration.origin : destinations.origins[request.host] ?? configuration.origin
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
