import Audit
import Cryptography
import GatehouseCore
import TestSupport
import Testing

@Suite("Verifying a trail")
struct VerifierTests {
    private let fixture = AuditFixture()

    /// Five events and the seal of the end, changed by a test; the first bad line.
    private func problem(_ change: (inout [String]) -> Void, mustEnd: Bool = false) async throws -> String? {
        try await fixture.finishedTrail(5)
        var all = lines(fixture.path)
        change(&all)
        fixture.folder.write(all.map { $0 + "\n" }.joined(), to: "audit.jsonl")
        return try fixture.verify(mustEnd: mustEnd).problem.map { "\($0)" }
    }

    @Test("a trail as it was written is good")
    func good() async throws {
        #expect(try await problem({ _ in }, mustEnd: true) == nil)
        let result = try fixture.verify()
        #expect(result.lines == 6 && result.sequences == 1...6 && result.sealedSequence == 6 && result.notes.isEmpty)
    }

    @Test("a changed line is named, also if only one bit of it changed")
    func changed() async throws {
        try await fixture.finishedTrail(3)
        let good = Array(contents(of: fixture.path).utf8)
        let start = lines(fixture.path)[0].utf8.count + 1
        let end = start + lines(fixture.path)[1].utf8.count
        for place in start..<end {
            var bytes = good
            bytes[place] ^= 0x01
            fixture.folder.write(String(decoding: bytes, as: UTF8.self), to: "audit.jsonl")
            let line = try #require(try fixture.verify().problem?.line, "at \(place)")
            #expect(line == 2)
        }
    }

    @Test("what was changed is told")
    func words() async throws {
        let path = fixture.path
        #expect(
            try await problem { $0[2] = $0[2].replacing("person3", with: "person9") }
                == "\(path):3: hash does not match: the line was changed"
        )
    }

    @Test("a removed line is named")
    func missing() async throws {
        let path = fixture.path
        #expect(try await problem { $0.remove(at: 2) } == "\(path):3: seq 4 follows 2: lines are missing")
    }

    @Test("a repeated line is named")
    func repeated() async throws {
        let path = fixture.path
        #expect(
            try await problem { $0.insert($0[1], at: 2) }
                == "\(path):3: seq 2 follows 2: lines are repeated or out of order"
        )
    }

    @Test("another trail behind the first is named")
    func anotherTrail() async throws {
        let path = fixture.path
        #expect(
            try await problem { $0 += $0 }
                == "\(path):7: seq 1 follows 6: another trail begins here, and what followed is missing"
        )
    }

    @Test("whoever forges a line with a right hash is named by the line behind it")
    func forged() async throws {
        let path = fixture.path
        #expect(
            try await problem { $0[2] = forge($0[2], "person3", "person9") }
                == "\(path):4: prev does not match: the line before was changed or exchanged"
        )
    }

    @Test("a wholly forged end is not sealed, and that is no good when it is old or has to be the end")
    func forgedEnd() async throws {
        let path = fixture.path
        let old = "\(path):5: seq 5 to 5 are not sealed: nothing proves that the gateway wrote them"
        #expect(
            try await problem(
                {
                    $0.removeLast(); $0.removeFirst(4)
                },
                mustEnd: true
            )
                == old.replacing(":5: seq", with: ":1: seq")
        )
        let now = WallClock.system.now()
        func verify(at time: Timestamp) throws -> AuditVerification {
            try AuditVerifier.verify(files: [path], keys: [fixture.publicKey], now: time)
        }
        let young = try verify(at: now + .seconds(60))
        #expect(young.isGood)
        #expect(young.notes.last?.what.contains("seq 5 to 5 are not sealed yet") == true)
        #expect(try !verify(at: now + .seconds(180)).isGood)
        // Nor is a line from the future.
        #expect(try !verify(at: now + .seconds(-180)).isGood)
    }

    @Test("a seal by another key counts for nothing")
    func otherKey() async throws {
        try await fixture.finishedTrail(2)
        let other = try #require(GatewayKey(bytes: [UInt8](1...32))).makeAuditSealKey().publicKey
        let result = try AuditVerifier.verify(files: [fixture.path], keys: [other], mustEnd: true)
        #expect(result.problem?.what.hasPrefix("seq 1 to 3 are not sealed") == true)
        #expect(result.notes.first?.what.contains(fixture.publicKey.thumbprint) == true)
        let both = try AuditVerifier.verify(files: [fixture.path], keys: [other, fixture.publicKey], mustEnd: true)
        #expect(both.isGood && both.notes.isEmpty)
    }

    @Test("what is noted of a forged line moves no terminal")
    func notes() async throws {
        _ = try await problem { all in
            let gap = all[0].replacing("sign_in.succeeded", with: "admin.audit_gap")
            let seal = AuditRecord(Array(all[5].utf8))?.text("key") ?? ""
            all = [
                forge(gap, "\"password\"", "\"\\u001b[2J\""), forge(all[5], seal, "\\u001b[2J\\u202e"),
            ]
            let first = AuditRecord(Array(all[0].utf8))?.text("hash") ?? ""
            all[1] = forge(all[1], "\"seq\":6,", "\"seq\":2,")
            all[1] = forge(all[1], "\"sealed_seq\":5,", "\"sealed_seq\":1,")
            for member in ["prev", "sealed_hash"] {
                all[1] = forge(all[1], AuditRecord(Array(all[1].utf8))?.text(member) ?? "", first)
            }
        }
        let notes = try fixture.verify().notes.map { "\($0)" }
        #expect(notes.count == 3)
        #expect(notes[0].contains(#"reason \u{1b}[2J"#))
        #expect(notes[1].hasSuffix(#"\u{1b}[2J\u{202e}"#))
        #expect(notes.allSatisfy { note in note.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) } })
    }

    @Test("a trail goes on under a new gateway key, and both are needed")
    func newKey() async throws {
        try await fixture.finishedTrail(2)
        let newKey = try #require(GatewayKey(bytes: [UInt8](1...32)))
        let trail = try AuditTrail(AuditConfiguration(file: fixture.path), key: newKey)
        try await trail.commit(fixture.event(3))
        await trail.close()
        let new = newKey.makeAuditSealKey().publicKey
        let result = try AuditVerifier.verify(files: [fixture.path], keys: [new, fixture.publicKey], mustEnd: true)
        #expect(result.isGood && result.notes.isEmpty)
        // The new seal vouches for the lines before it too; the old one is told of.
        let newAlone = try AuditVerifier.verify(files: [fixture.path], keys: [new], mustEnd: true)
        #expect(newAlone.isGood && newAlone.notes.count == 1)
    }

    @Test("a seal whose signature, time or occasion was changed is named", arguments: ["signature", "time", "reason"])
    func sealChanged(member: String) async throws {
        let path = fixture.path
        let problem = try await problem { all in
            let value = AuditRecord(Array(all[5].utf8))?.text(member) ?? ""
            let other = [
                "signature": "A\(value.dropFirst())", "time": "2020\(value.dropFirst(4))", "reason": "rotation",
            ]
            all[5] = forge(all[5], value, other[member] ?? "")
        }
        #expect(problem == "\(path):6: the signature does not match: the seal was made by somebody else")
    }

    @Test(
        "a seal of something else is named",
        arguments: [
            ("\"sealed_seq\":5", "\"sealed_seq\":4"), ("\"signature\":\"", "\"signature\":\"!"), ("\"key\"", "\"kez\""),
        ]
    )
    func sealOfOther(from: String, to: String) async throws {
        #expect(try await problem { $0[5] = forge($0[5], from, to) }?.contains(":6: the seal ") == true)
    }

    @Test("a trail that was cut at a seal of the interval is good only if it need not end")
    func cutOff() async throws {
        var timing = AuditFixture.slow
        timing.sealInterval = .milliseconds(10)
        let trail = try fixture.trail(timing: timing)
        try await trail.commit(fixture.event(1))
        #expect(await eventually { lines(fixture.path).count == 2 })
        await trail.close()
        fixture.folder.write(lines(fixture.path).prefix(2).map { $0 + "\n" }.joined(), to: "audit.jsonl")
        let result = try fixture.verify()
        #expect(result.isGood)
        #expect(result.notes.last?.what.hasPrefix("ends with a seal of ") == true)
        #expect(try fixture.verify(mustEnd: true).problem?.what.hasSuffix("it may be cut off here") == true)
    }

    @Test("the second of two files alone says that earlier lines are elsewhere")
    func laterFile() async throws {
        #expect(try await problem { $0.removeFirst(2) } == nil)
        #expect(try fixture.verify().notes.first?.what.hasPrefix("begins with seq 3") == true)
    }

    @Test(
        "what is no trail is named and never trapped on",
        arguments: [
            "", "\n", "x", "x\n", "{}\n", "\0\n", "{\"time\":\"", String(repeating: "x", count: 65_536) + "\n",
            String(repeating: "y", count: 200_000), "{\"time\":\"t\",\"seq\":18446744073709551615,\"prev\":\"\",",
        ]
    )
    func rubbish(content: String) throws {
        fixture.folder.write(content, to: "audit.jsonl")
        #expect(try fixture.verify().problem?.line == 1)
    }

    @Test(
        "numbers at the end of their range are refused, not added to",
        arguments: [
            "9223372036854775807", "9223372036854775808", "18446744073709551615", "99999999999999999999", "0", "01",
            "-1",
        ]
    )
    func numbers(number: String) async throws {
        let problem = try await problem { all in
            all = [forge(all[0], "\"seq\":1,", "\"seq\":\(number),"), all[5]]
        }
        #expect(problem != nil)
        fixture.folder.write(lines(fixture.path)[0] + "\n", to: "audit.jsonl")
        // Nor does a gateway that starts on it.
        _ = try? await fixture.finishedTrail(1)
    }

    @Test("a file that cannot be read is an error that names it")
    func unreadable() throws {
        #expect { try fixture.verify(["/nowhere/x"]) } throws: { error in
            (error as? AuditError)?.code == .unreadable && "\(error)".contains("/nowhere/x")
        }
        #expect { try fixture.verify([fixture.folder.path]) } throws: { ($0 as? AuditError)?.code == .unreadable }
    }

    /// Changes a line and gives it the hash that it should have then.
    private func forge(_ line: String, _ from: String, _ to: String) -> String {
        let changed = line.replacing(from, with: to, maxReplacements: 1)
        guard let start = changed.firstRange(of: "\"hash\":\"")?.lowerBound else { return changed }
        let end = changed.index(start, offsetBy: 8 + 64 + 2)
        let plain = changed[..<start] + changed[end...] + "\n"
        let hash = SHA256.hash(Array(plain.utf8)).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
        return changed[..<start] + "\"hash\":\"\(hash)\"," + changed[end...]
    }
}
