internal import GatehouseCore
internal import Identity
internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// What the exchanges of one event loop share. Confined to that loop: no lock, no hop.
final class LoopContext {
    let eventLoop: any EventLoop
    let store: any SessionStore
    let returnState: ReturnState
    let responder: LocalResponder
    let accessLog: AccessLog?
    let logger: Logger
    let clock: WallClock
    let pool: UpstreamPool
    private(set) var snapshot: ProxySnapshot
    private(set) var cookies: CookieMatcher
    private var people: [SessionID: Person] = [:]
    private var exchanges: [ObjectIdentifier: ExchangeHandler] = [:]
    private(set) var isDraining = false
    private var generator = BufferedRandomNumberGenerator()

    /// A session under the present snapshot, and its identity blocks by app.
    private final class Person {
        let principal: Principal
        var blocks: [RouteTable.AppIndex: ByteBuffer] = [:]

        init(_ principal: Principal) {
            self.principal = principal
        }
    }

    /// Sessions whose rendered identity is kept; over that, all are rendered anew.
    private static let peopleLimit = 20_000

    init(eventLoop: any EventLoop, snapshot: ProxySnapshot, services: ProxyServices) {
        self.eventLoop = eventLoop
        self.snapshot = snapshot
        self.store = services.store
        self.returnState = services.returnState
        self.responder = services.responder
        self.accessLog = services.accessLog
        self.logger = services.logger
        self.clock = services.clock
        self.cookies = CookieMatcher(snapshot.cookies)
        self.pool = UpstreamPool(eventLoop: eventLoop, limits: snapshot.limits)
    }

    /// The next exchange sees the new snapshot; running ones keep theirs.
    func install(_ snapshot: ProxySnapshot) {
        eventLoop.preconditionInEventLoop()
        self.snapshot = snapshot
        cookies = CookieMatcher(snapshot.cookies)
        pool.limits = snapshot.limits
        people.removeAll()
    }

    func nextRequestID() -> RequestID { .random(using: &generator) }

    /// The person of a live session, roles worked out once per snapshot. An exchange that began before a reload is judged
    /// under its own snapshot, and nothing of it is kept.
    func principal(of session: Session, under snapshot: ProxySnapshot) -> Principal {
        guard snapshot === self.snapshot else {
            return Principal(subject: session.subject, table: snapshot.routes.roles)
        }
        if let person = people[session.id] { return person.principal }
        if people.count >= Self.peopleLimit { people.removeAll(keepingCapacity: true) }
        let principal = Principal(subject: session.subject, table: snapshot.routes.roles)
        people[session.id] = Person(principal)
        return principal
    }

    /// The identity fields of a session for one app, as bytes; `nil` when the person cannot be named to it.
    func identityBlock(
        of session: Session,
        principal: Principal,
        app: RouteTable.AppIndex,
        under snapshot: ProxySnapshot
    ) -> ByteBuffer? {
        let isPresent = snapshot === self.snapshot
        if isPresent, let block = people[session.id]?.blocks[app] { return block }
        let facts = IdentityFacts(
            subject: principal.subject,
            roles: principal.grants.roles,
            permissions: principal.grants.permissions,
            relations: principal.grants.relations
        )
        guard let block = snapshot.renderers[app].block(for: facts) else { return nil }
        if isPresent { people[session.id]?.blocks[app] = block }
        return block
    }

    func register(_ handler: ExchangeHandler) {
        exchanges[ObjectIdentifier(handler)] = handler
    }

    func unregister(_ handler: ExchangeHandler) {
        exchanges[ObjectIdentifier(handler)] = nil
    }

    /// No further exchange begins; idle connections close now, the others with their response.
    func drain() {
        eventLoop.preconditionInEventLoop()
        isDraining = true
        for handler in Array(exchanges.values) { handler.drain() }
        pool.close()
    }

    func closeAll() {
        for handler in Array(exchanges.values) { handler.stopNow() }
    }

    var openConnections: Int { exchanges.count }
}
