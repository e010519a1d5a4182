import GatehouseCore
import Policy
import TestSupport
import Testing

@Suite("Canonical path")
struct CanonicalPathTests {
    /// Spellings of /admin, and of what leads to it, from the advisories of the class.
    private static let spellings = [
        "/admin", "//admin", "///admin", "/./admin", "/././admin", "/x/../admin", "/x/y/../../admin", "/../admin",
        "/../../admin",
        "/%2e/admin", "/%2E/admin", "/%2e%2e/admin", "/.%2e/admin", "/%2e./admin", "/x/%2e%2e/admin", "/x/%2E%2E/admin",
        "/x/.%2E/admin",
        "/%61dmin", "/%61%64%6d%69%6e", "/%61%64%6D%69%6E", "/%41dmin", "/adm%69n", "/admin/", "/admin//", "/admin/.",
        "/admin/./",
        "/admin/..", "/admin/x/..", "/admin/../admin", "//admin//", "/admin;", "/admin;a", "/admin;a=b", "/admin;a/",
        "/admin;a/x",
        "/admin;/../admin", "/;/admin", "/;a/admin", "/;a=b/;c/admin", "/.;/admin", "/..;/admin", "/x/..;/admin",
        "/x/..;a=b/admin",
        "/x;y/..;/admin", "/x/;/../admin", "/x/;/..;/admin", "/admin%3B", "/admin%3Ba", "/admin%3ba/x", "/%3B/admin",
        "/x/..%3B/admin",
        "/..%3b/admin", "/x%3B/..%3B/admin", "/x/%2e%2e;/admin", "/x/%2e%2e%3b/admin", "/x%2f..%2fadmin",
        "/x%2F..%2Fadmin",
        "/x%2f../admin", "/x/..%2fadmin", "/%2fadmin", "/%2Fadmin", "/%2f%2fadmin", "/admin%2f", "/admin%2Fx",
        "/%2e%2e%2fadmin",
        "/.%2fadmin", "/;%2fadmin", "/x;%2f..%2f..%2fadmin", "/x%2f..;/admin", "/x/..;%2fadmin", "/x%2f%2f../../admin",
        "/\\admin",
        "/x\\..\\admin", "/%5cadmin", "/%5Cadmin", "/x%5c..%5cadmin", "/..%5cadmin", "/admin%5c", "/admin%00",
        "/admin%00.html",
        "/%00/admin", "/admin%0a", "/admin%0d%0a", "/admin%09", "/admin%7f", "/admin%1f", "/admin\0", "/admin\n",
        "/admin\t", "/admin ",
        "/ADMIN", "/Admin", "/aDmIn", "/%41%44%4D%49%4E", "/ADMIN;x", "/x/..;/ADMIN", "//ADMIN", "/x%2F..%2FADMIN",
        "/adm%C4%B1n",
        "/adm%C4%B0n", "/ADM%C4%B0N", "/admin%c0%af", "/%c0%afadmin", "/..%c0%afadmin", "/%c0%ae%c0%ae/admin",
        "/x/%e0%80%ae%e0%80%ae/admin",
        "/x%e0%80%afadmin", "/admin%ff", "/admin%80", "/admin%c3", "/admin%c3/x", "/admin%c3a", "/admin%ed%a0%80",
        "/admin%f4%90%80%80",
        "/admin%f8%88%80%80%80", "/%e0%81%a1dmin", "/%c1%a1dmin", "/ａdmin", "/admin#", "/admin#/public",
        "/public#/../admin", "/admin%",
        "/admin%2", "/admin%zz", "/%u0061dmin", "/admin%%", "/%%61dmin", "admin", "", "\\admin", "*", "?admin",
        "%2fadmin",
        "http://app.test/admin",
    ]

    private static func site(_ encodedSlash: AppPolicy.EncodedSlash, _ mergeSlashes: Bool) throws -> RouteTable {
        let rules = [
            try PolicyFixture.rule("/admin/**", roles: ["admin"]), try PolicyFixture.rule("/**", nil, .anyone),
        ]
        return PolicyFixture.table([
            try PolicyFixture.app(encodedSlash: encodedSlash, mergeSlashes: mergeSlashes, rules)
        ])
    }

    @Test(
        "each spelling of /admin is refused, or judged as /admin wherever an application could read it as that",
        arguments: spellings,
        [(AppPolicy.EncodedSlash.refuse, true), (.refuse, false), (.keep, true), (.keep, false)]
    )
    func spellingsOfAdmin(path: String, settings: (AppPolicy.EncodedSlash, Bool)) throws {
        let table = try Self.site(settings.0, settings.1)
        let outcome = table.outcome(path, PolicyFixture.person(kind: "user"))
        guard outcome.isPermit else { return }
        let forwarded = try #require(canonical(path, keepEncodedSlash: settings.0 == .keep, mergeSlashes: settings.1))
        #expect(!BackendReadings.isAdmin(forwarded), "forwarded as \(text(forwarded) ?? "")")
    }

    @Test("the table of spellings is as long as the tests of the field demand, and says something")
    func tableOfSpellings() throws {
        #expect(Set(Self.spellings).count >= 60)
        let table = try Self.site(.keep, false)
        // An administrator passes by many of them, so the refusals above are not refusals of everything.
        let passed = Self.spellings.filter { table.outcome($0, PolicyFixture.person(kind: "admin")).isPermit }
        #expect(passed.count > 60)
    }

    @Test(
        "whatever random path is permitted, no application can read it as /admin",
        arguments: 1...4 as ClosedRange<UInt64>
    )
    func randomPathsNeverReachAdmin(seed: UInt64) throws {
        let tables = try [
            Self.site(.refuse, true), Self.site(.refuse, false), Self.site(.keep, true), Self.site(.keep, false),
        ]
        let person = PolicyFixture.person(kind: "user")
        var generator = SeededGenerator(seed: seed)
        var permitted = 0
        for round in 0..<3000 {
            let table = tables[round % 4]
            let path = Self.randomPath(using: &generator)
            guard table.outcome(path, person).isPermit else { continue }
            permitted += 1
            let app = table.apps[0]
            let forwarded =
                canonical(path, keepEncodedSlash: app.encodedSlash == .keep, mergeSlashes: app.mergeSlashes) ?? []
            #expect(!BackendReadings.isAdmin(forwarded), "\(path) is forwarded as \(text(forwarded) ?? "")")
        }
        #expect(permitted > 100)
    }

    @Test("canonicalising twice changes nothing", arguments: 5...8 as ClosedRange<UInt64>)
    func idempotence(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for round in 0..<5000 {
            let keeps = round & 1 == 0
            let merges = round & 2 == 0
            let path = Self.randomPath(using: &generator)
            guard let once = canonical(path, keepEncodedSlash: keeps, mergeSlashes: merges) else { continue }
            accepted += 1
            #expect(canonical(once, keepEncodedSlash: keeps, mergeSlashes: merges) == once, "\(path)")
            #expect(once.first == 0x2F)
            let segments = once.split(separator: 0x2F, omittingEmptySubsequences: false)
            #expect(!segments.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
            if merges { #expect(!segments.dropFirst().dropLast().contains { $0.isEmpty }) }
        }
        #expect(accepted > 1000)
    }

    private static func randomPath(using generator: inout SeededGenerator) -> String {
        let pieces = [
            "/", "/", "/", "//", ".", "..", "/../", "/./", "%2e", "%2E%2e", ";", ";x", "%3B", "%2F", "%2f", "a",
            "admin", "ADMIN", "%61dmin",
            "adm%C4%B1n", "x", "%C3%A9", "%20", "%25", "%41", "~", "%7E", "=", "@", "%C3%89",
        ]
        return "/"
            + (0..<Int.random(in: 0...7, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
            .joined()
    }

    @Test(
        "a path is brought into its one form",
        arguments: [
            ("/", "/"), ("/a", "/a"), ("/a/", "/a/"), ("/a/.", "/a/"), ("/a/..", "/"), ("/a/b/..", "/a/"),
            ("/a/./b", "/a/b"), ("/..", "/"),
            ("/.", "/"), ("/...", "/..."), ("/.hidden", "/.hidden"), ("/a..", "/a.."), ("/%7Euser", "/~user"),
            ("/%7euser", "/~user"),
            ("/a%2db%5f%2E", "/a-b_."), ("/%c3%a9", "/%C3%A9"), ("/a%20b", "/a%20b"), ("/a%3fb", "/a%3Fb"),
            ("/a%23b", "/a%23b"),
            ("/%25", "/%25"), ("/%2561dmin", "/%2561dmin"), ("/%252e%252e/admin", "/%252e%252e/admin"),
            ("/a+b", "/a+b"), ("/a;b=c", "/a;b=c"),
            ("/a:b@c!$&'()*,=", "/a:b@c!$&'()*,="), ("/{a}|^`\"<>[]", "/{a}|^`\"<>[]"), ("//", "/"),
            ("//a///b//", "/a/b/"), ("/a//../b", "/b"),
        ]
    )
    func forms(path: String, form: String) {
        #expect(text(canonical(path)) == form)
    }

    @Test(
        "where slashes are kept, only dot segments are resolved",
        arguments: [
            ("//", "//"), ("//a///b//", "//a///b//"), ("/a//../b", "/a/b"), ("/a/..//b", "//b"), ("//..", "/"),
            ("/..//", "//"),
        ]
    )
    func unmerged(path: String, form: String) {
        #expect(text(canonical(path, mergeSlashes: false)) == form)
    }

    @Test("an encoded slash is refused, or kept as it is, never decoded")
    func encodedSlashes() {
        #expect(canonical("/a%2fb") == nil)
        #expect(text(canonical("/a%2fb/..%2F", keepEncodedSlash: true)) == "/a%2Fb/..%2F")
    }

    @Test(
        "each refusal says why",
        arguments: [
            ("", .notAbsolute), ("a", .notAbsolute), ("*", .notAbsolute), ("/a b", .forbiddenCharacter),
            ("/a\\b", .forbiddenCharacter),
            ("/a#b", .forbiddenCharacter), ("/a?b", .forbiddenCharacter), ("/é", .forbiddenCharacter),
            ("/a\u{7F}", .forbiddenCharacter),
            ("/a%", .malformedEscape), ("/a%2", .malformedEscape), ("/%g0", .malformedEscape),
            ("/%+1", .malformedEscape),
            ("/%00", .encodedNull), ("/%1F", .encodedNull), ("/%7f", .encodedNull), ("/%5c", .encodedBackslash),
            ("/%2F", .encodedSlash),
            ("/%80", .notUTF8), ("/%C3", .notUTF8), ("/%C3%", .malformedEscape), ("/%C3a", .notUTF8),
            ("/%C3%41", .notUTF8), ("/%C0%AF", .notUTF8),
            ("/%ED%A0%80", .notUTF8), ("/%F4%90%80%80", .notUTF8), ("/%C3%C3", .notUTF8), ("/%E2%82", .notUTF8),
            ("/%E2%82/x", .notUTF8),
        ] as [(String, CanonicalPath.Refusal)]
    )
    func refusals(path: String, refusal: CanonicalPath.Refusal) {
        #expect(throws: refusal) {
            _ = try CanonicalPath.form(of: Array(path.utf8).span, keepEncodedSlash: false, mergeSlashes: true)
        }
    }

    @Test(
        "valid UTF-8 of every length is kept, in capitals",
        arguments: ["é", "ß", "€", "\u{D7FF}", "\u{E000}", "😀", "\u{10FFFF}"]
    )
    func unicode(character: String) {
        let small = character.utf8.map { "%" + String($0, radix: 16) }.joined()
        #expect(text(canonical("/" + small)) == "/" + small.uppercased())
    }

    @Test("a path of 60 KiB is no matter")
    func longPaths() {
        let long = String(repeating: "/a", count: 30_000)
        #expect(text(canonical(long)) == long)
        #expect(text(canonical(String(repeating: "/..", count: 20_000) + "/admin")) == "/admin")
        #expect(text(canonical(String(repeating: "/", count: 60_000))) == "/")
    }
}
