import Audit
import Glibc
import TestSupport
import Testing

@Suite("A disk that takes nothing more")
struct FullDiskTests {
    private let fixture = AuditFixture()

    @Test("stops commits at once and keeps what is recorded, which is written when there is room")
    func devFull() async throws {
        let heard = Heard<AuditError?>()
        let trail = try fixture.trail(onTrouble: heard.append)
        try await trail.commit(fixture.event(1))
        let file = try SwappedFile(fixture.path)
        try file.swap(for: "/dev/full")
        await #expect { try await trail.commit(fixture.event(2)) } throws: { error in
            let error = error as? AuditError
            return error?.code == .unwritable && error?.cause.number == ENOSPC
        }
        #expect(!trail.isWritable)
        #expect(trail.trouble?.description.contains(fixture.path) == true)
        // A failure has happened all the same; a success does not take place, so no line may tell of it.
        await #expect(throws: AuditError.self) { try await trail.commit(fixture.failure("mallory")) }
        await #expect(throws: AuditError.self) { try await trail.commit(fixture.event(3)) }
        trail.record(fixture.event(4))
        file.restore()
        #expect(await eventually { trail.isWritable })
        try await trail.commit(fixture.event(5))
        await trail.close()
        let all = records(fixture.path)
        #expect(
            all.map { $0.text("login") ?? $0.text("reason") } == [
                "person1", "disk_full", "mallory", "person4", "person5", "end",
            ]
        )
        #expect(all[1].text("event") == "admin.audit_gap" && all[1].number("lost") == 0)
        #expect(all[1].text("since") != nil)
        #expect(heard.all.map { $0?.code } == [.unwritable, nil])
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("costs the oldest of more than ten thousand events, and says how many")
    func overflow() async throws {
        let trail = try fixture.trail()
        let file = try SwappedFile(fixture.path)
        try file.swap(for: "/dev/full")
        await #expect(throws: AuditError.self) { try await trail.commit(fixture.event(0)) }
        for number in 1...10_250 { trail.record(fixture.event(number)) }
        // What the writer tries at this moment is out of the ring until it comes back.
        #expect(await eventually { trail.counters.lost == 250 })
        file.restore()
        #expect(await eventually { trail.isWritable })
        await trail.close()
        let all = records(fixture.path)
        #expect(all[0].number("lost") == 250)
        #expect(all[1].text("login") == "person251")
        #expect(all.count == 10_002)
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test(
        "that is really full leaves no half line, whatever the place where it ended",
        .enabled(if: TinyDisk.isPossible)
    )
    func tinyDisk() async throws {
        let disk = try TinyDisk(kibibytes: 128)
        let path = disk.file("audit.jsonl")
        let trail = try fixture.trail(path)
        var number = 0
        for round in 0..<5 {
            let ballast = disk.file("ballast")
            disk.fill("ballast", leaving: 3)
            var refusal: AuditError?
            while refusal == nil, number < 1000 {
                number += 1
                do throws(AuditError) {
                    try await trail.commit(fixture.event(number))
                } catch {
                    refusal = error
                }
            }
            #expect(refusal?.cause.number == ENOSPC)
            #expect(contents(of: path).hasSuffix("}\n"))
            trail.record(fixture.event(100_000 + round))
            #expect(unsafe unlink(ballast) == 0)
            #expect(await eventually { trail.isWritable })
        }
        await trail.close()
        let result = try fixture.verify([path], mustEnd: true)
        #expect(result.isGood && result.notes.count == 5)
        let recorded = records(path).compactMap { $0.text("login") }.filter { $0.hasPrefix("person10000") }
        #expect(recorded == (0..<5).map { "person\(100_000 + $0)" })
    }

    @Test("and lets go of nothing leaves a torn line, which is recorded")
    func noTruncation() async throws {
        let trail = try fixture.trail()
        let file = try SwappedFile(fixture.path)
        let pipe = try SmallPipe()
        file.swap(for: pipe.writeEnd)
        // A line that is longer than the pipe: the kernel takes a part, and a pipe cannot be cut back.
        var long = fixture.event(1)
        long.path = "/" + String(repeating: "x", count: 4000)
        long.userAgent = String(repeating: "y", count: 1000)
        trail.record(long)
        #expect(await eventually { !trail.isWritable })
        pipe.resize(1 << 20)
        #expect(await eventually { trail.isWritable })
        for number in 2...5 { try await trail.commit(fixture.event(number)) }
        var all = pipe.read()
        file.restore()
        await trail.close()
        all += Array(contents(of: fixture.path).utf8)
        fixture.folder.write(String(decoding: all, as: UTF8.self), to: "whole")
        let result = try fixture.verify([fixture.folder.file("whole")], mustEnd: true)
        #expect(result.isGood, "\(String(describing: result.problem))")
        #expect(result.notes.contains { $0.what.contains("torn_line") })
        let logins = records(fixture.folder.file("whole")).compactMap { $0.text("login") }
        #expect(logins == (1...5).map { "person\($0)" })
    }

    @Test("does not keep the gateway from stopping")
    func stop() async throws {
        let trail = try fixture.trail()
        try await trail.commit(fixture.event(1))
        let file = try SwappedFile(fixture.path)
        try file.swap(for: "/dev/full")
        await #expect(throws: AuditError.self) { try await trail.commit(fixture.event(2)) }
        trail.record(fixture.event(3))
        await trail.close()
        #expect(trail.counters.lost == 1)
        #expect(try fixture.verify().lines == 1)
    }

    @Test("is left behind by a rotation to another one")
    func rotation() async throws {
        let trail = try fixture.trail()
        try await trail.commit(fixture.event(1))
        let file = try SwappedFile(fixture.path)
        try file.swap(for: "/dev/full")
        await #expect(throws: AuditError.self) { try await trail.commit(fixture.event(2)) }
        let old = fixture.folder.file("audit.jsonl.1")
        #expect(move(fixture.path, to: old))
        trail.reopen()
        // What lies under the descriptor is not the named file, so it counts as renamed.
        #expect(await eventually { trail.isWritable })
        try await trail.commit(fixture.event(3))
        await trail.close()
        let result = try fixture.verify([old, fixture.path], mustEnd: true)
        #expect(result.isGood && result.lines == 4)
    }
}
