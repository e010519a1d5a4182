import GatehouseCore
import TestSupport
import Testing

@Suite("Folded name")
struct FoldedNameTests {
    @Test(
        "spellings that a directory takes for one name are one name",
        arguments: [
            ("alice", "alice"), ("ALICE", "alice"), (" alice", "alice"), ("alice\t", "alice"),
            ("\u{A0}alice\u{3000}", "alice"),
            ("\r\nalice\n", "alice"), ("ａｌｉｃｅ", "alice"), ("ＡＬＩＣＥ", "alice"), ("𝐚𝐥𝐢𝐜𝐞", "alice"), ("ⓐⓛⓘⓒⓔ", "alice"),
            ("müller", "müller"), ("mu\u{308}ller", "müller"), ("MU\u{308}LLER", "müller"), ("Straße", "strasse"),
            ("STRASSE", "strasse"), ("ﬁnn", "finn"), ("Ａlice@Ｅxample.com", "alice@example.com"), ("\u{212A}im", "kim"),
            ("ſam", "sam"), ("ΣΊΣΥΦΟΣ", "σίσυφοσ"), ("σίσυφος", "σίσυφοσ"), ("a b", "a b"), ("a\u{A0}b", "a b"),
        ]
    )
    func spellings(typed: String, folded: String) throws {
        let name = try #require(FoldedName(typed))
        #expect(name.description == folded)
        #expect(Array(name.description.utf8) == Array(folded.utf8))
        #expect(name == FoldedName(folded))
        #expect(Set([name, try #require(FoldedName(folded))]).count == 1)
    }

    @Test("different names stay different", arguments: [("alice", "alicе"), ("alice", "alıce"), ("alice", "al.ice")])
    func differences(left: String, right: String) {
        #expect(FoldedName(left) != FoldedName(right))
    }

    @Test(
        "control, format and ignorable characters are refused wherever they stand",
        arguments: [
            "\0", "\u{1}", "\u{1B}", "\u{7F}", "\u{85}", "\u{9F}", "\u{AD}", "\u{200B}", "\u{200C}", "\u{200D}",
            "\u{2060}",
            "\u{FEFF}", "\u{202E}", "\u{202A}", "\u{2066}", "\u{2069}", "\u{200E}", "\u{061C}", "\u{034F}", "\u{115F}",
            "\u{3164}", "\u{FFA0}", "\u{17B4}", "\u{180B}", "\u{180E}", "\u{1806}", "\u{FE0F}", "\u{E0100}",
            "\u{E0041}",
            "\u{FFFC}", "\u{2028}", "\u{2029}", "\u{FFFE}", "\u{378}", "\n", "\t",
        ]
    )
    func invisible(character: String) {
        #expect(FoldedName("al" + character + "ice") == nil)
        #expect(FoldedName(character) == nil)
        let isSpace = character.unicodeScalars.allSatisfy(\.properties.isWhitespace)
        if isSpace {
            #expect(FoldedName("alice" + character) == FoldedName("alice"))
        } else {
            #expect(FoldedName("alice" + character) == nil)
            #expect(FoldedName(character + "alice") == nil)
        }
    }

    @Test("a name has 1 to 128 characters after folding")
    func lengths() {
        #expect(FoldedName("") == nil)
        #expect(FoldedName(" \t\u{3000}") == nil)
        #expect(FoldedName("a")?.description == "a")
        #expect(FoldedName(String(repeating: "a", count: 128)) != nil)
        #expect(FoldedName(String(repeating: "a", count: 129)) == nil)
        #expect(FoldedName("  " + String(repeating: "Ä", count: 128) + "  ") != nil)
        #expect(FoldedName(String(repeating: "ß", count: 65)) == nil)
        #expect(FoldedName("a" + String(repeating: "\u{301}", count: 500)) == nil)
        #expect(FoldedName(String(repeating: "\u{FDFA}", count: 100)) == nil)
        #expect(FoldedName(String(repeating: "a", count: 10_000_000)) == nil)
    }

    @Test("what the directory is asked for keeps its case")
    func typed() {
        #expect(FoldedName(" Älice Müller ")?.typed == "Älice Müller")
        #expect(FoldedName("ＡＬＩＣＥ")?.typed == "ALICE")
    }

    @Test("folding twice changes nothing, so that no name is counted under two spellings")
    func idempotence() {
        var generator = SeededGenerator(seed: 3)
        var folded = 0
        for _ in 0..<20_000 {
            let scalars = (0..<Int.random(in: 1...6, using: &generator)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0x20..<0x3100, using: &generator))
            }
            guard let name = FoldedName(String(String.UnicodeScalarView(scalars))) else { continue }
            folded += 1
            #expect(FoldedName(name.description)?.description == name.description)
            #expect(FoldedName(name.typed) == name)
        }
        #expect(folded > 1000)
    }
}
