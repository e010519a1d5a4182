import GatehouseCore
import Policy
import Testing

@Suite("Path pattern")
struct PathPatternTests {
    @Test(
        "a pattern matches whole segments",
        arguments: [
            ("/", "/", true), ("/", "/a", false), ("/**", "/", true), ("/**", "/a/b/c", true), ("/a", "/a", true),
            ("/a", "/a/", false),
            ("/a", "/ab", false), ("/a", "/a/b", false), ("/a/", "/a/", true), ("/a/", "/a", false),
            ("/a/**", "/a", true),
            ("/a/**", "/a/", true), ("/a/**", "/a/b/c", true), ("/a/**", "/ab", false), ("/a/**", "/", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/b/c", false), ("/a/*", "/a/b/", false), ("/a/*", "/a", false), ("/*/b", "/a/b", true),
            ("/*/b", "/b", false),
            ("/*", "/a", true), ("/*", "/a/b", false), ("/*/*", "/a/b", true), ("/*/**", "/a", true),
            ("/a/**/b", "/a/b", true),
            ("/a/**/b", "/a/x/b", true), ("/a/**/b", "/a/x/y/z/b", true), ("/a/**/b", "/a/b/b", true),
            ("/a/**/b", "/a/b/c", false),
            ("/a/**/b", "/a", false), ("/a/**/b", "/a/", false), ("/a/**/b", "/a/b/", false),
            ("/a/**/b", "/a/xb", false),
            ("/**/b", "/b", true), ("/**/b", "/a/b", true), ("/**/b", "/a/b/c", false), ("/**/b", "/", false),
            ("/**/b/**", "/a/b/c", true),
            ("/**/b/**", "/a/c", false), ("/**/a/**/b", "/x/a/y/a/z/b", true), ("/**/a/**/b", "/x/b/y/a", false),
            ("/**/a/*/b", "/a/a/x/b", true), ("/**/a/*/b", "/a/x/y/b", false), ("/**/**", "/a", true),
            ("/**/", "/a/", true), ("/**/", "/a", false),
            ("/**/", "/", true), ("/a/**/**/b", "/a/b", true), ("/**/*", "/a/b", true), ("/**/*/c", "/c", false),
            ("/a%20b", "/a%20b", true),
            ("/a b", "/a%20b", true), ("/é", "/%C3%A9", true), ("/%c3%a9", "/%C3%A9", true),
            ("/%7euser", "/~user", true),
            ("/a;b", "/a", false), ("/a.b", "/axb", false), ("/a?b", "/a%3Fb", true), ("/a%2Fb", "/a/b", false),
        ]
    )
    func matching(pattern: String, path: String, matches: Bool) throws {
        let table = PolicyFixture.table([try PolicyFixture.app([PolicyFixture.rule(pattern, nil, .anyone)])])
        #expect(table.outcome(path) == (matches ? .permit(app: 0, rule: 0, isPublic: true) : .deny(.noRule, rule: nil)))
    }

    @Test("many stars end in no exponential search")
    func manyStars() throws {
        let pattern = String(repeating: "/**/a", count: 40) + "/b"
        let table = PolicyFixture.table([try PolicyFixture.app([PolicyFixture.rule(pattern, nil, .anyone)])])
        #expect(table.outcome(String(repeating: "/a", count: 5000)) == .deny(.noRule, rule: nil))
        #expect(table.outcome(String(repeating: "/a", count: 5000) + "/b").isPermit)
    }

    @Test("capitals in a pattern match the same path, and protect the path in small letters too")
    func capitals() throws {
        let rules = [try PolicyFixture.rule("/Admin/**", nil, .nobody), try PolicyFixture.rule("/**", nil, .anyone)]
        let table = PolicyFixture.table([try PolicyFixture.app(rules)])
        for path in ["/Admin", "/admin", "/ADMIN/x", "/%41dmin"] {
            #expect(table.outcome(path) == .deny(.nobody, rule: 0))
        }
        #expect(table.outcome("/adm").isPermit)
    }

    @Test(
        "what can match nothing, or could be read in two ways, is refused",
        arguments: [
            "", "a", "*", "**", "a/b", "//", "/a//b", "//a", "/a*", "/*a", "/a**", "/***", "/{", "/}", "/{}", "/a{b}",
            "/{a}b", "/{a b}",
            "/{a}{b}", "/**/{organization}", "/a/**/b/{o}", "/.", "/..", "/a/./b", "/a/../b", "/%2e", "/a/%2E%2e",
            "/%zz", "/%", "/%00", "/%5c",
            "/a\\b/%5C", "/%C3", "/%C0%AF", "/\u{301}/{",
        ]
    )
    func malformed(text: String) {
        #expect(throws: PathPattern.Malformed.self) { try PathPattern(text) }
    }

    @Test("a combining character behind a slash does not hide the slash")
    func combining() throws {
        let table = PolicyFixture.table([try PolicyFixture.app([PolicyFixture.rule("/a/\u{301}b", nil, .anyone)])])
        #expect(table.outcome("/a/%CC%81b").isPermit)
    }

    @Test("the bound attributes are named in order")
    func boundAttributes() throws {
        #expect(try PathPattern("/{organization}/*/{uid}/**").boundAttributes == ["organization", "uid"])
        #expect(try PathPattern("/a/**").boundAttributes.isEmpty)
        #expect(try PathPattern("/a/{o}").description == "/a/{o}")
    }
}
