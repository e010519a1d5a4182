import Testing

@testable import Proxy

@Suite("The life of an exchange")
struct ExchangeStateMachineTests {
    private func machine(keepsAlive: Bool = true, hasBody: Bool = false) -> ExchangeStateMachine {
        var machine = ExchangeStateMachine()
        machine.headReceived(keepsAlive: keepsAlive, hasBody: hasBody)
        return machine
    }

    @Test("each head begins an exchange of its own")
    func numbers() {
        var machine = machine()
        #expect(machine.exchange == 1)
        machine.lookUp()
        machine.forward()
        let verdict1 = machine.responseEnded()
        #expect(verdict1 == .nextRequest)
        machine.headReceived(keepsAlive: true, hasBody: false)
        #expect(machine.exchange == 2)
    }

    @Test("a person may have to be read anew between the look-up and the decision")
    func refreshing() {
        var machine = machine()
        machine.lookUp()
        machine.refresh()
        #expect(machine.phase == .refreshing)
        machine.connect()
        machine.forward()
        var denied = self.machine()
        denied.lookUp()
        denied.refresh()
        let verdict = denied.responseEnded()
        #expect(verdict == .nextRequest)
    }

    @Test("an answer is owed from the head on, until its own head goes out")
    func owing() {
        var machine = machine()
        #expect(!ExchangeStateMachine().owesHead)
        machine.lookUp()
        #expect(machine.owesHead)
        machine.refresh()
        #expect(machine.owesHead)
        machine.connect()
        #expect(machine.owesHead)
        machine.forward()
        #expect(machine.owesHead)
        machine.responseHeadForwarded(closes: false)
        #expect(!machine.owesHead)
        _ = machine.responseEnded()
        #expect(!machine.owesHead)
    }

    struct End: Sendable {
        let keepsAlive: Bool
        let hasBody: Bool
        let bodyEnded: Bool
        let closes: Bool
        let expected: ExchangeStateMachine.Continuation
    }

    @Test(
        "behind a response comes the next request, the rest of this one, or the end",
        arguments: [
            End(keepsAlive: true, hasBody: false, bodyEnded: false, closes: false, expected: .nextRequest),
            End(keepsAlive: true, hasBody: true, bodyEnded: true, closes: false, expected: .nextRequest),
            End(keepsAlive: true, hasBody: true, bodyEnded: false, closes: false, expected: .drain),
            End(keepsAlive: true, hasBody: true, bodyEnded: false, closes: true, expected: .linger),
            End(keepsAlive: true, hasBody: false, bodyEnded: false, closes: true, expected: .linger),
            End(keepsAlive: false, hasBody: false, bodyEnded: false, closes: false, expected: .linger),
            End(keepsAlive: false, hasBody: true, bodyEnded: false, closes: false, expected: .linger),
        ]
    )
    func ends(_ row: End) {
        var machine = machine(keepsAlive: row.keepsAlive, hasBody: row.hasBody)
        machine.forward()
        if row.bodyEnded { machine.requestBodyEnded() }
        machine.responseHeadForwarded(closes: row.closes)
        let verdict2 = machine.responseEnded()
        #expect(verdict2 == row.expected)
    }

    @Test("a connection that was to end ends, whatever later requests say")
    func endsForGood() {
        var machine = machine()
        machine.forward()
        machine.endAfterThisExchange()
        #expect(!machine.mayKeepConnection)
        let verdict3 = machine.responseEnded()
        #expect(verdict3 == .linger)
        #expect(machine.phase == .lingering)
    }

    struct Failure: Sendable {
        let phase: String
        let isRepeatable: Bool
        let wasReused: Bool
        let expected: ExchangeStateMachine.UpstreamFailure
    }

    @Test(
        "an upstream's failure is repaired, reported or passed on as a cut",
        arguments: [
            Failure(phase: "connecting", isRepeatable: true, wasReused: true, expected: .reply(status: 502)),
            Failure(phase: "awaiting", isRepeatable: true, wasReused: true, expected: .retry),
            Failure(phase: "awaiting", isRepeatable: false, wasReused: true, expected: .reply(status: 502)),
            Failure(phase: "awaiting", isRepeatable: true, wasReused: false, expected: .reply(status: 502)),
            Failure(phase: "streaming", isRepeatable: true, wasReused: true, expected: .abort),
            Failure(phase: "none", isRepeatable: true, wasReused: true, expected: .ignore),
            Failure(phase: "responding", isRepeatable: true, wasReused: true, expected: .ignore),
        ]
    )
    func failures(_ row: Failure) {
        var machine = machine()
        switch row.phase {
        case "connecting": machine.connect()
        case "awaiting": machine.forward()
        case "streaming":
            machine.forward()
            machine.responseHeadForwarded(closes: false)
        case "responding": machine.respond()
        default: break
        }
        let failure = machine.upstreamFailed(isRepeatable: row.isRepeatable, wasReused: row.wasReused, status: 502)
        #expect(failure == row.expected)
        if row.expected == .retry {
            #expect(machine.phase == .connecting)
            machine.forward()
            #expect(
                machine.upstreamFailed(isRepeatable: true, wasReused: true, status: 502) == .reply(status: 502),
                "once and not twice"
            )
        }
        if row.expected == .abort { #expect(machine.phase == .closed) }
    }

    @Test("a rest is thrown away up to the limit")
    func draining() {
        var machine = machine(hasBody: true)
        machine.forward()
        let verdict4 = machine.responseEnded()
        #expect(verdict4 == .drain)
        let verdict5 = machine.drained(600, limit: 1000)
        #expect(verdict5)
        let verdict6 = machine.drained(400, limit: 1000)
        #expect(verdict6)
        var other = machine
        machine.drainEnded()
        #expect(machine.isBetweenRequests)
        #expect(machine.isRequestComplete)
        let verdict7 = other.drained(1, limit: 1000)
        #expect(!verdict7)
        #expect(other.phase == .lingering)
    }

    @Test("a second try is granted anew to each request")
    func retriesAreCountedPerRequest() {
        var machine = machine()
        for _ in 0..<3 {
            machine.forward()
            let verdict8 = machine.upstreamFailed(isRepeatable: true, wasReused: true, status: 502)
            #expect(verdict8 == .retry)
            machine.forward()
            let verdict9 = machine.responseEnded()
            #expect(verdict9 == .nextRequest)
            machine.headReceived(keepsAlive: true, hasBody: false)
        }
    }
}
