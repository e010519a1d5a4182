import GatehouseCore
import TestSupport
import Testing

@testable import Audit

@Suite("Folding does not hide a person")
struct FoldingByPersonTests {
    private let fixture = AuditFixture()
    private let start = ContinuousClock.now
    private let time = Timestamp(milliseconds: 1_795_338_904_120)

    /// A failure of a known person.
    private func failure(of person: String, from address: String = "192.0.2.7") -> AuditEvent {
        var event = fixture.failure(person, from: address)
        event.subject = SubjectID(realm: "staff", immutableID: "id-\(person)")
        return event
    }

    private func address(_ number: Int) -> String {
        SourceAddress(ipv4: 0x0A00_0000 + UInt32(number)).description
    }

    private func detail(_ event: AuditEvent, _ name: String) -> String? {
        event.details.first { $0.name == name }?.value
    }

    private func lines(naming user: String) throws -> [AuditRecord] {
        var search = AuditSearch()
        search.user = user
        var found: [AuditRecord] = []
        try search.run(file: fixture.path, found: { found.append($0.record) }, malformed: { _ in })
        return found
    }

    @Test("behind failures of twelve other names of one network the victim is found", arguments: [true, false])
    func victim(decoysAreKnown: Bool) async throws {
        let trail = try fixture.trail()
        for number in 0..<12 {
            trail.record(decoysAreKnown ? failure(of: "decoy\(number)") : fixture.failure("decoy\(number)"))
        }
        for _ in 0..<3 { trail.record(failure(of: "victim")) }
        await trail.close()
        for user in ["victim", "staff/id-victim"] {
            let found = try lines(naming: user)
            #expect(found.count == 2, "the first one, and a count")
            #expect(found.allSatisfy { $0.text("subject") == "staff/id-victim" && $0.text("login") == "victim" })
            #expect(found.compactMap { $0.number("count") } == [2])
        }
    }

    @Test("behind twelve other locked names of one network the victim's is found, though nobody was looked up")
    func lockedVictim() async throws {
        let trail = try fixture.trail()
        for name in (0..<12).map({ "decoy\($0)" }) + ["victim"] {
            var event = AuditEvent(.signInLocked, outcome: .failure, reason: "account_throttled")
            event.login = name
            event.address = SourceAddress("192.0.2.7")
            trail.record(event)
        }
        await trail.close()
        #expect(try lines(naming: "victim").count == 1)
    }

    @Test("a throttled network is one window, whatever names it tries")
    func throttledNetwork() {
        var folding = FailureFolding(length: .seconds(10))
        let admitted = (0..<100).count { number in
            var event = AuditEvent(.signInLocked, outcome: .failure, reason: "network_throttled")
            event.login = "name\(number)"
            return folding.admit(event, at: time, now: start)
        }
        #expect(admitted == 1)
    }

    @Test("a name with a comma in it is found in a list")
    func commaInName() async throws {
        let trail = try fixture.trail()
        for name in ["first", "doe, jane", "last"] { trail.record(fixture.failure(name)) }
        await trail.close()
        #expect(try lines(naming: "Doe, Jane").count == 1)
        #expect(try lines(naming: "last").count == 1)
        #expect(try lines(naming: "jan").isEmpty)
    }

    @Test(
        "5,000 networks push nobody else's failures out of sight, be they for a made-up name or for one person",
        arguments: [nil, "target"]
    )
    func manyNetworks(target: String?) throws {
        var folding = FailureFolding(length: .seconds(10))
        func fail(_ event: AuditEvent) -> Bool { folding.admit(event, at: time, now: start) }
        var admitted = 0
        for number in 0..<5000 {
            let from = address(number)
            if fail(target.map { failure(of: $0, from: from) } ?? fixture.failure("a", from: from)) { admitted += 1 }
        }
        #expect(admitted == (target == nil ? FailureFolding.strangerLimit : FailureFolding.windowsOfPersonLimit) + 1)
        let isWritten = fail(failure(of: "victim"))
        #expect(isWritten)
        for _ in 0..<2 { _ = fail(failure(of: "victim")) }
        let collected = folding.collect(now: start + .seconds(10)).map(\.event)
        #expect(collected.count == 2)
        let others = try #require(collected.first { detail($0, "network") == "others" })
        #expect(others.subject?.immutableID == target.map { "id-\($0)" } && others.address == nil)
        #expect(detail(others, "count") == "\(5000 - admitted)")
        #expect(detail(others, "networks") == (0..<5).map { address(admitted + $0) }.joined(separator: ", "))
        let victim = try #require(collected.first { $0.login == "victim" })
        #expect(victim.subject?.immutableID == "id-victim" && victim.address == SourceAddress("192.0.2.7"))
        #expect(detail(victim, "count") == "2" && detail(victim, "network") == nil)
    }

    @Test(
        "what is left when 4,096 people are told apart is one window, with networks by /64; strangers keep their room"
    )
    func manyPersons() throws {
        var folding = FailureFolding(length: .seconds(10))
        func fail(_ event: AuditEvent) -> Bool { folding.admit(event, at: time, now: start) }
        let admitted = (0..<10_000).count { fail(failure(of: "person\($0)", from: "2001:db8::\($0 % 2)")) }
        #expect(admitted == FailureFolding.personLimit + 1)
        #expect(fail(fixture.failure("nobody")))
        let collected = folding.collect(now: start + .seconds(10)).map(\.event)
        let others = try #require(collected.first)
        #expect(collected.count == 1 && others.subject == nil && others.login == nil)
        #expect(detail(others, "networks") == "2001:db8::/64")
        #expect(detail(others, "count") == "\(10_000 - admitted)")
        #expect(detail(others, "logins_omitted") == "\(FailureFolding.Window.omittedLimit)")
    }

    @Test("room that windows took is free again when they have ended")
    func roomComesBack() {
        var folding = FailureFolding(length: .seconds(10))
        for round in 0..<3 {
            let now = start + .seconds(round * 20)
            let strangers = (0..<2000).count {
                folding.admit(fixture.failure("a", from: address($0)), at: time, now: now)
            }
            let own = (0..<100).count { folding.admit(failure(of: "insider", from: address($0)), at: time, now: now) }
            let persons = (0..<5000).count { folding.admit(failure(of: "person\($0)"), at: time, now: now) }
            #expect(strangers == FailureFolding.strangerLimit + 1)
            #expect(own == FailureFolding.windowsOfPersonLimit + 1)
            #expect(persons == FailureFolding.personLimit - FailureFolding.windowsOfPersonLimit - 1)
            _ = folding.collect(now: now + .seconds(10))
            _ = folding.collect(now: now + .seconds(20), all: round == 1)
            #expect(folding.nextEnd == nil)
        }
    }

    @Test("windows end in their own time, one after another")
    func order() {
        var folding = FailureFolding(length: .seconds(10))
        for second in 0..<5 {
            let event = failure(of: "person\(second)")
            for _ in 0..<2 { _ = folding.admit(event, at: time + .seconds(second), now: start + .seconds(second)) }
        }
        for second in 0..<5 {
            #expect(folding.nextEnd == start + .seconds(10 + second))
            let collected = folding.collect(now: start + .seconds(10 + second))
            #expect(collected.map(\.event.login) == ["person\(second)"])
        }
        #expect(folding.nextEnd == start + .seconds(20))
        #expect(folding.collect(now: start + .seconds(30)).isEmpty && folding.nextEnd == nil)
    }
}
