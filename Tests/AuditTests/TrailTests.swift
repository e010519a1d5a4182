import Audit
import Cryptography
import GatehouseCore
import TestSupport
import Testing

@Suite("The trail and its file")
struct TrailTests {
    private let fixture = AuditFixture()

    @Test("a line is in the file when its commit returns")
    func commit() async throws {
        let trail = try fixture.trail()
        for number in 1...20 {
            try await trail.commit(fixture.event(number))
            #expect(records(fixture.path).count == number)
        }
        #expect(trail.isWritable)
        #expect(trail.counters.written == 20 && trail.counters.lost == 0)
        await trail.close()
        #expect(records(fixture.path).last?.text("event") == "audit.sealed")
        #expect(records(fixture.path).last?.text("reason") == "end")
    }

    @Test("many threads at once make one chain without a hole")
    func threads() async throws {
        let trail = try fixture.trail()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for number in 0..<100 {
                        if number % 10 == 0 {
                            try await trail.commit(fixture.event(task * 100 + number))
                        } else {
                            trail.record(fixture.event(task * 100 + number))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        await trail.close()
        let all = records(fixture.path)
        #expect(all.compactMap { $0.number("seq") } == Array(1...1601))
        #expect(Set(all.compactMap { $0.text("login") }).count == 1600)
        // Of one thread's events none overtakes another.
        let first = all.compactMap { $0.text("login") }.compactMap { Int($0.dropFirst(6)) }.filter { $0 < 100 }
        #expect(first == Array(0..<100))
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("equal failures are folded whether they are recorded or committed, and the rest comes when it closes")
    func folding() async throws {
        let trail = try fixture.trail()
        for number in 0..<50 {
            if number % 2 == 0 {
                try await trail.commit(fixture.failure("a"))
            } else {
                trail.record(fixture.failure("b"))
            }
        }
        #expect(await eventually { lines(fixture.path).count == 1 })
        await trail.close()
        let all = records(fixture.path)
        #expect(all.count == 3)
        #expect(all[1].number("count") == 49)
        #expect(all[1].text("logins") == "b, a")
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("a count of failures is written when its window ends, without another event")
    func foldingTimer() async throws {
        var timing = AuditFixture.slow
        timing.foldingLength = .milliseconds(50)
        let trail = try fixture.trail(timing: timing)
        for _ in 0..<5 { trail.record(fixture.failure("a")) }
        #expect(await eventually { records(fixture.path).contains { $0.number("count") == 4 } })
        await trail.close()
    }

    @Test("what was written is sealed soon, and nothing is sealed twice")
    func interval() async throws {
        var timing = AuditFixture.slow
        timing.sealInterval = .milliseconds(30)
        let trail = try fixture.trail(timing: timing)
        try await trail.commit(fixture.event(1))
        #expect(await eventually { records(fixture.path).last?.text("reason") == "interval" })
        #expect(records(fixture.path).last?.number("sealed_seq") == 1)
        // Ten intervals later there is no other seal.
        try await Task.sleep(for: .milliseconds(300))
        #expect(records(fixture.path).count == 2)
        try await trail.commit(fixture.event(2))
        #expect(await eventually { records(fixture.path).count == 4 })
        await trail.close()
        #expect(
            records(fixture.path).compactMap { $0.text("reason") }.filter { $0 != "password" } == [
                "interval", "interval", "end",
            ]
        )
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("another process goes on with the chain where the last one stopped")
    func restart() async throws {
        for _ in 0..<3 { try await fixture.finishedTrail(2) }
        #expect(records(fixture.path).compactMap { $0.number("seq") } == Array(1...9))
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("what a killed process left unsealed is sealed by the next one though nothing happens")
    func sealsWhatWasLeft() async throws {
        try await fixture.finishedTrail(3)
        let kept = lines(fixture.path).dropLast().map { $0 + "\n" }.joined()
        fixture.folder.write(kept, to: "audit.jsonl")
        var timing = AuditFixture.slow
        timing.sealInterval = .milliseconds(20)
        let trail = try fixture.trail(timing: timing)
        #expect(await eventually { records(fixture.path).last?.number("sealed_seq") == 3 })
        await trail.close()
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("after a rotation the new file begins with the hash that the old one, sealed, ends with")
    func rotation() async throws {
        let trail = try fixture.trail()
        try await trail.commit(fixture.event(1))
        let old = fixture.folder.file("audit.jsonl.1")
        #expect(move(fixture.path, to: old))
        // Until it is told, it writes on where it was.
        try await trail.commit(fixture.event(2))
        trail.reopen()
        #expect(await eventually { records(old).last?.text("reason") == "rotation" && exists(fixture.path) })
        try await trail.commit(fixture.event(3))
        #expect(records(old).count == 3)
        #expect(records(fixture.path).first?.text("prev") == records(old).last?.text("hash"))
        #expect(records(fixture.path).first?.number("seq") == 4)
        await trail.close()
        let both = try fixture.verify([old, fixture.path], mustEnd: true)
        #expect(both.isGood && both.notes.isEmpty && both.lines == 5 && both.sequences == 1...5)
        #expect(try fixture.verify([old], mustEnd: true).isGood)
        #expect(try fixture.verify([fixture.path, old]).problem?.what.hasPrefix("seq 1 follows 5") == true)
    }

    @Test("a file that was not renamed is gone on with")
    func reopenWithoutRotation() async throws {
        let trail = try fixture.trail()
        try await trail.commit(fixture.event(1))
        trail.reopen()
        #expect(await eventually { records(fixture.path).last?.text("reason") == "interval" })
        try await trail.commit(fixture.event(2))
        await trail.close()
        #expect(try fixture.verify(mustEnd: true).lines == 4)
    }

    @Test("while no new file can be made the old one is gone on with, and the gateway is told")
    func reopenFails() async throws {
        let heard = Heard<AuditError?>()
        fixture.folder.makeFolder("logs")
        let path = fixture.folder.file("logs/audit.jsonl")
        let trail = try fixture.trail(path, onTrouble: heard.append)
        try await trail.commit(fixture.event(1))
        #expect(move(fixture.folder.file("logs"), to: fixture.folder.file("old")))
        trail.reopen()
        #expect(await eventually { heard.all.last??.code == .folderMissing })
        #expect(trail.isWritable)
        try await trail.commit(fixture.event(2))
        fixture.folder.makeFolder("logs")
        #expect(await eventually { exists(path) })
        try await trail.commit(fixture.event(3))
        await trail.close()
        #expect(heard.all.map { $0?.code } == [.folderMissing, nil])
        #expect(try fixture.verify([fixture.folder.file("old/audit.jsonl"), path], mustEnd: true).lines == 5)
    }

    @Test("without a file lines are chained and go to the sinks, before a commit returns")
    func sinks() async throws {
        let heard = Heard<[UInt8]>()
        let trail = try AuditTrail(key: fixture.key, timing: AuditFixture.slow, sinks: [heard.append])
        try await trail.commit(fixture.event(1))
        #expect(heard.records.count == 1)
        trail.record(fixture.event(2))
        await trail.close()
        #expect(heard.records.compactMap { $0.number("seq") } == [1, 2, 3])
        fixture.folder.write(String(decoding: heard.all.flatMap(\.self), as: UTF8.self), to: "audit.jsonl")
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("after it is closed nothing is written, and whoever commits is told")
    func closed() async throws {
        let trail = try fixture.trail()
        try await trail.commit(fixture.event(1))
        await trail.close()
        await trail.close()
        trail.record(fixture.event(2))
        await #expect { try await trail.commit(fixture.event(3)) } throws: { ($0 as? AuditError)?.code == .closed }
        #expect(!trail.isWritable)
        #expect(trail.counters.lost == 1)
        #expect(records(fixture.path).count == 2)
    }

    @Test("the file of before a rotation is closed, so that its room is free when it is removed")
    func rotationCloses() async throws {
        let trail = try fixture.trail()
        try await trail.commit(fixture.event(1))
        let old = fixture.folder.file("audit.jsonl.1")
        #expect(move(fixture.path, to: old))
        #expect(openDescriptor(of: old) != nil)
        trail.reopen()
        #expect(await eventually { openDescriptor(of: old) == nil })
        await trail.close()
        #expect(openDescriptor(of: fixture.path) == nil)
    }

    @Test("a trail that nobody closes seals its file when it goes, and gives up its lock")
    func goes() async throws {
        try await fixture.startAndForget()
        #expect(await eventually { records(fixture.path).last?.text("reason") == "end" })
        let next = try await fixture.reopened()
        await next.close()
        #expect(try fixture.verify(mustEnd: true).isGood)
    }
}

extension AuditFixture {
    fileprivate func startAndForget() async throws {
        let trail = try trail()
        try await trail.commit(event(1))
    }

    /// The lock goes a moment after the seal.
    fileprivate func reopened() async throws -> AuditTrail {
        var trail: AuditTrail?
        _ = await eventually {
            trail = try? self.trail()
            return trail != nil
        }
        return try trail ?? self.trail()
    }
}
