internal import GatehouseCore
internal import Identity
internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// What the exchanges of one event loop share. Confined to that loop: no lock, no hop.
final class LoopContext {
    /// How far the server is on its way out.
    enum Stage {
        case serving
        /// Everything is served, and each answer says that it is its connection's last.
        case draining
        /// Nothing new is expected: whoever is idle for a moment is let go.
        case stopping
    }

    let eventLoop: any EventLoop
    let store: any SessionStore
    let returnState: ReturnState
    let responder: LocalResponder
    let accessLog: AccessLog?
    let logger: Logger
    let clock: WallClock
    let pool: UpstreamPool
    let refreshes: FactsRefreshes
    var outages = OutageReport()
    private(set) var snapshot: ProxySnapshot
    private(set) var cookies: CookieMatcher
    private(set) var stage = Stage.serving
    private var assertions: PresentIssuer
    private var people = People()
    private var exchanges: [ObjectIdentifier: ExchangeHandler] = [:]
    private var secondLook: Scheduled<Void>?
    private var generator = BufferedRandomNumberGenerator()

    init(eventLoop: any EventLoop, snapshot: ProxySnapshot, services: ProxyServices) {
        self.eventLoop = eventLoop
        self.snapshot = snapshot
        self.store = services.store
        self.returnState = services.returnState
        self.responder = services.responder
        self.accessLog = services.accessLog
        self.logger = services.logger
        self.clock = services.clock
        self.assertions = PresentIssuer(services.assertions)
        self.refreshes = FactsRefreshes(eventLoop: eventLoop, services.refresh)
        self.cookies = CookieMatcher(snapshot.cookies)
        self.pool = UpstreamPool(eventLoop: eventLoop, limits: snapshot.limits)
    }

    func nextRequestID() -> RequestID { .random(using: &generator) }

    /// The person of a live session. An exchange that began before a reload is judged under its own snapshot, and nothing
    /// of it is kept.
    func person(of session: Session, under snapshot: ProxySnapshot) -> Person {
        guard snapshot === self.snapshot else { return Person(session, under: snapshot) }
        return people.person(of: session, under: snapshot)
    }

    /// The identity fields of a person for one app, as bytes; `nil` when the person cannot be named to it.
    func identityBlock(
        of person: Person,
        for app: RouteTable.AppIndex,
        under snapshot: ProxySnapshot
    ) -> ByteBuffer? {
        person.identityBlock(for: app, under: snapshot, assertions, clock)
    }

    func register(_ handler: ExchangeHandler) {
        exchanges[ObjectIdentifier(handler)] = handler
    }

    func unregister(_ handler: ExchangeHandler) {
        exchanges[ObjectIdentifier(handler)] = nil
    }

    // MARK: Reload

    /// The next exchange sees the new snapshot. Running ones keep theirs; what they forward is judged under the new one
    /// too.
    func install(_ snapshot: ProxySnapshot) {
        eventLoop.preconditionInEventLoop()
        self.snapshot = snapshot
        cookies = CookieMatcher(snapshot.cookies)
        people.forgetAll()
        pool.limits = snapshot.limits
        pool.keep(only: Set(snapshot.forwarding.map(\.upstream)))
        judgeAnew()
    }

    func install(_ assertions: AssertionIssuer) {
        eventLoop.preconditionInEventLoop()
        self.assertions = PresentIssuer(assertions)
    }

    /// Whoever still waits for something is to be looked at again: an exchange that began before the reload may become a
    /// stream after it.
    private func judgeAnew() {
        secondLook?.cancel()
        secondLook = nil
        var isAnyoneWaiting = false
        for handler in Array(exchanges.values) where handler.judgeAnew() { isAnyoneWaiting = true }
        guard isAnyoneWaiting else { return }
        secondLook = eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { self.judgeAnew() }
    }

    // MARK: Stopping

    func beginDraining() {
        eventLoop.preconditionInEventLoop()
        guard stage == .serving else { return }
        stage = .draining
        for handler in Array(exchanges.values) { handler.drain() }
    }

    /// Idle connections close in a moment, the others with their response.
    func stop() {
        eventLoop.preconditionInEventLoop()
        stage = .stopping
        for handler in Array(exchanges.values) { handler.stop() }
        pool.close()
    }

    func closeAll() {
        secondLook?.cancel()
        secondLook = nil
        for handler in Array(exchanges.values) { handler.stopNow() }
    }
}
