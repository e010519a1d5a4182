import GatehouseCore
import NIOCore
import NIOPosix
import Sessions
import TestSupport
import Testing

@Suite("Sessions in memory")
struct MemorySessionStoreTests {
    private let clock = ManualClock()
    private let store: MemorySessionStore
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    init() {
        store = MemorySessionStore(clock: clock.wallClock)
    }

    @Test(
        "the store in memory keeps every promise of a session store",
        arguments: SessionStoreConformance.Behaviour.allCases
    )
    func conforms(behaviour: SessionStoreConformance.Behaviour) async throws {
        try await SessionStoreConformance(store: store, time: .init(clock), eventLoop: eventLoop).check(behaviour)
    }

    @Test("the answer comes on the event loop that was handed in")
    func answersOnTheLoop() async throws {
        let other = MultiThreadedEventLoopGroup.singleton.next()
        let lookup = store.lookUp(SessionToken.random().digest, host: "a.test", touching: true, on: other)
        #expect(lookup.eventLoop === other)
        _ = try await lookup.get()
    }

    @Test("a session keeps its eight latest tokens on one host, and all on the others")
    func tokensPerHost() async throws {
        let first = SessionToken.random()
        let session = try await store.create(beginning(first), near: eventLoop)
        var tokens: [SessionToken] = []
        for _ in 0..<10 {
            let ticket = SessionToken.random()
            let token = SessionToken.random()
            let waiting = Ticket(
                digest: ticket.digest,
                session: session.id,
                subject: session.subject.id,
                host: "a.test",
                state: "s",
                destination: "d"
            )
            #expect(try await store.keep(waiting, near: eventLoop))
            _ = try await store.redeem(ticket.digest, host: "a.test", state: "s", token: token.digest, near: eventLoop)
            tokens.append(token)
        }
        var alive: [Bool] = []
        for token in tokens { alive.append(try await isLive(token, "a.test")) }
        #expect(alive == [false, false] + Array(repeating: true, count: 8))
        #expect(try await isLive(first, "login.test"))
    }

    @Test("an ended session is forgotten after ten minutes")
    func forgets() async throws {
        let token = SessionToken.random()
        let session = try await store.create(beginning(token), near: eventLoop)
        #expect(try await store.end(session.id, of: session.subject.id, cause: .revoked, near: eventLoop))
        clock.move(by: .seconds(599))
        guard case .ended(.revoked) = try await look(token, "login.test") else {
            Issue.record("forgotten too early")
            return
        }
        clock.move(by: .seconds(2))
        guard case .unknown = try await look(token, "login.test") else {
            Issue.record("still remembered")
            return
        }
    }

    private func beginning(_ token: SessionToken) -> SessionBeginning {
        SessionBeginning(
            facts: SessionFacts(
                subject: Subject(
                    id: SubjectID(realm: "staff", immutableID: "1"),
                    user: "alice",
                    attributes: [:],
                    groups: []
                ),
                checkedAt: clock.now,
                digest: ""
            ),
            authenticationMethods: ["pwd"],
            token: token.digest,
            host: "login.test",
            lifetime: SessionLifetime()
        )
    }

    private func look(_ token: SessionToken, _ host: String) async throws -> SessionLookup {
        try await store.lookUp(token.digest, host: host, touching: false, near: eventLoop)
    }

    private func isLive(_ token: SessionToken, _ host: String) async throws -> Bool {
        if case .live = try await look(token, host) { true } else { false }
    }
}
