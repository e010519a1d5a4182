import Audit
import GatehouseCore
import TestSupport
import Testing

@Suite("Searching a trail")
struct SearchTests {
    private let fixture = AuditFixture()
    private let clock = ManualClock()

    /// Four lines, a minute apart, and the last seal.
    private func write() async throws {
        let trail = try fixture.trail(clock: clock.wallClock)
        try await trail.commit(fixture.failure("alice"))
        clock.move(by: .seconds(60))
        var denied = AuditEvent(.accessDenied, outcome: .failure, reason: "missing_role")
        denied.subject = SubjectID(realm: "staff", immutableID: "9d1f")
        denied.app = "crm"
        denied.session = SessionID("s1")
        denied.address = SourceAddress("2001:db8::5")
        try await trail.commit(denied)
        clock.move(by: .seconds(60))
        try await trail.commit(fixture.failure("bob", reason: "unknown_name"))
        for login in ["carol", "dave"] { try await trail.commit(fixture.failure(login, reason: "unknown_name")) }
        clock.move(by: .seconds(60))
        await trail.close()
    }

    private func found(_ change: (inout AuditSearch) -> Void) throws -> [Int] {
        var search = AuditSearch()
        change(&search)
        var lines: [Int] = []
        try search.run(file: fixture.path, found: { lines.append($0.line) }, malformed: { lines.append(-$0) })
        return lines
    }

    @Test("each filter finds its lines, and all of them together what all find")
    func filters() async throws {
        try await write()
        #expect(try found { _ in } == [1, 2, 3, 4, 5])
        #expect(try found { $0.events = ["sign_in.failed"] } == [1, 3, 4])
        #expect(try found { $0.events = ["sign_in.*", "audit.sealed"] } == [1, 3, 4, 5])
        #expect(try found { $0.events = ["sign_in"] } == [])
        #expect(try found { $0.outcome = .failure } == [1, 2, 3, 4])
        #expect(try found { $0.reason = "unknown_name" } == [3, 4])
        #expect(try found { $0.user = " ALICE" } == [1])
        #expect(try found { $0.user = "staff/9d1f" } == [2])
        #expect(try found { $0.user = "9d1f" } == [2])
        #expect(try found { $0.user = "d1f" } == [])
        #expect(try found { $0.user = "dave" } == [4])
        #expect(try found { $0.app = "crm" } == [2])
        #expect(try found { $0.session = "s1" } == [2])
        #expect(try found { $0.requestID = "x" } == [])
        #expect(try found { $0.network = Network("192.0.2.0/24") } == [1, 3, 4])
        #expect(try found { $0.network = Network("2001:db8::/32") } == [2])
        #expect(
            try found {
                $0.events = ["sign_in.*"]; $0.user = "bob"
            } == [3]
        )
    }

    @Test("times are inclusive, and a count of failures covers the time up to its end")
    func times() async throws {
        let start = clock.now
        try await write()
        #expect(
            try found {
                $0.since = start + .seconds(60); $0.until = start + .seconds(60)
            } == [2]
        )
        #expect(try found { $0.since = start + .milliseconds(60_001) } == [3, 4, 5])
        #expect(try found { $0.until = start } == [1])
    }

    @Test("a line that is none is told by its number, and the others are found")
    func malformed() async throws {
        try await write()
        var all = lines(fixture.path)
        all[1] = "{\"event\":\"x\u{1B}[2J\"}"
        all[2] = "{\"event\":1}"
        all.append(String(repeating: "x", count: 70_000))
        fixture.folder.write(all.joined(separator: "\n"), to: "audit.jsonl")
        #expect(try found { _ in } == [1, -2, -3, 4, 5, -6])
    }

    @Test(
        "only a flat object of texts and numbers is a record",
        arguments: [
            "", "{}", "[]", "{\"a\":1", "{\"a\":1}x", "{\"a\":{}}", "{\"a\":[1]}", "{\"a\":true}", "{\"a\":1.5}",
            "{\"a\":01}", "{\"a\":\"\\n\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12G4\"}", "{\"a\":1,\"a\":2}",
            "{\"a\" :1}",
            "{\"a\":\"é\"}", "{\"a\":-}", "{\"a\":99999999999999999999}", "{\"a\":\"", "{\"a\":\"\\", "{a:1}",
        ]
    )
    func records(line: String) {
        #expect(AuditRecord(Array(line.utf8)) == nil)
    }

    @Test("an object of more members than any line has is no record")
    func manyMembers() {
        func line(_ count: Int) -> [UInt8] {
            Array("{\((0..<count).map { "\"m\($0)\":\($0)" }.joined(separator: ","))}".utf8)
        }
        #expect(AuditRecord(line(64)) != nil)
        #expect(AuditRecord(line(65)) == nil)
    }

    @Test("the readable form shows letters of all languages and nothing that moves a terminal")
    func readable() throws {
        let line =
            #"{"time":"T","seq":1,"event":"sign_in.failed","outcome":"failure","login":"m\u00fcller","#
            + #""user_agent":"a \u001b[2J\u202e \"x\"","app":"","rule":3}"#
        let record = try #require(AuditRecord(Array(line.utf8)))
        #expect(
            record.readableText
                == #"T sign_in.failed     failure login=müller user_agent="a \u{1b}[2J\u{202e} \"x\"" app="" rule=3"#
        )
    }
}

@Suite("Moments of a search")
struct MomentTests {
    private let now = Timestamp(milliseconds: 1_795_338_904_120)

    @Test(
        "are read as RFC 3339, as a day or as a time ago",
        arguments: [
            ("2026-11-22T09:15:04.120Z", 1_795_338_904_120), ("2026-11-22T09:15:04.1209Z", 1_795_338_904_120),
            ("2026-11-22t10:15:04z", 1_795_342_504_000), ("2026-11-22T10:15:04.5+01:00", 1_795_338_904_500),
            ("2026-11-22T08:45:04-00:30", 1_795_338_904_000), ("2026-11-22", 1_795_305_600_000),
            ("1970-01-01", 0), ("2000-02-29", 951_782_400_000), ("0001-01-01", -62_135_596_800_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000), ("90s", 1_795_338_814_120), ("15m", 1_795_338_004_120),
            ("8h", 1_795_310_104_120), ("30d", 1_792_746_904_120), ("0s", 1_795_338_904_120),
        ] as [(String, Int64)]
    )
    func good(text: String, milliseconds: Int64) {
        #expect(MomentText.parse(text, now: now) == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        "are none otherwise",
        arguments: [
            "", "now", "s", "-5m", "1.5h", "1w", "9999999999s", "2026-13-01", "2026-02-29", "2026-04-31", "2026-00-10",
            "2026-01-00", "26-01-01", "2026-11-22T09:15:04", "2026-11-22T24:00:00Z", "2026-11-22T09:60:00Z",
            "2026-11-22T09:15:04.Z", "2026-11-22T09:15:04+1:00", "2026-11-22T09:15:04+24:00", "2026/11/22",
            "2026-11-22 09:15:04Z", "2026-11-22T09:15:04ZZ", "２０２６-11-22",
        ]
    )
    func bad(text: String) {
        #expect(MomentText.parse(text, now: now) == nil)
    }

    @Test("what a line shows is read back, for every kind of year")
    func roundTrip() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<2000 {
            let time = Timestamp(
                milliseconds: Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &generator)
            )
            #expect(MomentText.parseRFC3339(time.rfc3339) == time)
        }
    }
}
