import Glibc
import TestSupport
import Testing

@Suite("The trail shows whether it is the one that the gateway wrote")
struct AuditChainTests {
    struct Tampering: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// The number, from 1, of the line that `verify` names; negative: from the end of what is left.
        let line: Int
        let change: @Sendable (inout [String]) -> Void
    }

    static let tamperings = [
        Tampering(testDescription: "a changed byte", line: 3) {
            $0[2] = $0[2].replacing("127.0.0.1", with: "127.0.0.2")
        },
        Tampering(testDescription: "a removed line", line: 3) { $0.remove(at: 2) },
        Tampering(testDescription: "a swapped pair", line: 3) { $0.swapAt(2, 3) },
        Tampering(testDescription: "a cut tail", line: -1) { $0.removeLast(2) },
        Tampering(testDescription: "a removed last seal", line: -1) { $0.removeLast() },
        Tampering(testDescription: "a repeated line", line: 4) { $0.insert($0[2], at: 3) },
        Tampering(testDescription: "an inserted line", line: 4) { $0.insert("{\"event\":\"nothing\"}", at: 3) },
        Tampering(testDescription: "a torn end", line: -1) { $0[$0.count - 1].removeLast(20) },
        Tampering(testDescription: "nothing left", line: 1) { $0.removeAll() },
    ]

    @Test("A whole trail is good, and whatever was done to it is named by FILE:LINE")
    func tampered() async throws {
        let house = try await House.openAudited()
        let alice = try await house.signedIn("alice")
        for app in [house.crmURL + "/admin/x", house.partnersURL + "/y"] {
            #expect(try await alice.follow(app).response.status == 403)
        }
        try await house.gateway.stop()
        let audit = AuditCommand(gateway: house.gateway)
        let good = try await audit.verify([house.gateway.auditFile], options: ["--sealed"])
        #expect(good.status == 0, "\(good.output)")
        #expect(good.output.contains("good: "))
        let folder = TemporaryFolder()
        for tampering in Self.tamperings {
            var lines = contents(of: house.gateway.auditFile).split(separator: "\n").map(String.init)
            #expect(lines.count >= 6)
            tampering.change(&lines)
            let isTorn = tampering.testDescription == "a torn end"
            let text = lines.joined(separator: "\n") + (lines.isEmpty || isTorn ? "" : "\n")
            let file = folder.write(text, to: "bad.jsonl")
            let found = try await audit.verify([file], options: ["--sealed"])
            #expect(found.status == 1, "\(tampering.testDescription): \(found.output)")
            let line = tampering.line
            let named = found.output.split(separator: "\n").contains { output in
                guard output.hasPrefix("\(file):") else { return false }
                let number = Int(output.dropFirst(file.utf8.count + 1).prefix { $0 != ":" }) ?? 0
                return line < 0 ? (1...lines.count).contains(number) : number == line
            }
            #expect(named, "\(tampering.testDescription): \(found.output)")
        }
    }

    @Test("A trail that was made anew with another key is not the gateway's")
    func otherKey() async throws {
        let house = try await House.openAudited()
        let other = try await House.openAudited()
        try await house.gateway.stop()
        try await other.gateway.stop()
        let audit = AuditCommand(gateway: house.gateway)
        let found = try await audit.verify([other.gateway.auditFile], options: ["--sealed"])
        #expect(found.status == 1 && found.output.contains("\(other.gateway.auditFile):"), "\(found.output)")
        #expect(try await audit.verify([house.gateway.auditFile], options: ["--sealed"]).status == 0)
    }

    @Test("After a rotation with SIGUSR1 both files are one chain, in their order alone")
    func rotation() async throws {
        let house = try await House.openAudited()
        let alice = try await house.signedIn("alice")
        let file = house.gateway.auditFile
        let old = "\(file).1"
        #expect(unsafe rename(file, old) == 0)
        #expect(try await alice.get("\(house.crmURL)/admin/x").status == 403)
        #expect(await Poll.until { contents(of: old).contains("/admin/x") })
        house.gateway.send(SIGUSR1)
        #expect(await Poll.until { contents(of: old).contains("\"reason\":\"rotation\"") })
        // A signal without a rename, and many of them, are nothing.
        for _ in 0..<20 { house.gateway.send(SIGUSR1) }
        #expect(try await alice.follow("\(house.partnersURL)/x").response.status == 403)
        #expect(await Poll.until { contents(of: file).contains("\"app\":\"partners\"") })
        try await house.gateway.stop()
        let audit = AuditCommand(gateway: house.gateway)
        for files in [[old, file], [old]] {
            let good = try await audit.verify(files, options: ["--sealed"])
            #expect(good.status == 0, "\(good.output)")
        }
        #expect(try await audit.verify([file, old]).status == 1)
        let lines = try await AuditLine.read(old) + (try await AuditLine.read(file))
        #expect(lines.compactMap { $0["seq"] } == (1...lines.count).map(String.init))
        #expect(!contents(of: file).contains("/admin/x"))
    }

    @Test("SIGKILL leaves an end that is not sealed and is named; the next start goes on with the chain")
    func killed() async throws {
        let folder = TemporaryFolder()
        let file = folder.file("audit.jsonl")
        let place = "audit: { file: \"\(file)\" }"
        let first = try await House.openAudited { $0.changing("audit: { file: audit.jsonl }", to: place) }
        _ = try await first.signedIn("alice")
        #expect(await Poll.until { contents(of: file).contains("session.created") })
        first.gateway.send(SIGKILL)
        #expect(await Poll.until { !first.gateway.isRunning })
        let audit = AuditCommand(gateway: first.gateway)
        let young = try await audit.verify([file])
        #expect(young.status == 0 && young.output.contains("not sealed yet"), "\(young.output)")
        // It is a matter of time without the option: a running gateway would have sealed within a minute.
        let old = try await audit.verify([file], options: ["--sealed"])
        #expect(old.status == 1 && old.output.contains("\(file):1: seq 1 to "), "\(old.output)")
        let written = try await AuditLine.read(file).count

        var options = TestGateway.Options()
        options.sharedWith = first.gateway
        let second = try await House.openAudited(options: options) {
            $0.changing("audit: { file: audit.jsonl }", to: place)
        }
        try await second.gateway.stop()
        let good = try await AuditCommand(gateway: second.gateway).verify([file], options: ["--sealed"])
        #expect(good.status == 0, "\(good.output)")
        let lines = try await AuditLine.read(file)
        #expect(lines.count > written && lines[written]["seq"] == "\(written + 1)")
    }

    @Test("A second gateway cannot write to a file that one writes to already: exit status 78, and the file is named")
    func secondWriter() async throws {
        let house = try await House.openAudited()
        let folder = TemporaryFolder()
        let configuration =
            TestGateway.server(FreePort.takeOne())
            + House.configuration(house.directory, crm: house.crm.port, partners: house.partners.port)
            + "audit: { file: \"\(house.gateway.auditFile)\" }\n"
        let other = folder.write(configuration, to: "gatehouse.yaml")
        let (status, output) = try await TestGateway.command(["serve", "--config", other])
        #expect(status == 78)
        #expect(output.contains(house.gateway.auditFile))
        #expect(try await house.visitor().get("\(house.crmURL)/public/x").status == 200)
    }
}
