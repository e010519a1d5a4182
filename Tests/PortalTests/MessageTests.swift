import Testing

@testable import Portal

@Suite("The catalogue of texts")
struct MessageTests {
    @Test("English has every text", arguments: MessageKey.allCases)
    func complete(key: MessageKey) {
        #expect(MessageLanguage.english.texts[key]?.isEmpty == false)
    }

    @Test("A language that lacks a text falls back to the first one")
    func fallback() {
        let catalogue = MessageCatalogue([
            .english, MessageLanguage(tag: "de", texts: [.password: "Passwort"]),
            MessageLanguage(tag: "ar", isRightToLeft: true, texts: [:]),
        ])
        let german = catalogue.messages(for: "de-AT,en;q=0.5")
        #expect(german.tag == "de")
        #expect(german.text(.password) == "Passwort")
        #expect(german.text(.userName) == "User name")
        #expect(catalogue.messages(for: "ar").direction == "rtl")
        #expect(catalogue.messages(for: nil).tag == "en")
    }

    @Test("A value that looks like a placeholder stays as it is")
    func values() {
        let messages = MessageCatalogue.standard.messages(for: nil)
        #expect(messages.text(.signInLeadTo, "app", "{app}") == "Sign in to continue to {app}")
        #expect(messages.parts(.signInLeadTo, around: "app").before == "Sign in to continue to ")
    }

    @Test("Words that are not there are not missed, and a value that looks like one is left alone")
    func filled() {
        #expect(Messages.filled("in {wait}.", "wait", "{wait}") == "in {wait}.")
        #expect(Messages.filled("in {wait}.", "time", "x") == "in {wait}.")
    }

    @Test(
        "The language is the best one that there is",
        arguments: [
            (nil, nil), ("", nil), ("de", "de"), ("DE-at", "de"), ("en;q=0.5, de;q=0.8", "de"), ("fr, en;q=0.1", "en"),
            ("de;q=0, en;q=0.1", "en"), ("fr", nil), ("*", "en"), ("fr, *;q=0.1", "en"), ("pt", "pt-br"),
            ("pt-BR", "pt-br"), ("pt-PT", nil), ("de;q=nan, en", "en"), ("de;q=7, en;q=0.1", "en"), (";;,,;q=1", nil),
            ("en;q=0.8,de;q=0.8", "en"),
        ] as [(String?, String?)]
    )
    func preference(field: String?, tag: String?) {
        #expect(LanguagePreference(field).choose(from: ["en", "de", "pt-br"]) == tag)
    }
}
