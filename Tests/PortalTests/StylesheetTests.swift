import Testing

@testable import Portal

@Suite("The style sheet")
struct StylesheetTests {
    @Test("It stays below 10 kB and loads nothing")
    func size() {
        let text = Stylesheet.palette + Stylesheet.elements + Stylesheet.launcher
        #expect(text.utf8.count < 10_000)
        #expect(!text.contains("url("))
        #expect(!text.contains("@import"))
    }

    @Test("Its path names its content")
    func path() {
        #expect(Assets.stylesheet.path.hasPrefix("/.gatehouse/assets/style-"))
        #expect(
            Asset(name: "style", suffix: "css", contentType: "", text: "a").path
                != Asset(name: "style", suffix: "css", contentType: "", text: "b").path
        )
    }

    @Test(
        "Text can be read on its ground in both schemes (WCAG 2.2, 1.4.3 and 1.4.11)",
        arguments: [
            ("text", "ground", 4.5), ("text", "surface", 4.5), ("muted", "ground", 4.5), ("muted", "surface", 4.5),
            ("accent", "surface", 4.5), ("accent", "ground", 4.5), ("on-accent", "accent", 4.5),
            ("on-accent", "accent-strong", 4.5), ("bad", "bad-soft", 4.5), ("good", "good-soft", 4.5),
            ("text", "soft", 4.5), ("field", "surface", 3), ("field", "ground", 3),
        ]
    )
    func contrast(front: String, back: String, least: Double) throws {
        let schemes = Stylesheet.palette.split(separator: "@media")
        #expect(schemes.count == 2)
        for scheme in schemes {
            let ratio = (try luminance(front, scheme) + 0.05) / (try luminance(back, scheme) + 0.05)
            #expect(max(ratio, 1 / ratio) >= least, "\(front) on \(back)")
        }
    }

    private func luminance(_ name: String, _ scheme: Substring) throws -> Double {
        let start = try #require(String(scheme).range(after: "--\(name):#"))
        var digits = String(String(scheme)[start...].prefix { $0.isHexDigit })
        if digits.count == 3 { digits = digits.map { "\($0)\($0)" }.joined() }
        let value = try #require(Int(digits, radix: 16))
        func channel(_ shift: Int) -> Double {
            let part = Double(value >> shift & 255) / 255
            return part <= 0.04045 ? part / 12.92 : power((part + 0.055) / 1.055)
        }
        return 0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }

    /// x to the 2.4, as x² · x^(2/5), the fifth root by Newton: no C library is needed for it.
    private func power(_ base: Double) -> Double {
        let square = base * base
        var root = 1.0
        for _ in 0..<60 { root -= (root * root * root * root * root - square) / (5 * root * root * root * root) }
        return square * root
    }
}
