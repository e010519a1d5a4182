internal import GatehouseConfiguration
internal import GatehouseCore
internal import Identity
internal import Policy
internal import Proxy

/// What the gateway would do with a request, found by the very same functions.
struct RequestVerdict {
    let isPermitted: Bool
    /// `permitted`, `denied`, `sign-in needed` or `refused`.
    let decision: String
    let reason: String?
    let app: String?
    /// By its place from 0, as in the access log and in `check`: `rules[2] /admin/**`.
    let rule: String?
    let canonicalPath: String?
    let headers: [(name: String, value: String)]

    init(
        configuration: GatewayConfiguration,
        principal: Principal?,
        host: String,
        path: String,
        method: String,
        address: SourceAddress
    ) {
        let routes = configuration.routeTable()
        let target = path.prefix { $0 != "?" }
        do throws(Refusal) {
            guard let site = routes.host(of: Array(host.utf8).span) else {
                throw Refusal("no application and not the portal has the host \(host) (421)")
            }
            if method != method.uppercased(), RequestMethod(rawValue: method.uppercased()) != nil {
                throw Refusal("a method is written in capitals (400)")
            }
            let method = RequestMethod(rawValue: method) ?? .other
            if method == .connect || method == .trace { throw Refusal("\(method.rawValue) is never forwarded (405)") }
            let (index, canonical) = try Self.app(Array(target.utf8), on: site, routes)
            let app = routes.apps[index]
            let question = Question(method: method, address: address, principal: principal)
            let decision = Authorizer(routes).decide(app: index, on: site, path: canonical.span, question: question)
            func name(_ rule: Int?) -> String? { rule.map { "rules[\($0)] \(app.rules[$0].path)" } }
            self.app = app.name
            canonicalPath = String(decoding: canonical, as: UTF8.self)
            switch consume decision {
            case .permit(let permit):
                rule = name(permit.rule)
                let isKnown = principal.map { app.directories?.contains($0.subject.id.realm) ?? true } ?? false
                var sent: [(name: String, value: String)] = []
                if isKnown, let principal {
                    guard let fields = Self.headers(principal, configuration.forwarding[index].headers) else {
                        (isPermitted, self.decision) = (false, "refused")
                        (reason, headers) = ("the person has no usable user value (503)", [])
                        return
                    }
                    sent = fields
                }
                (isPermitted, self.decision, reason) = (true, "permitted", permit.isPublic ? "open to everybody" : nil)
                headers = sent
            case .challenge(let index):
                (isPermitted, self.decision, reason) = (false, "sign-in needed", nil)
                rule = name(index)
                headers = []
            case .deny(let denial):
                (isPermitted, self.decision, reason) = (false, "denied", Self.words(denial.reason))
                rule = name(denial.rule)
                headers = []
            }
        } catch {
            (isPermitted, decision, reason) = (false, "refused", error.words)
            (app, rule, canonicalPath, headers) = (nil, nil, nil, [])
        }
    }

    private struct Refusal: Error {
        let words: String

        init(_ words: String) {
            self.words = words
        }
    }

    private static func app(
        _ path: [UInt8],
        on host: RouteTable.Host,
        _ routes: RouteTable
    ) throws(Refusal) -> (RouteTable.AppIndex, [UInt8]) {
        let place: Place
        do throws(Place.Refusal) {
            place = try routes.place(on: host, path: path.span)
        } catch {
            throw Refusal("\(error) (400)")
        }
        guard case .app(let index) = place.owner else {
            throw Refusal("the gateway's own pages answer there, whoever asks")
        }
        return if case .rewritten(let bytes) = place.form { (index, bytes) } else { (index, path) }
    }

    /// `nil` when the person cannot be named to an application.
    private static func headers(
        _ principal: Principal,
        _ headers: HeaderConfiguration
    ) -> [(name: String, value: String)]? {
        let renderer = IdentityRenderer(headers: headers)
        let facts = IdentityFacts(
            subject: principal.subject,
            roles: principal.grants.roles,
            permissions: principal.grants.permissions,
            relations: principal.grants.relations
        )
        return renderer.block(for: facts) == nil ? nil : renderer.fields(for: facts)
    }

    private static func words(_ reason: Denial.Reason) -> String {
        switch reason {
        case .noRule: "no rule matches this path and method"
        case .nobody: "the rule lets nobody in"
        case .otherDirectory: "the application does not know people of this directory"
        case .missingRole(let roles): "none of the roles \(roles.joined(separator: ", "))"
        case .missingPermission(let permission): "the permission \(permission) is missing"
        case .network: "the address is in none of the rule's networks"
        case .boundSegment(let attribute): "the path is bound to another \(attribute)"
        case .ambiguousPath: "two readings of the path belong to different applications"
        }
    }
}
