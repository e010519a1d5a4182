import Audit
import Cryptography
import GatehouseCore
import TestSupport
import Testing

@Suite("The line of an event")
struct LineTests {
    private let fixture = AuditFixture()

    @Test("has the members of the contract in its order, and no absent ones")
    func order() async throws {
        let clock = ManualClock()
        let trail = try fixture.trail(clock: clock.wallClock)
        var event = AuditEvent(.accessDenied, outcome: .failure, reason: "missing_role")
        event.subject = SubjectID(realm: "staff", immutableID: "9d1f")
        event.login = "alice"
        event.directory = "staff"
        event.app = "crm"
        event.method = "GET"
        event.path = "/admin"
        event.rule = 3
        event.address = SourceAddress("192.0.2.7")
        event.userAgent = "Mozilla/5.0"
        let requestID = RequestID.random()
        event.requestID = requestID
        event.session = SessionID("s1")
        event.details = [.init("cause", "x"), .init("tries", 4)]
        try await trail.commit(event)
        try await trail.commit(AuditEvent(.adminStopped, outcome: .success))
        await trail.close()
        let hash = try #require(records(fixture.path).first?.text("hash"))
        let zeros = String(repeating: "0", count: 64)
        #expect(
            lines(fixture.path)[0]
                == #"{"time":"2026-11-22T09:15:04.120Z","seq":1,"prev":"\#(zeros)","hash":"\#(hash)","#
                + #""event":"access.denied","outcome":"failure","reason":"missing_role","subject":"staff/9d1f","#
                + #""login":"alice","directory":"staff","app":"crm","method":"GET","path":"/admin","rule":3,"#
                + #""ip":"192.0.2.7","user_agent":"Mozilla/5.0","request_id":"\#(requestID)","session":"s1","#
                + #""cause":"x","tries":4}"#
        )
        #expect(
            records(fixture.path)[1].members.map(\.name) == ["time", "seq", "prev", "hash", "event", "outcome"]
        )
        #expect(records(fixture.path)[1].text("prev") == hash)
    }

    @Test(
        "is one line of printable ASCII whatever a client sends, and reads back as it was",
        arguments: [
            "a\nb", "a\r\n{\"event\":\"sign_in.succeeded\"}", "\u{0}\u{1B}[2J", "\u{202E}txt.exe", "\u{2028}",
            "\"},{\"",
            "\\", "müller", "😀", "\u{7F}\u{85}", "\u{FFFD}", "",
        ]
    )
    func escaping(text: String) async throws {
        let trail = try fixture.trail()
        var event = AuditEvent(.signInSucceeded, outcome: .success, reason: text)
        event.login = text
        event.userAgent = text
        event.details = [.init("cause", text)]
        try await trail.commit(event)
        await trail.close()
        let bytes = Array(contents(of: fixture.path).utf8)
        #expect(bytes.count { $0 == 0x0A } == 2)
        #expect(bytes.allSatisfy { $0 == 0x0A || (0x20...0x7E).contains($0) })
        let record = try #require(records(fixture.path).first)
        for name in ["reason", "login", "user_agent", "cause"] { #expect(record.text(name) == text) }
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("has less than 64 KiB whatever a client sends, and shows where something was cut")
    func size() async throws {
        let trail = try fixture.trail()
        for text in ["\u{1}", "😀", "a", "é"] {
            let long = String(repeating: text, count: 70_000)
            var event = AuditEvent(.accessPermitted, outcome: .success, reason: long)
            event.subject = SubjectID(realm: long, immutableID: long)
            event.login = long
            event.directory = long
            event.app = long
            event.method = long
            event.path = "/" + long
            event.userAgent = long
            event.session = SessionID(long)
            event.details = (0..<40).map { .init("detail_\($0)", long) }
            try await trail.commit(event)
        }
        await trail.close()
        #expect(lines(fixture.path).count == 5)
        #expect(lines(fixture.path).allSatisfy { $0.utf8.count < 65_536 })
        for record in records(fixture.path).prefix(4) {
            #expect(record.text("path")?.hasSuffix("\u{2026}") == true)
            #expect(record.text("login")?.hasSuffix("\u{2026}") == true)
        }
        #expect(try fixture.verify(mustEnd: true).isGood)
    }

    @Test("a value that just fits is not cut")
    func fits() async throws {
        let trail = try fixture.trail()
        var event = fixture.event(1)
        event.userAgent = String(repeating: "x", count: 1018)
        try await trail.commit(event)
        event.userAgent = String(repeating: "x", count: 1019)
        try await trail.commit(event)
        await trail.close()
        #expect(records(fixture.path)[0].text("user_agent") == String(repeating: "x", count: 1018))
        #expect(records(fixture.path)[1].text("user_agent") == String(repeating: "x", count: 1018) + "\u{2026}")
    }

    @Test("shows how its hash and its seal are checked with sed, sha256sum and openssl alone")
    func byHand() async throws {
        try await fixture.finishedTrail(2)
        let key = fixture.folder.write(fixture.publicKey.pem, to: "key.pem")
        let script = fixture.folder.write(
            #"""
            set -eu
            cd "$1"
            prev=$(printf '%064d' 0)
            while IFS= read -r line; do
                hash=$(printf '%s\n' "$line" | sed 's/"hash":"[0-9a-f]\{64\}",//' | sha256sum | cut -d' ' -f1)
                case $line in *"\"prev\":\"$prev\",\"hash\":\"$hash\","*) ;; *) echo "bad: $line"; exit 1 ;; esac
                prev=$hash
            done <audit.jsonl
            seal=$(grep '"event":"audit.sealed"' audit.jsonl | tail -n 1)
            member() { printf '%s' "$seal" | sed "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/"; }
            printf 'gatehouse-audit-seal-1\n%s\n%s\n%s\n%s\n' \
                "$(member sealed_seq)" "$(member sealed_hash)" "$(member time)" "$(member reason)" >message
            hex=$(printf '%s==' "$(member signature)" | tr -- '-_' '+/' | base64 -d | od -An -v -tx1 | tr -d ' \n')
            r=$(printf '%s' "$hex" | cut -c1-64) s=$(printf '%s' "$hex" | cut -c65-128)
            printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$r" "$s" >signature.cnf
            openssl asn1parse -genconf signature.cnf -noout -out signature.der
            openssl dgst -sha256 -verify key.pem -signature signature.der message
            """#,
            to: "check.sh"
        )
        #expect(key.hasSuffix("key.pem"))
        let output = fixture.folder.file("out")
        let path = fixture.folder.path
        let status = try await ChildProcess.offPool {
            try ChildProcess.run("/bin/sh", [script, path], output: output)
        }
        #expect(status == 0, "\(contents(of: output))")
        #expect(contents(of: output).contains("Verified OK"))
    }

    @Test("is explained in the catalogue", arguments: AuditEvent.Name.allCases)
    func catalogue(name: AuditEvent.Name) {
        let catalogue = contents(of: "\(TestEnvironment.root)/schema/audit.md")
        #expect(catalogue.contains("`\(name.rawValue)`"))
    }
}
