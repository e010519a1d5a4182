/// The texts of one language.
struct MessageLanguage: Sendable {
    /// BCP 47, in lower case: `en`, `pt-br`.
    let tag: String
    let isRightToLeft: Bool
    /// May lack some: the catalogue's first language has them all.
    let texts: [MessageKey: String]

    init(tag: String, isRightToLeft: Bool = false, texts: [MessageKey: String]) {
        self.tag = tag
        self.isRightToLeft = isRightToLeft
        self.texts = texts
    }
}

/// All languages. The first one has every text and stands in where another lacks one.
struct MessageCatalogue: Sendable {
    static let standard = MessageCatalogue([.english])

    private let languages: [MessageLanguage]

    init(_ languages: [MessageLanguage]) {
        precondition(!languages.isEmpty, "a catalogue has a language")
        self.languages = languages
    }

    /// - Parameter acceptLanguage: the request's field (RFC 9110, section 12.5.4).
    func messages(for acceptLanguage: String?) -> Messages {
        let tag = LanguagePreference(acceptLanguage).choose(from: languages.map(\.tag))
        let language = languages.first { $0.tag == tag } ?? languages[0]
        return Messages(language: language, fallback: languages[0])
    }
}

/// The texts as one reader gets them.
struct Messages: Sendable {
    private let language: MessageLanguage
    private let fallback: MessageLanguage

    init(language: MessageLanguage, fallback: MessageLanguage) {
        self.language = language
        self.fallback = fallback
    }

    /// For `<html lang>`.
    var tag: String { language.tag }
    /// For `<html dir>`.
    var direction: String { language.isRightToLeft ? "rtl" : "ltr" }

    func text(_ key: MessageKey) -> String {
        language.texts[key] ?? fallback.texts[key] ?? ""
    }

    /// A text with the word in braces replaced by a value, which is taken as it is.
    func text(_ key: MessageKey, _ word: String, _ value: String) -> String {
        let (before, after) = parts(key, around: word)
        return before + value + after
    }

    /// What stands before and behind a word in braces, for a page that sets the value itself in another face.
    func parts(_ key: MessageKey, around word: String) -> (before: String, after: String) {
        let parts = Self.parts(text(key), around: word)
        return (parts.before, parts.after)
    }

    /// The same replacement in a part of a text.
    static func filled(_ text: String, _ word: String, _ value: String) -> String {
        let parts = parts(text, around: word)
        return parts.isFound ? parts.before + value + parts.after : text
    }

    private static func parts(_ text: String, around word: String) -> (before: String, after: String, isFound: Bool) {
        let placeholder = Array("{\(word)}")
        let characters = Array(text)
        for start in characters.indices where characters[start...].starts(with: placeholder) {
            return (String(characters[..<start]), String(characters[(start + placeholder.count)...]), true)
        }
        return (text, "", false)
    }
}
