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
        conditions: Conditions = Conditions(),
        responder: LocalResponder = responder()
    ) async throws -> Gateway {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let store = MemorySessionStore()
        let records = Observed<[ExchangeRecord]>([])
        guard let key = GatewayKey(bytes: [UInt8](repeating: 7, count: 32)) else { preconditionFailure("no key") }
        let server = try await ProxyServer(
            group: group,
            snapshot: World.snapshot(upstreams: upstreams, limits: limits, conditions),
            services: ProxyServices(
                store: conditions.store.map { $0(store) } ?? store,
                returnState: ReturnState(key: key),
                responder: responder,
                accessLog: AccessLog { record in records.update { if $0.count < 10_000 { $0.append(record) } } },
                logger: conditions.logger,
                clock: conditions.clock,
                assertions: conditions.assertions,
                refresh: conditions.refresh
            )
        )
        let address = try await server.listen(.ip("127.0.0.1", port: 0))
        var cookies: [String] = []
        for (user, role) in [("alice", "user"), ("bob", "admin")] {
            let token = SessionToken.random()
            _ = try await store.create(
                SessionBeginning(
                    facts: World.facts(user, role: role, ["mail": ["\(user)@example.com"], "language": ["de"]]),
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

    /// The one session of a person's.
    func session(of user: String) async throws -> Session? {
        let subject = SubjectID(realm: "staff", immutableID: "id-of-\(user)")
        return try await store.sessions(of: subject, near: group.any()).first
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
    conditions: Conditions = Conditions(),
    responder: LocalResponder = Gateway.responder(),
    stopsBackend: Bool = true,
    _ body: (Gateway) async throws -> Void
) async throws {
    let gateway = try await Gateway.start(
        upstreams: [backend.port] + more,
        limits: limits,
        threads: threads,
        conditions: conditions,
        responder: responder
    )
    do {
        try await body(gateway)
        try await gateway.stop()
        if stopsBackend { await backend.stop() }
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
