import GatehouseCore
import TestSupport
import Testing

@testable import Audit

@Suite("Folding of equal failures")
struct FoldingTests {
    private let fixture = AuditFixture()
    private let start = ContinuousClock.now
    private let time = Timestamp(milliseconds: 1_795_338_904_120)

    /// The machine behind a reference, because an expectation calls nothing that mutates.
    private final class Folding {
        private var machine = FailureFolding(length: .seconds(10))

        var nextEnd: ContinuousClock.Instant? { machine.nextEnd }

        func admit(_ event: AuditEvent, at time: Timestamp, now: ContinuousClock.Instant) -> Bool {
            machine.admit(event, at: time, now: now)
        }

        func collect(
            now: ContinuousClock.Instant,
            all: Bool = false
        ) -> [(event: AuditEvent, time: Timestamp)] {
            machine.collect(now: now, all: all)
        }
    }

    private func detail(_ event: AuditEvent, _ name: String) -> String? {
        event.details.first { $0.name == name }?.value
    }

    @Test("the first is let through, the others of the window are one event with their count, names and end")
    func window() throws {
        let folding = Folding()
        #expect(folding.admit(fixture.failure("alice"), at: time, now: start))
        for number in 0..<25 {
            let at = time + .milliseconds(number * 10)
            #expect(!folding.admit(fixture.failure("name\(number % 12)"), at: at, now: start + .seconds(1)))
        }
        #expect(folding.nextEnd == start + .seconds(10))
        #expect(folding.collect(now: start + .milliseconds(9999)).isEmpty)
        let collected = folding.collect(now: start + .seconds(10))
        #expect(collected.count == 1)
        let event = try #require(collected.first?.event)
        #expect(collected.first?.time == time)
        #expect(event.name == .signInFailed && event.outcome == .failure && event.reason == "wrong_password")
        #expect(event.address == SourceAddress("192.0.2.7"))
        #expect(event.login == nil)
        #expect(event.details.first { $0.name == "count" } == .init("count", 25))
        #expect(detail(event, "logins") == (0..<10).map { "name\($0)" }.joined(separator: ", "))
        #expect(event.details.first { $0.name == "logins_omitted" } == .init("logins_omitted", 2))
        #expect(detail(event, "until") == (time + .milliseconds(240)).rfc3339)
    }

    @Test("a flood is one event in each window; after a quiet one the next failure is let through again")
    func flood() {
        let folding = Folding()
        #expect(folding.admit(fixture.failure("a"), at: time, now: start))
        var written = 0
        for second in 1...39 {
            let now = start + .seconds(second)
            written += folding.collect(now: now).count
            #expect(!folding.admit(fixture.failure("a"), at: time, now: now))
        }
        #expect(written == 3)
        #expect(folding.collect(now: start + .seconds(40)).count == 1)
        #expect(folding.collect(now: start + .seconds(50)).isEmpty)
        #expect(folding.nextEnd == nil)
        #expect(folding.admit(fixture.failure("a"), at: time, now: start + .seconds(51)))
    }

    @Test(
        "IPv6 is counted by its /64, IPv4 by its address, and those without an address together",
        arguments: [
            ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
            ("2001:db8::1", "2001:db8::ffff:1", true), ("2001:db8::1", "2001:db8:0:1::1", false), (nil, nil, true),
            (nil, "192.0.2.7", false), ("::ffff:192.0.2.7", "192.0.2.7", true),
        ] as [(String?, String?, Bool)]
    )
    func networks(first: String?, second: String?, isOne: Bool) {
        let folding = Folding()
        #expect(folding.admit(fixture.failure("a", from: first), at: time, now: start))
        #expect(folding.admit(fixture.failure("b", from: second), at: time, now: start) == !isOne)
    }

    @Test("an IPv6 network is named")
    func namedNetwork() throws {
        let folding = Folding()
        for address in ["2001:db8::1", "2001:db8::2", "2001:db8::3"] {
            _ = folding.admit(fixture.failure("a", from: address), at: time, now: start)
        }
        let event = try #require(folding.collect(now: start + .seconds(10)).first?.event)
        #expect(detail(event, "network") == "2001:db8::/64")
        #expect(event.address == SourceAddress("2001:db8::3"))
        #expect(event.login == "a")
        #expect(detail(event, "count") == "2")
    }

    @Test("another event, reason or app is not equal, and a success is never counted")
    func differences() {
        let folding = Folding()
        var event = fixture.failure("a")
        #expect(folding.admit(event, at: time, now: start))
        event.reason = "unknown_name"
        #expect(folding.admit(event, at: time, now: start))
        event.app = "crm"
        #expect(folding.admit(event, at: time, now: start))
        #expect(!folding.admit(event, at: time, now: start))
        for _ in 0..<3 { #expect(folding.admit(fixture.event(1), at: time, now: start)) }
        #expect(folding.collect(now: start + .seconds(10)).count == 1)
    }

    @Test("what the counted failures do not share is left out; what they share stays")
    func common() throws {
        let folding = Folding()
        var event = AuditEvent(.accessDenied, outcome: .failure, reason: "missing_role")
        event.subject = SubjectID(realm: "staff", immutableID: "1")
        event.path = "/first"
        event.requestID = .random()
        _ = folding.admit(event, at: time, now: start)
        for path in ["/a", "/b"] {
            event.path = path
            event.rule = 2
            _ = folding.admit(event, at: time, now: start)
        }
        let folded = try #require(folding.collect(now: start + .seconds(10)).first?.event)
        #expect(folded.subject == event.subject && folded.rule == 2)
        #expect(folded.path == nil && folded.requestID == nil)
        #expect(detail(folded, "logins") == nil)
    }

    @Test("names that are not listed are counted up to a limit, and are not counted where all are listed")
    func omittedNames() throws {
        let folding = Folding()
        for number in 0..<3000 { _ = folding.admit(fixture.failure("name\(number)"), at: time, now: start) }
        let many = try #require(folding.collect(now: start + .seconds(10)).first?.event)
        #expect(detail(many, "logins_omitted") == "\(FailureFolding.Window.omittedLimit)")
        #expect(detail(many, "count") == "2999")
        for number in 0..<30 {
            _ = folding.admit(fixture.failure("name\(number % 10)"), at: time, now: start + .seconds(11))
        }
        let few = try #require(folding.collect(now: start + .seconds(20)).first?.event)
        #expect(detail(few, "count") == "30" && detail(few, "logins_omitted") == nil)
    }

    @Test("at the end everything counted is written, before its time")
    func end() {
        let folding = Folding()
        for _ in 0..<2 { _ = folding.admit(fixture.failure("a"), at: time, now: start) }
        #expect(folding.collect(now: start, all: true).count == 1)
        #expect(folding.collect(now: start, all: true).isEmpty)
        #expect(folding.nextEnd == nil)
    }
}
