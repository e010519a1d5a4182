import Policy
import Testing

@Suite("Readings of a path")
struct PathReadingsTests {
    private func readings(_ path: String, capitals: Bool = false) -> Set<String> {
        let readings = PathReadings(of: Array(path.utf8).span, rulesNameCapitals: capitals)
        return Set(readings.others.map { String(decoding: $0.path, as: UTF8.self) + ($0.caseFolded ? " folded" : "") })
    }

    @Test(
        "an ordinary path has no other reading",
        arguments: ["/", "/a/b.html", "/a/", "/a%20b", "/%25", "/a-b_c~d", "/%3F%23%7B"]
    )
    func ordinary(path: String) {
        #expect(readings(path).isEmpty)
    }

    @Test(
        "each way in which applications read a path is a reading, and so is each mixture",
        arguments: [
            ("/a;x=1/b", ["/a/b"]), ("/a%3Bx/b", ["/a/b"]), ("/x/..;/admin", ["/admin"]),
            ("/;/admin", ["//admin", "/admin"]),
            ("/a;/../b", ["/b"]), ("/ADMIN", ["/admin folded"]), ("/a%2Fb", ["/a/b"]),
            ("/x%2F..%2Fadmin", ["/admin"]), ("/%2Fadmin", ["//admin", "/admin"]), ("//a", ["/a"]),
            ("/a//../b", ["/b"]),
            ("/A;b", ["/A", "/a;b folded", "/a folded"]),
            ("/A%2FB", ["/A/B", "/a%2Fb folded", "/a/b folded"]),
            ("/x;%2F..%2Fy", ["/x", "/y"]), ("/%C3%89", ["/%C3%A9 folded"]), ("/%E2%84%AA", ["/k folded"]),
            ("/%C5%BF", ["/s folded"]), ("/%C4%B1", ["/i folded"]), ("/%C4%B0", ["/i folded"]),
            ("/%C3%9F", ["/ss folded"]),
            ("/%CF%82", ["/%CF%83 folded"]), ("/%E1%BA%9E", ["/ss folded"]),
        ]
    )
    func others(path: String, expected: [String]) {
        #expect(readings(path) == Set(expected))
    }

    @Test("where a rule names capitals, a path in small letters is read in that way too")
    func capitalsInRules() {
        #expect(readings("/admin", capitals: true) == ["/admin folded"])
    }
}
