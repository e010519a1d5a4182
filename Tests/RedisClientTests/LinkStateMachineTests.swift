import NIOCore
import Testing

@testable import RedisClient

@Suite("The life of a link")
struct LinkStateMachineTests {
    private typealias Machine = RedisLink.StateMachine

    private func moment(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    private func usable(_ machine: inout Machine, at now: NIODeadline) {
        _ = machine.connected(machine.attempt)
        #expect(machine.greeted(machine.attempt, now: now) == .announce)
    }

    @Test("connects, greets, is announced")
    func success() {
        var machine = Machine()
        #expect(machine.start() == .connect(attempt: 1))
        #expect(machine.connected(1) == .greet)
        #expect(machine.greeted(1, now: moment(0)) == .announce)
        #expect(machine.state == .usable(since: moment(0)))
        #expect(machine.start() == .none)
    }

    @Test("rests longer after each failure, up to a second, and by chance less")
    func backoff() {
        var machine = Machine()
        _ = machine.start()
        var rests: [Duration] = []
        for _ in 0..<8 {
            if case .rest(let rest, wasUsable: false) = machine.failed(machine.attempt, now: moment(0), chance: 1) {
                rests.append(rest)
            }
            #expect(machine.rested(machine.attempt) == .connect(attempt: machine.attempt))
        }
        #expect(rests == [50, 100, 200, 400, 800, 1000, 1000, 1000].map { .milliseconds($0) })
        #expect(
            machine.failed(machine.attempt, now: moment(0), chance: 0.25) == .rest(.milliseconds(250), wasUsable: false)
        )
        _ = machine.rested(machine.attempt)
        #expect(machine.failed(machine.attempt, now: moment(0), chance: 0) == .rest(.zero, wasUsable: false))
    }

    @Test("a failure while connecting, greeting or in use leads to a rest; the last one was announced before")
    func failures() {
        var machine = Machine()
        _ = machine.start()
        #expect(machine.failed(1, now: moment(0), chance: 1) == .rest(.milliseconds(50), wasUsable: false))
        _ = machine.rested(1)
        _ = machine.connected(2)
        #expect(machine.failed(2, now: moment(0), chance: 1) == .rest(.milliseconds(100), wasUsable: false))
        _ = machine.rested(2)
        usable(&machine, at: moment(0))
        #expect(machine.failed(3, now: moment(1), chance: 1) == .rest(.milliseconds(200), wasUsable: true))
        #expect(machine.failed(3, now: moment(2), chance: 1) == .none)
    }

    @Test("a link that lasted a second begins anew with a short rest; one that broke sooner does not")
    func proof() {
        var machine = Machine()
        _ = machine.start()
        for _ in 0..<4 {
            _ = machine.failed(machine.attempt, now: moment(0), chance: 1)
            _ = machine.rested(machine.attempt)
        }
        usable(&machine, at: moment(0))
        #expect(
            machine.failed(machine.attempt, now: moment(999), chance: 1) == .rest(.milliseconds(800), wasUsable: true)
        )
        _ = machine.rested(machine.attempt)
        usable(&machine, at: moment(1000))
        #expect(
            machine.failed(machine.attempt, now: moment(2000), chance: 1) == .rest(.milliseconds(50), wasUsable: true)
        )
    }

    @Test("events of an earlier attempt, or out of order, change nothing")
    func lateEvents() {
        var machine = Machine()
        #expect(machine.connected(0) == .none && machine.rested(0) == .none)
        _ = machine.start()
        #expect(machine.greeted(1, now: moment(0)) == .none)
        _ = machine.failed(1, now: moment(0), chance: 1)
        #expect(machine.connected(1) == .none)
        _ = machine.rested(1)
        #expect(machine.connected(1) == .none && machine.rested(1) == .none)
        #expect(machine.failed(1, now: moment(0), chance: 1) == .none)
        #expect(machine.state == .connecting && machine.attempt == 2)
    }

    @Test("once stopped it stays so")
    func stopped() {
        var machine = Machine()
        _ = machine.start()
        machine.stop()
        #expect(machine.connected(1) == .none && machine.rested(1) == .none && machine.start() == .none)
        #expect(machine.failed(1, now: moment(0), chance: 1) == .none)
        #expect(machine.state == .stopped)
    }
}
