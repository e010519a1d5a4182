import Cryptography
import GatehouseCore
import Identity
import Logging
import NIOCore
import NIOPosix
import Policy
import Proxy
import Sessions
import Synchronization

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

    static func rule(
        _ path: String,
        methods: Set<RequestMethod>? = nil,
        audience: Demand.Audience? = nil,
        roles: [String] = []
    ) throws -> Rule {
        Rule(path: try PathPattern(path), methods: methods, demand: Demand(audience: audience, roles: roles))
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
        portal: Origin = portal
    ) throws -> ProxySnapshot {
        // The apps are one, two, three, …; most tests need the first alone.
        let names = ["app", "two", "three"]
        let apps = try upstreams.indices.map { try app(names[$0], hosts: ["\(names[$0]).test"]) }
        let headers = try headers()
        return ProxySnapshot(
            number: number,
            routes: RouteTable(apps: apps, roles: roles, portal: portal),
            forwarding: upstreams.map {
                ForwardingConfiguration(
                    upstream: UpstreamAddress(host: "127.0.0.1", port: UInt16($0)),
                    headers: headers
                )
            },
            cookies: CookieNames(portal: portal.scheme),
            limits: limits
        )
    }
}

/// The data plane in this process, on event loops of its own.
struct Gateway {
    let group: MultiThreadedEventLoopGroup
    let server: ProxyServer
    let port: Int
    let records: Observed<[ExchangeRecord]>
    /// Cookie fields of people who are signed in on each host.
    let alice: String
    let bob: String
    let store: MemorySessionStore

    static func responder(
        _ submit: @escaping @Sendable (LocalRequest, EventLoopPromise<LocalResponse>) -> Bool = { request, promise in
            promise.succeed(
                LocalResponse(
                    status: 200,
                    fields: [("Content-Type", "text/plain"), ("X-Path", request.path)],
                    body: ByteBuffer(string: "portal \(request.method) \(request.path) \(String(buffer: request.body))")
                )
            )
            return true
        }
    ) -> LocalResponder {
        LocalResponder(
            submit: submit,
            render: { page in
                RenderedPage(
                    fields: [("Content-Type", page.acceptsHTML ? "text/html" : "application/problem+json")],
                    body: ByteBuffer(string: "page \(page.status)")
                )
            }
        )
    }

    static func start(
        upstreams: [Int],
        limits: ProxyLimits = ProxyLimits(),
        threads: Int = 1,
        store wrapped: (@Sendable (MemorySessionStore) -> any SessionStore)? = nil,
        responder: LocalResponder = responder()
    ) async throws -> Gateway {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let store = MemorySessionStore()
        let records = Observed<[ExchangeRecord]>([])
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        guard let key = GatewayKey(bytes: [UInt8](repeating: 7, count: 32)) else { preconditionFailure("no key") }
        let server = try await ProxyServer(
            group: group,
            snapshot: World.snapshot(upstreams: upstreams, limits: limits),
            services: ProxyServices(
                store: wrapped.map { $0(store) } ?? store,
                returnState: ReturnState(key: key),
                responder: responder,
                accessLog: AccessLog { record in records.update { if $0.count < 10_000 { $0.append(record) } } },
                logger: logger
            )
        )
        let address = try await server.listen(.ip("127.0.0.1", port: 0))
        var cookies: [String] = []
        for (user, role) in [("alice", "user"), ("bob", "admin")] {
            let token = SessionToken.random()
            _ = try await store.create(
                SessionBeginning(
                    subject: World.subject(user, role: role, ["mail": ["\(user)@example.com"], "language": ["de"]]),
                    authenticationMethods: ["pwd"],
                    token: token.digest,
                    host: "app.test",
                    lifetime: SessionLifetime()
                ),
                near: group.any()
            )
            cookies.append("__Host-gatehouse=\(token.text)")
        }
        return Gateway(
            group: group,
            server: server,
            port: address?.port ?? 0,
            records: records,
            alice: cookies[0],
            bob: cookies[1],
            store: store
        )
    }

    func stop() async throws {
        await server.shutDown(within: .zero)
        try await group.shutdownGracefully()
    }

    func connect(keepsBytes: Bool = true, readsAlone: Bool = true) async throws -> RawConnection {
        try await RawConnection.open(port, keepsBytes: keepsBytes, readsAlone: readsAlone)
    }

    /// A request of alice's with a head of the usual form.
    func request(
        _ line: String,
        host: String = "app.test",
        fields: String = "",
        body: String = "",
        cookie: String? = nil
    )
        -> String
    {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        return "\(line) HTTP/1.1\r\nHost: \(host)\r\nCookie: \(cookie ?? alice)\r\n\(fields)\(length)\r\n\(body)"
    }

    /// Returns when the gateway, which has one thread here, has seen everything that was sent to it before.
    func seesWhatWasSent() async throws {
        for _ in 0..<3 {
            let other = try await connect()
            _ = try await other.exchange("GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
            other.close()
        }
    }

    /// Ends each test: another client is still served, and rightly.
    func isAlive(_ backend: RecordingBackend) async throws -> Bool {
        let before = backend.state.value.requests.count
        let client = try await connect()
        client.send(request("GET /alive"))
        let request = try await backend.state.wait("the liveness request") {
            $0.requests.dropFirst(before).contains { $0.target == "/alive" }
        }.requests.last { $0.target == "/alive" }
        client.close()
        return request?.values("Remote-User") == ["alice"]
    }
}

/// Runs a test with an upstream and a gateway before it.
func withGateway(
    _ backend: RecordingBackend,
    limits: ProxyLimits = ProxyLimits(),
    more: [Int] = [],
    threads: Int = 1,
    store: (@Sendable (MemorySessionStore) -> any SessionStore)? = nil,
    responder: LocalResponder = Gateway.responder(),
    _ body: (Gateway) async throws -> Void
) async throws {
    let gateway = try await Gateway.start(
        upstreams: [backend.port] + more,
        limits: limits,
        threads: threads,
        store: store,
        responder: responder
    )
    do {
        try await body(gateway)
        try await gateway.stop()
        await backend.stop()
    } catch {
        try? await gateway.stop()
        await backend.stop()
        throw error
    }
}

/// Resident memory of this process, in bytes.
func residentBytes() -> Int {
    guard let statm = ProcessFile.read("/proc/self/statm") else { return 0 }
    let pages = statm.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4096
}
