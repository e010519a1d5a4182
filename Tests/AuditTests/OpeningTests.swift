import Audit
import Glibc
import TestSupport
import Testing

@Suite("Opening a trail's file")
struct OpeningTests {
    private let fixture = AuditFixture()

    private func refusal(_ path: String) -> AuditError? {
        do throws(AuditError) {
            _ = try fixture.trail(path)
            return nil
        } catch {
            return error
        }
    }

    @Test("makes it for the owner and the group alone")
    func mode() async throws {
        let trail = try fixture.trail()
        await trail.close()
        var status = stat()
        #expect(unsafe stat(fixture.path, &status) == 0)
        #expect(status.st_mode & 0o777 & ~0o640 == 0 && status.st_mode & 0o600 == 0o600)
    }

    @Test("is refused while another process writes it, by name")
    func lock() async throws {
        let path = fixture.path
        let ready = fixture.folder.file("ready")
        let holder = try ChildProcess(
            "/bin/sh",
            ["-c", "exec 9>>'\(path)'; flock -n 9 && : >'\(ready)' && exec sleep 60"]
        )
        #expect(await eventually { exists(ready) })
        #expect(refusal(path)?.code == .inUse)
        #expect(refusal(path)?.description.contains(path) == true)
        holder.kill()
        let trail = try fixture.trail()
        // Nor do two trails of one process share a file.
        #expect(refusal(path)?.code == .inUse)
        await trail.close()
    }

    @Test("is refused where the folder is missing, and says so")
    func folderMissing() {
        let path = fixture.folder.file("nowhere/audit.jsonl")
        #expect(refusal(path)?.code == .folderMissing)
        #expect(refusal(path)?.description.contains("folder of the audit file \(path)") == true)
        fixture.folder.write("", to: "file")
        #expect(refusal(fixture.folder.file("file/audit.jsonl"))?.code == .folderMissing)
    }

    @Test("is refused for a symbolic link, a FIFO, a device and a folder, at once")
    func notAFile() {
        fixture.folder.write("", to: "target")
        unsafe symlink(fixture.folder.file("target"), fixture.folder.file("link"))
        unsafe symlink(fixture.folder.file("none"), fixture.folder.file("dangling"))
        unsafe mkfifo(fixture.folder.file("fifo"), 0o600)
        fixture.folder.makeFolder("folder")
        for name in ["link", "dangling", "fifo", "folder"] {
            #expect(refusal(fixture.folder.file(name))?.code == .notAFile, "\(name)")
        }
        #expect(refusal("/dev/null")?.code == .notAFile)
        #expect(!exists(fixture.folder.file("none")))
    }

    @Test(
        "is refused for what is no trail, which stays as it is",
        arguments: ["root:x:0:0:root:/root:/bin/sh\n", "{\"time\":\"2026\"}\n", "\n", "no end", "{\"time\":\"a\nb"]
    )
    func notATrail(content: String) {
        fixture.folder.write(content, to: "audit.jsonl")
        #expect(refusal(fixture.path)?.code == .notATrail)
        #expect(contents(of: fixture.path) == content)
    }

    @Test("a file that grows past a mebibyte is not read from its beginning")
    func large() async throws {
        let trail = try fixture.trail()
        var event = fixture.event(1)
        event.path = String(repeating: "x", count: 4000)
        for _ in 0..<400 { trail.record(event) }
        await trail.close()
        try await fixture.finishedTrail(1)
        #expect(try fixture.verify(mustEnd: true).lines == 403)
    }
}
