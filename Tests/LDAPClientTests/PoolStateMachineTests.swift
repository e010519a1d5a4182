import Synchronization
import Testing

@testable import LDAPClient

@Suite("Pool of connections, its decisions")
struct PoolStateMachineTests {
    typealias Machine = LDAPPool.StateMachine<Int>

    final class Caller: Sendable {
        private let answers = Mutex<[String]>([])

        var answer: String? { answers.withLock { $0.count > 1 ? "resumed twice" : $0.first } }

        @Sendable func resume(_ grant: Machine.Grant) {
            answers.withLock { answers in
                switch grant {
                case .connection(let idle): answers.append("connection \(idle.connection)")
                case .slot: answers.append("slot")
                case .refused(let error): answers.append(error.code.rawValue)
                }
            }
        }
    }

    private func act(_ actions: Machine.Actions) -> [Int] {
        for (resume, grant) in actions.resumed { resume(grant) }
        for drained in actions.drained { drained() }
        return actions.closed.map(\.connection)
    }

    private func acquire(_ machine: inout Machine, favourite: Int = 0) -> (Caller, closed: [Int]) {
        let caller = Caller()
        let closed = act(machine.acquire(machine.nextNumber(), favourite: favourite, resume: caller.resume))
        return (caller, closed)
    }

    @Test("connections are opened up to the limit, then callers wait in order")
    func limits() {
        var machine = Machine(limit: 2, waiterLimit: 2)
        let callers = (0..<5).map { _ in acquire(&machine).0 }
        #expect(callers.map(\.answer) == ["slot", "slot", nil, nil, "overloaded"])
        _ = act(machine.giveBack(.init(connection: 7, server: 0)))
        #expect(callers.map(\.answer) == ["slot", "slot", "connection 7", nil, "overloaded"])
        _ = act(machine.giveUp())
        #expect(callers[3].answer == "slot")
        #expect(machine.total == 2)
    }

    @Test("the connection used last is used next")
    func lastInFirstOut() {
        var machine = Machine(limit: 2, waiterLimit: 2)
        _ = acquire(&machine)
        _ = acquire(&machine)
        _ = act(machine.giveBack(.init(connection: 1, server: 0)))
        _ = act(machine.giveBack(.init(connection: 2, server: 0)))
        #expect(acquire(&machine).0.answer == "connection 2")
    }

    @Test("an idle connection to a second choice makes room for the favourite")
    func favourite() {
        var machine = Machine(limit: 1, waiterLimit: 2)
        _ = acquire(&machine)
        _ = act(machine.giveBack(.init(connection: 1, server: 1)))
        let (caller, closed) = acquire(&machine, favourite: 0)
        #expect(caller.answer == "slot")
        #expect(closed == [1])
        #expect(machine.total == 1)
    }

    @Test("a caller who gave up is resumed once and takes nothing")
    func cancelling() {
        var machine = Machine(limit: 1, waiterLimit: 2)
        _ = acquire(&machine)
        let waiting = Caller()
        let number = machine.nextNumber()
        _ = act(machine.acquire(number, favourite: 0, resume: waiting.resume))
        #expect(machine.isWaiting(number))
        let error = LDAPError(.cancelled, "")
        _ = act(machine.cancel(number, with: error))
        _ = act(machine.cancel(number, with: error))
        #expect(waiting.answer == "cancelled")
        _ = act(machine.giveBack(.init(connection: 1, server: 0)))
        #expect(waiting.answer == "cancelled")
        #expect(acquire(&machine).0.answer == "connection 1")
    }

    @Test("idle connections to a server that failed are dropped")
    func dropping() {
        var machine = Machine(limit: 3, waiterLimit: 2)
        for _ in 0..<3 { _ = acquire(&machine) }
        for (connection, server) in [(1, 0), (2, 1), (3, 0)] {
            _ = act(machine.giveBack(.init(connection: connection, server: server)))
        }
        #expect(act(machine.drop(server: 0)) == [1, 3])
        #expect(machine.total == 1)
        #expect(acquire(&machine, favourite: 1).0.answer == "connection 2")
    }

    @Test("shutting down refuses callers, waits for what is lent and closes it")
    func shuttingDown() {
        var machine = Machine(limit: 1, waiterLimit: 2)
        _ = acquire(&machine)
        let waiting = acquire(&machine).0
        let drained = Mutex(false)
        _ = act(machine.shutDown { drained.withLock { $0 = true } })
        #expect(waiting.answer == "shut_down")
        #expect(acquire(&machine).0.answer == "shut_down")
        #expect(!drained.withLock { $0 })
        #expect(act(machine.giveBack(.init(connection: 1, server: 0))) == [1])
        #expect(drained.withLock { $0 })
    }

    @Test("a server that failed rests, is tried by one caller, and is the favourite again after a success")
    func health() throws {
        let health = ServerHealth(count: 2)
        let start = ContinuousClock.now
        #expect(try health.candidates(now: start) == [0, 1])
        health.failed(0, LDAPError(.unavailable, ""), now: start)
        #expect(try health.candidates(now: start) == [1, 0])
        #expect(health.favourite(now: start) == 1)
        let later = start + .seconds(1)
        #expect(health.favourite(now: later) == 0)
        #expect(try health.candidates(now: later) == [0, 1])
        #expect(try health.candidates(now: later) == [1, 0])
        health.succeeded(0)
        #expect(try health.candidates(now: later) == [0, 1])
    }

    @Test("where opening proves nothing, a server that failed stays the last choice until it is proved alive")
    func healthWithoutProbe() throws {
        let health = ServerHealth(count: 2)
        let start = ContinuousClock.now
        health.failed(0, LDAPError(.timeout, ""), now: start)
        let later = start + .seconds(60)
        #expect(try health.candidates(now: later, mayProbe: false) == [1, 0])
        #expect(health.favourite(now: later, mayProbe: false) == 1)
        health.succeeded(0)
        #expect(health.favourite(now: later, mayProbe: false) == 0)
    }

    @Test("binds go unanswered only while the last one on every server did, and lately")
    func unansweredBinds() {
        let health = ServerHealth(count: 2)
        let start = ContinuousClock.now
        let window = Duration.seconds(2)
        health.bindFailed(0, LDAPError(.unavailable, ""), now: start)
        #expect(health.unansweredBind(now: start, window: window) == nil)
        health.bindFailed(1, LDAPError(.timeout, ""), now: start + .seconds(1))
        #expect(health.unansweredBind(now: start + .seconds(1), window: window)?.code == .timeout)
        #expect(health.unansweredBind(now: start + .seconds(2), window: window) == nil)
        health.bindFailed(0, LDAPError(.timeout, ""), now: start + .seconds(2))
        #expect(health.unansweredBind(now: start + .seconds(2), window: window) != nil)
        // A search that is answered says nothing about binds.
        health.succeeded(0)
        #expect(health.unansweredBind(now: start + .seconds(2), window: window) != nil)
        health.bindAnswered(0)
        #expect(health.unansweredBind(now: start + .seconds(2), window: window) == nil)
    }

    @Test("a refused service account is not tried again at each call")
    func noHammering() throws {
        let health = ServerHealth(count: 1)
        let start = ContinuousClock.now
        health.failed(0, LDAPError(.bindRefused, "no"), now: start)
        #expect(throws: LDAPError(.bindRefused, "no")) { try health.candidates(now: start) }
        #expect(try health.candidates(now: start + .seconds(2)) == [0])
    }
}
