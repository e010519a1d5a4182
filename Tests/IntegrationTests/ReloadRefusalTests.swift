import Glibc
import TestSupport
import Testing

@Suite("SIGHUP: a configuration that is wrong, or that a reload cannot take, changes nothing")
struct ReloadRefusalTests {
    struct Mistake: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let old: String
        let new: String
        /// A text of the line that the complaint names; `nil`: whatever line the parser is at.
        let place: String?
    }

    static let mistakes = [
        Mistake(testDescription: "broken YAML", old: "roles:\n", new: "roles: [\n", place: nil),
        Mistake(testDescription: "an unknown key", old: "upstreams:", new: "upstream:", place: "upstream:"),
        Mistake(
            testDescription: "a secret file that is missing",
            old: "password: { file: \"",
            new: "password: { file: \"/nonexistent",
            place: "/nonexistent"
        ),
        Mistake(
            testDescription: "a rule that names no role",
            old: "roles: [crm-admin]",
            new: "roles: [nobody-knows]",
            place: "nobody-knows"
        ),
        Mistake(
            testDescription: "a CA file that is none",
            old: "tls: { ca: \"",
            new: "tls: { ca: \"/dev/null\" } #",
            place: ""
        ),
    ]

    @Test("The old one goes on; log and audit trail say where the mistake is", arguments: mistakes)
    func mistaken(mistake: Mistake) async throws {
        let house = try await House.openAudited()
        let gateway = house.gateway
        let alice = try await house.signedIn("alice")
        let isTaken = try await gateway.reload {
            $0.changing(mistake.old, to: mistake.new).changing("/public/**", to: "/changed/**")
        }
        #expect(!isTaken)
        #expect(try await alice.get("\(house.crmURL)/leads").status == 200)
        #expect(try await house.visitor().get("\(house.crmURL)/public/x").status == 200)
        #expect(try await house.visitor().get("\(house.crmURL)/changed/x").status == 302)
        let line = mistake.place.flatMap { $0.isEmpty ? nil : gateway.line(of: $0) }
        let place = "gatehouse.yaml:" + (line.map { "\($0):" } ?? "")
        try await gateway.stop()
        let event = try #require(try await AuditLine.read(gateway.auditFile).first { $0.event == "config.rejected" })
        #expect(event["outcome"] == "failure" && event["reason"] != nil)
        let texts = [gateway.log, event["first"] ?? ""]
        for text in texts {
            if mistake.place == "" {
                #expect(text.contains("/dev/null"))
            } else {
                #expect(Self.hasPlace(text, place), "\(text.suffix(600))")
            }
        }
    }

    /// `FILE:LINE:COLUMN:`, whatever the numbers that `place` leaves open.
    private static func hasPlace(_ text: String, _ place: String) -> Bool {
        text.ranges(of: place).contains { range in
            let numbers = text[range.upperBound...].prefix { $0 == ":" || ("0"..."9").contains($0) }
            let count = numbers.split(separator: ":").count
            return numbers.hasSuffix(":") && count == (place.hasSuffix("yaml:") ? 2 : 1)
        }
    }

    static let restarts = [
        Mistake(
            testDescription: "listen",
            old: "listen: [\"127.0.0.1:",
            new: "listen: [\"127.0.0.2:",
            place: "server.listen"
        ),
        Mistake(
            testDescription: "keys",
            old: "file: gateway.key",
            new: "file: other.key",
            place: "keys.file"
        ),
        Mistake(
            testDescription: "redis",
            old: "audit: {",
            new: "redis: { url: \"redis://127.0.0.1:1/0\" }\naudit: {",
            place: "redis"
        ),
        Mistake(testDescription: "audit", old: "file: audit.jsonl", new: "file: other.jsonl", place: "audit.file"),
        Mistake(
            testDescription: "operations",
            old: "operations_listen: \"127.0.0.1:",
            new: "operations_listen: \"127.0.0.2:",
            place: "server.operations_listen"
        ),
    ]

    @Test("What needs a restart is refused whole, by its key", arguments: restarts)
    func needsRestart(change: Mistake) async throws {
        let house = try await House.openAudited()
        let alice = try await house.signedIn("alice")
        let isTaken = try await house.gateway.reload {
            $0.changing(change.old, to: change.new).changing("/public/**", to: "/changed/**")
        }
        #expect(!isTaken)
        var complaints: [Substring] = []
        let isSaid = await Poll.until {
            complaints = house.gateway.log.split(separator: "\n").filter { $0.contains("was not taken") }
            return !complaints.isEmpty
        }
        #expect(isSaid && complaints.count == 1)
        #expect(
            complaints.allSatisfy { $0.contains("\(change.place ?? ""): ") && $0.contains("restart") },
            "\(complaints)"
        )
        #expect(try await house.visitor().get("\(house.crmURL)/public/x").status == 200)
        #expect(try await alice.get("\(house.crmURL)/leads").status == 200)
        // Put back as it was, it is taken again.
        #expect(try await house.gateway.reload { $0.changing(change.new, to: change.old) })
        #expect(try await house.visitor().get("\(house.crmURL)/changed/x").status == 200)
        #expect(try await alice.get("\(house.crmURL)/leads").status == 200)
    }
}
