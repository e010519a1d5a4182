import GatehouseConfiguration
import Testing

@Suite struct HostileYAMLTests {
    private func lines(_ text: String) throws -> [String] {
        let folder = try ConfigurationFolder()
        try folder.write(text, to: "gatehouse.yaml")
        return folder.lines(.error)
    }

    private static let refusal =
        "anchors (\"&name\") and aliases (\"*name\") are not taken: write the value where it is used, so that a reader sees it"

    /// Nine levels of nine aliases each: 387 million values if they were ever written out.
    private static let laughs =
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + (1...9).map { level in
            "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n"
        }.joined()

    @Test(.timeLimit(.minutes(1)))
    func aBillionLaughsAreRefused() throws {
        #expect(try lines(Self.laughs) == ["gatehouse.yaml:1:5: \(Self.refusal)"])
    }

    @Test(.timeLimit(.minutes(1)))
    func laughsInAKeyAreRefused() throws {
        #expect(try lines(Self.laughs + "? *a9\n: x\n") == ["gatehouse.yaml:1:5: \(Self.refusal)"])
        #expect(try lines(Self.laughs + "? [*a9, *a9]\n: x\n") == ["gatehouse.yaml:1:5: \(Self.refusal)"])
    }

    @Test func anAnchorIsRefusedWhereItStands() throws {
        #expect(try lines("server: &s {}\nkeys: *s\n") == ["gatehouse.yaml:1:9: \(Self.refusal)"])
        #expect(try lines("&k server: {}\n*k : {}\n").allSatisfy { $0.contains("twice") || $0.contains("anchors") })
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["[", "{a: ", "- ", "? "])
    func deepNestingIsRefused(opening: String) throws {
        for depth in [40, 900, 100_000] {
            let found = try lines("server: 1\nx:\n  " + String(repeating: opening, count: depth) + "\n")
            #expect(found.count == 1 && found[0].hasPrefix("gatehouse.yaml:"))
        }
        let closed = try lines("server: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40))
        #expect(closed == ["gatehouse.yaml:1:41: the file is nested more than 32 levels deep"])
    }

    @Test(.timeLimit(.minutes(1)))
    func tooManyValuesAreRefused() throws {
        let found = try lines("apps: [" + String(repeating: "1,", count: 200_001) + "]")
        #expect(found.count == 1 && found[0].hasSuffix("the file has more than 200000 values"))
    }

    @Test(arguments: [
        "a: \u{0}", "a: \u{7}", "\"\\xZZ\": 1", "a: 'b", "%YAML 9.9\n---\na: b", "a: b: c", "]", "{", "@", "*x",
        "a: *x", "\t",
    ])
    func brokenYAMLIsAProblemWithAPlace(text: String) throws {
        let found = try lines(text)
        #expect(!found.isEmpty)
        for line in found { #expect(line.contains(#/^gatehouse\.yaml:[12]:[0-9]+: ./#)) }
    }
}
