/// A flat JSON object (RFC 8259), written member by member: what claims and keys need, without an encoder.
struct JSONObjectText {
    private var text = "{"

    mutating func add(_ name: String, _ value: String) {
        addName(name)
        Self.append(value, to: &text)
    }

    /// An absent value is left out, never written as `null`.
    mutating func add(_ name: String, _ value: String?) {
        if let value { add(name, value) }
    }

    mutating func add(_ name: String, _ value: Int64) {
        addName(name)
        text += String(value)
    }

    mutating func add(_ name: String, _ values: [String]) {
        addName(name)
        text += "["
        for (index, value) in values.enumerated() {
            if index > 0 { text += "," }
            Self.append(value, to: &text)
        }
        text += "]"
    }

    consuming func finish() -> String {
        text += "}"
        return text
    }

    private mutating func addName(_ name: String) {
        if text.utf8.count > 1 { text += "," }
        Self.append(name, to: &text)
        text += ":"
    }

    /// Escapes what RFC 8259, section 7, says must be; all other text stays as it is, in UTF-8.
    private static func append(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\u{0}"..."\u{1F}":
                text += scalar.value < 0x10 ? "\\u000" : "\\u00"
                text += String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
