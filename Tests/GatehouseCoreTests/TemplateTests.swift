import GatehouseCore
import Testing

@Suite("Template")
struct TemplateTests {
    private static let values = ["uid": "alice", "o": "acme", "empty": "", "tricky": "{uid}"]

    @Test(
        "attributes in braces are replaced, and doubled braces are braces",
        arguments: [
            ("{uid}", "alice"), ("{uid}@partners", "alice@partners"), ("{uid}{o}", "aliceacme"),
            ("/x/{o}/", "/x/acme/"),
            ("plain", "plain"), ("", ""), ("{{uid}}", "{uid}"), ("{{{uid}}}", "{alice}"), ("{uid}}}", "alice}"),
            ("{tricky}", "{uid}"),
        ]
    )
    func rendering(text: String, rendered: String) throws {
        #expect(try Template(text).render { Self.values[$0] } == rendered)
    }

    @Test(
        "a template with an attribute that is absent or empty gives nothing at all",
        arguments: ["{no}", "a{no}b", "{uid}{empty}"]
    )
    func missing(text: String) throws {
        #expect(try Template(text).render { Self.values[$0] } == nil)
    }

    @Test("the attributes are named in order, as written")
    func attributes() throws {
        #expect(try Template("{uid}-{{x}}-{displayName}-{uid}").attributes == ["uid", "displayName", "uid"])
    }

    @Test(
        "what is no template is refused",
        arguments: ["{", "}", "{}", "{uid", "uid}", "{u id}", "{u{id}", "{ü}", "{a\0}", "{{uid}", "{uid}}"]
    )
    func malformed(text: String) {
        #expect(throws: Template.Malformed.self) { try Template(text) }
    }

    @Test("an attribute's name has at most 64 characters")
    func longNames() {
        #expect(Template.isAttributeName(String(repeating: "a", count: 64)))
        #expect(!Template.isAttributeName(String(repeating: "a", count: 65)))
        #expect(!Template.isAttributeName(""))
    }
}
