import GatehouseCore
import Identity
import Logging
import NIOCore
import Policy
import Proxy
import Sessions

/// The people, roles and apps of these tests.
enum World {
    static let portal = Origin(scheme: .https, host: "login.test")

    static func subject(_ user: String, role: String, _ attributes: [String: [String]] = [:]) -> Subject {
        var all = attributes
        all["name"] = ["The \(user)"]
        all["role"] = [role]
        return Subject(
            id: SubjectID(realm: "staff", immutableID: "id-of-\(user)"),
            user: user,
            attributes: all,
            groups: []
        )
    }

    static let roles = RoleTable([
        RoleDefinition(
            name: "user",
            relation: "customers",
            attribute: .init(name: "role", equals: "user"),
            permissions: ["leads.read"]
        ),
        RoleDefinition(name: "admin", attribute: .init(name: "role", equals: "admin"), includes: ["user"]),
        RoleDefinition(name: "nothing", attribute: .init(name: "role", equals: "nothing")),
    ])

    /// What the directories of these tests ask about people.
    static let factsDigests = ["staff": "digest-1"]

    /// What the directory said, as a session of these tests begins with it.
    static func facts(
        _ user: String,
        role: String,
        _ attributes: [String: [String]] = [:],
        digest: String = "digest-1"
    ) -> SessionFacts {
        SessionFacts(
            subject: subject(user, role: role, attributes),
            checkedAt: Timestamp(milliseconds: 1_800_000_000_000),
            digest: digest
        )
    }

    static func rule(
        _ path: String,
        methods: Set<RequestMethod>? = nil,
        audience: Demand.Audience? = nil,
        roles: [String] = [],
        networks: [String] = []
    ) throws -> Rule {
        Rule(
            path: try PathPattern(path),
            methods: methods,
            demand: Demand(audience: audience, roles: roles, networks: networks.compactMap { Network($0) })
        )
    }

    static func app(
        _ name: String,
        hosts: [String],
        paths: [String] = [],
        encodedSlash: AppPolicy.EncodedSlash = .refuse,
        mergeSlashes: Bool = true,
        directories: Set<String>? = nil
    ) throws -> AppPolicy {
        AppPolicy(
            name: name,
            title: name,
            hosts: hosts,
            paths: paths,
            origins: Dictionary(uniqueKeysWithValues: hosts.map { ($0, Origin(scheme: .https, host: $0)) }),
            encodedSlash: encodedSlash,
            mergeSlashes: mergeSlashes,
            directories: directories,
            rules: [
                try rule("/**", methods: [.options], audience: .anyone),
                try rule("/public/**", audience: .anyone),
                try rule("/admin/**", roles: ["admin"]),
                try rule("/inside/**", audience: .anyone, networks: ["192.0.2.0/24"]),
                try rule("/**", roles: ["user"]),
            ],
            launch: try Template("/")
        )
    }

    static func headers() throws -> HeaderConfiguration {
        HeaderConfiguration(
            set: [
                .init(name: "X-Crm-Mail", value: try Template("{mail}")),
                .init(name: "Accept-Language", value: try Template("{language}")),
            ],
            pass: ["X_Legacy"]
        )
    }

    static func snapshot(
        number: UInt64 = 1,
        upstreams: [Int],
        limits: ProxyLimits = ProxyLimits(),
        portal: Origin = portal,
        _ conditions: Conditions = Conditions()
    ) throws -> ProxySnapshot {
        // The apps are one, two, three, …; most tests need the first alone.
        let names = ["app", "two", "three"]
        var apps = try upstreams.indices.map { try app(names[$0], hosts: ["\(names[$0]).test"]) }
        for index in apps.indices { conditions.change(&apps[index]) }
        let headers = try headers()
        return ProxySnapshot(
            number: number,
            routes: RouteTable(apps: apps, roles: roles, portal: portal),
            forwarding: upstreams.map {
                ForwardingConfiguration(
                    upstream: UpstreamAddress(host: "127.0.0.1", port: UInt16($0)),
                    headers: headers,
                    passive: conditions.passive,
                    auditsPermitted: conditions.auditsPermitted
                )
            },
            cookies: CookieNames(portal: portal.scheme),
            limits: limits,
            trustedProxies: conditions.trusted,
            factsDigests: conditions.factsDigests
        )
    }
}

/// What differs from test to test.
struct Conditions: Sendable {
    struct NoDirectory: Error {}

    var trusted = TrustedProxies.none
    var factsDigests = World.factsDigests
    var passive: [PathPattern] = []
    var auditsPermitted = false
    /// Changes each app before it is put into the table.
    var change: @Sendable (inout AppPolicy) -> Void = { _ in }

    var store: (@Sendable (MemorySessionStore) -> any SessionStore)?
    var refresh: @Sendable (Session, any EventLoop) -> EventLoopFuture<Session?> = { _, eventLoop in
        eventLoop.makeFailedFuture(NoDirectory())
    }
    var assertions: AssertionIssuer?
    var clock = WallClock.system
    var logger = Conditions.silent

    static let silent: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    static func trusting(_ networks: String..., unixSockets: Bool = false) -> Conditions {
        var conditions = Conditions()
        conditions.trusted = TrustedProxies(
            networks: networks.compactMap { Network($0) },
            includesUnixSockets: unixSockets
        )
        return conditions
    }
}
