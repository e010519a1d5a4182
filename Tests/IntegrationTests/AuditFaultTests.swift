import Glibc
import TestSupport
import Testing

@Suite("The trail's disk is full")
struct AuditFaultTests {
    /// A file system of a few pages. Only root can mount one.
    final class TinyDisk: Sendable {
        static let isPossible = (try? TinyDisk()) != nil

        private let folder = TemporaryFolder()

        init() throws {
            let options = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.path]
            guard geteuid() == 0, try ChildProcess.run("/usr/bin/mount", options) == 0 else {
                throw ChildProcess.Failure(description: "nothing can be mounted")
            }
        }

        deinit {
            _ = try? ChildProcess.run("/usr/bin/umount", ["--lazy", folder.path])
        }

        func file(_ name: String) -> String { folder.file(name) }

        func fill() throws {
            _ = try ChildProcess.run("/usr/bin/dd", ["if=/dev/zero", "of=\(file("filler"))", "bs=1k"])
        }

        func makeRoom() { _ = unsafe unlink(file("filler")) }
    }

    @Test(
        "Sign-in is 503, traffic goes on, and everybody is told; with room again all goes on, and the gap is on record",
        .enabled(if: TinyDisk.isPossible, "only root can mount a small disk")
    )
    func full() async throws {
        let disk = try TinyDisk()
        let house = try await House.openAudited { text in
            text.changing("file: audit.jsonl", to: "file: \"\(disk.file("audit.jsonl"))\"")
                .changing("title: Customer Relations", to: "title: Customer Relations\n    audit_permitted: true")
        }
        let gateway = house.gateway
        let alice = try await house.signedIn("alice")
        let zoe = try await house.signedIn("zoe")
        let question = try await zoe.get("\(gateway.portal)/logout")
        #expect(try await gateway.metric("gatehouse_audit_writable") == 1)
        try await ChildProcess.offPool { try disk.fill() }
        var asked = 0
        let isFull = try await Poll.until {
            asked += 1
            let status = try await alice.get("\(house.crmURL)/leads/\(asked)").status
            #expect(status == 200)
            return try await gateway.metric("gatehouse_audit_writable") == 0
        }
        #expect(isFull)
        let report = try await gateway.operations("/readyz")
        #expect(report.status == 200)
        #expect(report.body.contains("\"check\":\"audit\""), "\(report.body)")
        let bob = house.visitor()
        let (_, page) = try await bob.follow("\(house.crmURL)/leads")
        func signIn() async throws -> WebResponse {
            try await bob.submitSignIn(page, portal: gateway.portal, name: "bob", password: House.password)
        }
        let refused = try await signIn()
        #expect(refused.status == 503)
        #expect(refused.body.contains("Reference") && refused.body.contains("value=\"bob\""))
        for number in 0..<50 {
            #expect(try await alice.get("\(house.crmURL)/more/\(number)").status == 200)
        }
        #expect(gateway.log.contains("nobody can sign in"))
        #expect(try await !gateway.reload { $0.changing("/public/**", to: "/changed/**") })
        // Whoever wants to leave leaves.
        _ = try await zoe.post(
            "\(gateway.portal)/logout",
            form: Visitor.hiddenFields(question.body),
            origin: gateway.portal
        )
        #expect(try await zoe.get("\(house.crmURL)/leads").status == 302)

        disk.makeRoom()
        #expect(try await Poll.until(within: .seconds(5)) { try await signIn().status == 303 })
        #expect(
            try await Poll.until(within: .seconds(2)) {
                let isWritable = try await gateway.metric("gatehouse_audit_writable") == 1
                let report = try await gateway.operations("/readyz").body
                return isWritable && !report.contains("\"audit\"")
            }
        )
        try await gateway.stop()
        let verified = try await AuditCommand(gateway: gateway).verify(
            [disk.file("audit.jsonl")],
            options: ["--sealed"]
        )
        #expect(verified.status == 0, "\(verified.output)")
        #expect(verified.output.contains("a gap was recorded"))
        let lines = try await AuditLine.read(disk.file("audit.jsonl"))
        let gap = try #require(lines.first { $0.event == "admin.audit_gap" })
        #expect(gap["reason"] == "disk_full" && gap["lost"] == "0" && gap["since"] != nil)
        // What waited is there: nothing of the live traffic is missing.
        let paths = Set(lines.filter { $0.event == "access.permitted" }.compactMap { $0["path"] })
        #expect((0..<50).allSatisfy { paths.contains("/more/\($0)") })
        #expect((1...asked).allSatisfy { paths.contains("/leads/\($0)") })
        #expect(lines.contains { $0.event == "session.ended" && $0["reason"] == "signed_out" })
        #expect(lines.contains { $0.event == "config.rejected" })
    }
}
