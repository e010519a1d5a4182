import GatehouseCore
import Testing

@testable import Audit

@Suite("Events that wait for the disk")
struct BacklogTests {
    private let fixture = AuditFixture()

    private func entry(_ number: Int) -> AuditEntry {
        AuditEntry(fixture.event(number), at: Timestamp(milliseconds: Int64(number)))
    }

    private func numbers(_ entries: [AuditEntry]) -> [Int64] { entries.map(\.time.milliseconds) }

    @Test("come out in the order in which they went in, also what was put back")
    func order() {
        var backlog = AuditBacklog()
        for number in 0..<5000 { #expect(backlog.append(entry(number)).isEmpty) }
        let taken = backlog.take(2000)
        #expect(numbers(taken) == Array(0..<2000))
        #expect(backlog.putBack(Array(taken[500...])).isEmpty)
        for number in 5000..<5010 { _ = backlog.append(entry(number)) }
        #expect(backlog.count == 4510)
        #expect(numbers(backlog.take(.max)) == Array(500..<5010))
        #expect(backlog.isEmpty && backlog.take(1).isEmpty)
    }

    @Test("are at most ten thousand; the oldest fall out")
    func count() {
        var backlog = AuditBacklog()
        var fallen: [AuditEntry] = []
        for number in 0..<10_003 { fallen += backlog.append(entry(number)) }
        #expect(numbers(fallen) == [0, 1, 2])
        #expect(numbers(backlog.putBack([entry(0)])) == [0])
        #expect(backlog.count == AuditBacklog.countLimit)
        #expect(numbers(backlog.take(1)) == [3])
    }

    @Test("hold at most 8 MiB, counted with their texts")
    func size() {
        var backlog = AuditBacklog()
        var event = fixture.event(1)
        event.path = String(repeating: "x", count: 60_000)
        var fallen = 0
        for _ in 0..<1000 { fallen += backlog.append(AuditEntry(event, at: Timestamp(milliseconds: 0))).count }
        #expect(backlog.count <= AuditBacklog.sizeLimit / 60_000)
        #expect(backlog.count > AuditBacklog.sizeLimit / 70_000)
        #expect(fallen + backlog.count == 1000)
    }
}
