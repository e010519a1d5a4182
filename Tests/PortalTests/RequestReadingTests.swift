import GatehouseCore
import NIOCore
import Testing

@testable import Portal

private func request(_ fields: [(String, String)]) -> PortalRequest {
    PortalRequest(
        id: .random(),
        method: "POST",
        host: "login.example.com",
        isPortalHost: true,
        path: "/login",
        query: nil,
        fields: fields.map { (name: $0.0, value: $0.1) },
        address: SourceAddress("192.0.2.1")!,
        body: { _ in ByteBuffer() }
    )
}

@Suite("Where a form came from")
struct RequestProvenanceTests {
    @Test(
        "A browser's fields say it",
        arguments: [
            ([("Sec-Fetch-Site", "same-origin")], RequestProvenance.sameOrigin),
            ([("Origin", "https://login.example.com")], .sameOrigin),
            ([("Origin", "https://login.example.com"), ("Sec-Fetch-Site", "same-origin")], .sameOrigin),
            // What Chromium sends with a form of a page under `no-referrer`.
            ([("Origin", "null"), ("Sec-Fetch-Site", "same-origin")], .sameOrigin),
            ([("Origin", "null")], .otherSite),
            ([("Origin", "https://evil.example")], .otherSite),
            ([("Origin", "http://login.example.com")], .otherSite),
            ([("Origin", "https://login.example.com:8443")], .otherSite),
            ([("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")], .otherSite),
            ([("Origin", "https://login.example.com"), ("Sec-Fetch-Site", "cross-site")], .otherSite),
            ([("Sec-Fetch-Site", "same-site")], .otherSite),
            ([("Sec-Fetch-Site", "cross-site")], .otherSite),
            ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], .otherSite),
            ([("Sec-Fetch-Site", "none")], .unknown),
            ([], .unknown),
        ] as [([(String, String)], RequestProvenance)]
    )
    func table(fields: [(String, String)], provenance: RequestProvenance) {
        #expect(RequestProvenance(of: request(fields), on: TestPortal.portal) == provenance)
    }
}

@Suite("Request cookies")
struct RequestCookiesTests {
    private let token = SessionToken.random()

    @Test("One well-formed cookie is a token")
    func single() {
        let cookies = RequestCookies(request([("Cookie", "a=b; s=\(token.text); c")]))
        #expect(cookies.token("s") == token)
        #expect(!cookies.isRepeated("s"))
    }

    @Test("Two session cookies are none, in one field or in two")
    func repeated() {
        for fields in [
            [("Cookie", "s=\(token.text); s=\(token.text)")], [("Cookie", "s=\(token.text)"), ("cookie", "s=x")],
        ] {
            let cookies = RequestCookies(request(fields))
            #expect(cookies.token("s") == nil)
            #expect(cookies.isRepeated("s"))
        }
    }

    @Test("A malformed token is none", arguments: ["", "x", "\"", "=", "%41"])
    func malformed(suffix: String) {
        let value = suffix.isEmpty ? String(token.text.dropLast()) : token.text + suffix
        let cookies = RequestCookies(request([("Cookie", "s=\(value)")]))
        #expect(cookies.token("s") == nil)
        #expect(!cookies.isRepeated("s"))
    }

    @Test("Another cookie's name that ends alike is another cookie")
    func names() {
        let cookies = RequestCookies(request([("Cookie", "xs=\(token.text); S=\(token.text)")]))
        #expect(cookies.token("s") == nil)
    }

    /// A Character is more than its first byte: U+037E is canonically equivalent to ";", and "=" takes marks along.
    @Test(
        "Only the byte of a separator separates",
        arguments: ["x\u{37E}s=", "x\u{37E} s=", "x;\u{301} s=", "x; \u{301}s=", "x; s\u{301}=", "x; s=\u{301}"]
    )
    func separators(prefix: String) {
        let smuggled = RequestCookies(request([("Cookie", "a=" + prefix + token.text)]))
        #expect(smuggled.token("s") == nil)
        let beside = RequestCookies(request([("Cookie", "s=\(token.text); a=x\u{37E}s=\(token.text)")]))
        #expect(beside.token("s") == token)
        #expect(!beside.isRepeated("s"))
    }

    @Test("A mark behind a separator hides no second cookie")
    func marks() {
        let cookies = RequestCookies(request([("Cookie", "s=\(token.text); a=b;\u{301}; s=\(token.text)")]))
        #expect(cookies.isRepeated("s"))
        let glued = RequestCookies(request([("Cookie", "s=\u{301}; s=\(token.text)")]))
        #expect(glued.isRepeated("s"))
        #expect(glued.token("s") == nil)
    }

    @Test("Blanks around a pair are no part of it, and every other one is")
    func blanks() {
        let cookies = RequestCookies(
            request([("Cookie", "\t s=\(token.text)\t ;;t =\(token.text); u= \(token.text);=\(token.text)")])
        )
        #expect(cookies.token("s") == token)
        #expect(cookies.token("t") == nil)
        #expect(cookies.token("u") == nil)
    }

    @Test("Names are bytes: the Kelvin sign is no K, in a cookie's name or a field's")
    func kelvin() {
        let cookies = RequestCookies(request([("Cookie", "\u{212A}=\(token.text)")]))
        #expect(cookies.token("K") == nil)
        #expect(!RequestCookies(request([("Cookie", "K=a; \u{212A}=b")])).isRepeated("K"))
        let field = RequestCookies(request([("Coo\u{212A}ie", "s=\(token.text)")]))
        #expect(field.token("s") == nil)
    }
}

@Suite("Text of strangers is read by bytes")
struct ByteReadingTests {
    @Test(
        "A mark behind a separator of Accept does not hide the range",
        arguments: ["text/html;\u{301}q=1", "a/b,\u{301}, text/html"]
    )
    func accept(field: String) {
        #expect(PortalPages.Format(accept: field) == .html)
    }

    @Test(
        "What only looks like a separator is none",
        arguments: ["text/html\u{37E}q=1", "text/html\u{301}", "text/html \u{301};q=1"]
    )
    func acceptLookalikes(field: String) {
        #expect(PortalPages.Format(accept: field) == .problem)
    }

    @Test("Languages are told apart by bytes")
    func languages() {
        #expect(LanguagePreference("de\u{37E}q=0.1, en").choose(from: ["de", "en"]) == "en")
        #expect(LanguagePreference("de;\u{301}x;q=0.1, en;q=0.5").choose(from: ["de", "en"]) == "en")
        #expect(LanguagePreference("to\u{212A}").choose(from: ["tok"]) == nil)
        #expect(LanguagePreference(" PT ;\tQ=0.5,,en;q=0.4").choose(from: ["en", "pt-br"]) == "pt-br")
    }

    @Test("Two names of a form are the same where their bytes are")
    func formNames() throws {
        let fields = try FormFields(parsing: "K=a&%E2%84%AA=b".utf8)
        #expect(fields.text("K") == "a")
        #expect(fields.text("\u{212A}") == "b")
        #expect(FormFields(query: "%E2%84%AA=b").bytes("K") == nil)
    }

    @Test("A form's type ends at the byte of a semicolon", arguments: [(";\u{301}", true), ("\u{37E}", false)])
    func formType(separator: String, isForm: Bool) async throws {
        let type = "application/x-www-form-urlencoded" + separator + "charset=utf-8"
        let visit = Visit(request([("Content-Type", type)]), catalogue: .standard)
        let fields = try? await visit.form()
        #expect((fields != nil) == isForm)
    }
}
