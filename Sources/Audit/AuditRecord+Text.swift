extension AuditRecord {
    /// What the readable form leaves out or shows in front.
    private static let unnamed: Set<String> = ["time", "seq", "prev", "hash", "event", "outcome"]

    /// One line for a person: `TIME EVENT OUTCOME name=value …`. Nothing that a client sent can move a cursor, turn the
    /// direction of a terminal or hide: such characters are written as `\u{…}`.
    package var readableText: String {
        let time = Self.shown(text("time") ?? "-")
        let event = Self.padded(Self.shown(text("event") ?? "-"), to: 18)
        let outcome = Self.padded(Self.shown(text("outcome") ?? "-"), to: 7)
        let rest = members.filter { !Self.unnamed.contains($0.name) }
            .map { "\(Self.shown($0.name))=\(Self.quoted($0.value.description))" }
        return ([time, event, outcome] + rest).joined(separator: " ")
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func quoted(_ text: String) -> String {
        let shown = shown(text)
        return text.isEmpty || text.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) ? "\"\(shown)\"" : shown
    }

    /// The text with everything that a terminal would act on written as `\u{…}`.
    static func shown(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": shown += "\\\\"
            case "\"": shown += "\\\""
            case _ where isVisible(scalar): shown.unicodeScalars.append(scalar)
            default: shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return shown
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isDefaultIgnorableCodePoint { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
        case .spaceSeparator: return scalar == " "
        default: return true
        }
    }
}
