import Audit
import TestSupport
import Testing

@Suite("A line that a crash tore")
struct TornLineTests {
    private let fixture = AuditFixture()

    /// A trail of three events whose last line ends early.
    private func tear(keeping count: Int) async throws -> String {
        try await fixture.finishedTrail(3)
        var all = lines(fixture.path)
        all.removeLast()
        let torn = String(all.removeLast().prefix(count))
        fixture.folder.write(all.map { $0 + "\n" }.joined() + torn, to: "audit.jsonl")
        return torn
    }

    @Test("is recorded at the next start and passed over by verify", arguments: [1, 20, 150, 230])
    func recorded(count: Int) async throws {
        let torn = try await tear(keeping: count)
        let before = try fixture.verify()
        #expect(before.problem?.line == 3)
        #expect(before.problem?.what.hasPrefix("torn") == true)
        let trail = try fixture.trail()
        #expect(await eventually { records(fixture.path).last?.text("reason") == "torn_line" })
        try await trail.commit(fixture.event(9))
        await trail.close()
        #expect(lines(fixture.path)[2] == torn)
        let gap = try #require(records(fixture.path).first { $0.text("event") == "admin.audit_gap" })
        #expect(gap.number("seq") == 3)
        #expect(gap.number("torn_bytes") == Int64(torn.utf8.count))
        let after = try fixture.verify(mustEnd: true)
        #expect(after.isGood)
        #expect(after.lines == 5)
        #expect(after.notes.map(\.line) == [4])
        #expect(after.notes.first?.what.contains("torn_line") == true)
    }

    @Test("is none if only its end is missing: the next process adds that")
    func endMissing() async throws {
        try await fixture.finishedTrail(2)
        fixture.folder.write(lines(fixture.path).joined(separator: "\n"), to: "audit.jsonl")
        #expect(try fixture.verify().problem?.line == 3)
        try await fixture.finishedTrail(1)
        #expect(try fixture.verify(mustEnd: true).isGood)
        #expect(records(fixture.path).compactMap { $0.number("seq") } == [1, 2, 3, 4, 5])
    }

    @Test("may look like a whole one up to where it was torn")
    func looksWhole() async throws {
        let trail = try fixture.trail()
        var event = fixture.event(1)
        event.userAgent = "a}b"
        try await trail.commit(event)
        try await trail.commit(event)
        let line = lines(fixture.path)[1]
        let torn = try #require(line.firstRange(of: "a}").map { String(line[..<$0.upperBound]) })
        await trail.close()
        fixture.folder.write(lines(fixture.path)[0] + "\n" + torn, to: "audit.jsonl")
        try await fixture.finishedTrail(1)
        #expect(lines(fixture.path)[1] == torn)
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("may be the very first, or zeros that the disk never got", arguments: ["{\"time\":\"20", "{", "\0\0\0\0"])
    func first(content: String) async throws {
        fixture.folder.write(content, to: "audit.jsonl")
        try await fixture.finishedTrail(1)
        let result = try fixture.verify(mustEnd: true)
        #expect(result.isGood && result.lines == 3)
    }

    @Test("is not passed over when it is changed, removed or made up afterwards")
    func forged() async throws {
        let torn = try await tear(keeping: 100)
        try await fixture.finishedTrail(1)
        let good = contents(of: fixture.path)
        #expect(try fixture.verify(mustEnd: true).isGood)
        let changed = good.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line == torn ? torn + "x" : String(line)
        }
        fixture.folder.write(changed.joined(separator: "\n"), to: "audit.jsonl")
        #expect(try fixture.verify().problem?.description == "\(fixture.path):3: no line of an audit trail")
        let removed = changed.enumerated().filter { $0.offset != 2 }.map(\.element)
        fixture.folder.write(removed.joined(separator: "\n"), to: "audit.jsonl")
        #expect(try fixture.verify().problem?.line == 3)
        fixture.folder.write("made up\n" + good, to: "audit.jsonl")
        #expect(try fixture.verify().problem?.description == "\(fixture.path):1: no line of an audit trail")
    }

    @Test("a whole line that is none is not taken for one: the gateway starts, and verify names it")
    func damaged() async throws {
        try await fixture.finishedTrail(2)
        let good = contents(of: fixture.path)
        for damage in ["rubbish\n", "rubbish\nmore", String(repeating: "\0", count: 70_000)] {
            fixture.folder.write(good + damage, to: "audit.jsonl")
            try await fixture.finishedTrail(1)
            #expect(records(fixture.path).contains { $0.text("reason") == "damaged_end" })
            #expect(records(fixture.path).compactMap { $0.number("seq") } == [1, 2, 3, 4, 5, 6])
            #expect(try fixture.verify().problem?.line == 4)
        }
    }
}
