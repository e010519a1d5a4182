import Audit
import Cryptography
import Directory
import GatehouseCore
import Logging
import NIOCore
import NIOPosix
import Policy
import Sessions
import Synchronization

@testable import Portal

/// Both clocks of a test. Sleeping notes until when, and costs nothing.
final class ManualTime: Sendable {
    private struct State {
        var wall = Timestamp(milliseconds: 1_800_000_000_000)
        var steady = ContinuousClock.now
        var wakings: [ContinuousClock.Instant] = []
    }

    private let state = Mutex(State())

    var wallClock: WallClock { WallClock { [self] in state.withLock { $0.wall } } }

    var steadyClock: SteadyClock {
        SteadyClock(
            now: { [self] in now },
            sleep: { [self] until in
                try Task.checkCancellation()
                state.withLock { $0.wakings.append(until) }
            }
        )
    }

    var now: ContinuousClock.Instant { state.withLock { $0.steady } }
    var wakings: [ContinuousClock.Instant] { state.withLock { $0.wakings } }

    func advance(by duration: Duration) {
        state.withLock { state in
            state.wall = state.wall + duration
            state.steady += duration
        }
    }
}

/// A portal with a small company behind it.
final class TestPortal: Sendable {
    static let portal = Origin("https://login.example.com")!
    static let crm = Origin("https://crm.example.com")!
    static let wiki = Origin("https://wiki.example.com:8443")!

    let time: ManualTime
    let store: any SessionStore
    let log = LogRecorder()
    let trail: TestTrail
    /// What was counted: directory and outcome.
    let signIns = Recorder<String>()
    let services: PortalServices
    let service: PortalService
    let routes: RouteTable
    let configuration: PortalConfiguration
    let key = GatewayKey(bytes: (0..<32).map { UInt8($0) })!

    init(
        time: ManualTime = ManualTime(),
        scheme: Origin.Scheme = .https,
        portal: Origin = TestPortal.portal,
        routes: RouteTable? = nil,
        store: (any SessionStore)? = nil,
        limits: SignInLimits = TestPortal.plenty,
        limiter: (any SignInLimiter)? = nil,
        trail: TestTrail = TestTrail(),
        audit: PortalAudit? = nil,
        memory: SignInMemory = SignInMemory(),
        catalogue: MessageCatalogue = .standard,
        factsDigests: [String: String] = ["staff": "v1"],
        authenticate: PortalServices.Authenticate? = nil,
        refresh: @escaping PortalServices.Refresh = { $0 },
        jwks: @escaping @Sendable () -> String? = { nil },
        onLimited: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        self.time = time
        self.trail = trail
        self.store = store ?? MemorySessionStore(clock: time.wallClock)
        self.routes = try routes ?? Self.routes()
        configuration = PortalConfiguration(
            origin: portal,
            cookies: CookieNames(portal: scheme),
            factsDigests: factsDigests
        )
        let log = log
        let signIns = signIns
        services = PortalServices(
            store: self.store,
            limiter: limiter ?? MemorySignInLimiter(limits: limits, clock: time.wallClock),
            audit: audit ?? trail.audit,
            memory: memory,
            key: key,
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            clock: time.wallClock,
            steadyClock: time.steadyClock,
            authenticate: authenticate ?? { name, password, admit in
                try await Self.company(time, name, password, admit)
            },
            refresh: refresh,
            jwks: jwks,
            onSignIn: { signIns.append("\($0) \($1)") },
            onLimited: onLimited,
            logger: Logger(label: "portal") { _ in log }
        )
        service = PortalService(
            configuration: configuration,
            routes: self.routes,
            services: services,
            catalogue: catalogue
        )
    }

    /// For tests about something else than limits.
    static let plenty = SignInLimits(
        perAccount: .init(count: 1000, period: .seconds(300)),
        perNetwork: .init(count: 1000, period: .seconds(300))
    )

    static func routes() throws -> RouteTable {
        let roles = RoleTable([
            RoleDefinition(name: "sales", relation: "customers", groups: [group("sales")], permissions: ["leads.read"]),
            RoleDefinition(name: "partner-desk", relation: "partner-care", groups: [group("partners")]),
            RoleDefinition(name: "auditor", groups: [group("auditors")]),
        ])
        func app(
            _ name: String,
            _ title: String,
            _ origin: Origin,
            paths: [String] = [],
            rules: [Rule],
            launch: String = "/",
            encodedSlash: AppPolicy.EncodedSlash = .refuse
        ) throws -> AppPolicy {
            AppPolicy(
                name: name,
                title: title,
                hosts: [origin.host],
                paths: paths,
                origins: [origin.host: origin],
                encodedSlash: encodedSlash,
                rules: rules,
                launch: try Template(launch)
            )
        }
        let shared = Origin("https://tools.example.com")!
        let everything = try PathPattern("/**")
        return RouteTable(
            apps: [
                try app(
                    "crm",
                    "Customer <Relations>",
                    crm,
                    rules: [Rule(path: everything, demand: Demand(roles: ["sales"]))]
                ),
                try app(
                    "partners",
                    "Partner Reports",
                    Origin("https://partners.example.com")!,
                    rules: [
                        Rule(path: try PathPattern("/of/{organization}/**"), demand: Demand(roles: ["partner-desk"]))
                    ],
                    launch: "/of/{organization}/start?view=all"
                ),
                try app(
                    "wiki",
                    "Wiki",
                    wiki,
                    rules: [Rule(path: everything, demand: Demand(audience: .signedIn))],
                    encodedSlash: .keep
                ),
                try app(
                    "trail",
                    "Audit Trail",
                    shared,
                    paths: ["/trail"],
                    rules: [Rule(path: everything, demand: Demand(roles: ["auditor"]))],
                    launch: "/trail/"
                ),
                try app(
                    "status",
                    "Status",
                    shared,
                    paths: ["/status"],
                    rules: [Rule(path: everything, demand: Demand(audience: .anyone))],
                    launch: "/status/"
                ),
            ],
            roles: roles,
            portal: portal
        )
    }

    static func group(_ name: String) -> DistinguishedName {
        DistinguishedName("cn=\(name),ou=groups,dc=example,dc=com")!
    }

    static func subject(
        _ user: String,
        groups: [String] = [],
        attributes: [String: [String]] = [:]
    ) -> Subject {
        Subject(
            id: SubjectID(realm: "staff", immutableID: "id-of-\(user)"),
            user: user,
            attributes: attributes,
            groups: Set(groups.map(group))
        )
    }

    struct DirectoryIsDown: Error {}

    /// Everybody's password is `right`, and everybody is known by their mail address too.
    static func company(
        _ time: ManualTime,
        _ name: FoldedName,
        _ password: Secret,
        _ admit: PortalServices.Admit
    ) async throws -> AuthenticationResult {
        let people = [
            "alice": subject(
                "alice",
                groups: ["sales", "partners"],
                attributes: ["name": ["Alice <b>Öz</b>"], "organization": ["Müller & Söhne"]]
            ),
            "bob": subject("bob", groups: ["auditors"]),
            "nobody": subject("nobody"),
            "locked": subject("locked"), "expired": subject("expired"), "reset": subject("reset"),
            "disabled": subject("disabled"),
        ]
        if name.description == "outage" { throw DirectoryIsDown() }
        let user = name.description.hasSuffix("@example.com") ? String(name.description.dropLast(12)) : name.description
        guard let subject = people[user] else { return .rejected(Rejection(.unknownName)) }
        guard await admit(subject.id) else { return .rejected(Rejection(.throttled, subject: subject.id)) }
        time.advance(by: .milliseconds(17))
        guard password.withBytes({ $0 }) == Array("right".utf8) else {
            return .rejected(Rejection(.wrongPassword, subject: subject.id))
        }
        switch subject.user {
        case "locked": return .rejected(Rejection(.accountLocked, subject: subject.id))
        case "expired": return .rejected(Rejection(.passwordExpired, subject: subject.id))
        case "reset": return .rejected(Rejection(.mustChangePassword, subject: subject.id))
        default:
            return .authenticated(
                Person(subject: subject, dn: "uid=\(subject.user)", isDisabled: subject.user == "disabled")
            )
        }
    }
}

/// A loop for what the tests ask the store themselves.
let loop = MultiThreadedEventLoopGroup.singleton.next()
