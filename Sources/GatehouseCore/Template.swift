/// Text with attributes in braces, as `{uid}@partners`. `{{` and `}}` stand for the braces themselves.
package struct Template: Hashable, Sendable, CustomStringConvertible {
    private enum Part: Hashable {
        case literal(String)
        case attribute(String)
    }

    package let description: String
    private let parts: [Part]

    /// Why a text is no template, in words for the person who wrote it.
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package init(_ text: String) throws(Malformed) {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let character = rest.first {
            rest.removeFirst()
            if (character == "{" || character == "}") && rest.first == character {
                literal.append(character)
                rest.removeFirst()
            } else if character == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Malformed(description: "\"{\" is never closed; write \"{{\" for the character itself")
                }
                let name = rest[..<end]
                guard Self.isAttributeName(name) else {
                    throw Malformed(description: "\"{\(name)}\" does not name an attribute")
                }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(.attribute(String(name)))
                rest = rest[rest.index(after: end)...]
            } else if character == "}" {
                throw Malformed(description: "\"}\" without \"{\"; write \"}}\" for the character itself")
            } else {
                literal.append(character)
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
        self.description = text
    }

    /// The names of the attributes in use, in order, as written.
    package var attributes: [String] {
        parts.compactMap { if case .attribute(let name) = $0 { name } else { nil } }
    }

    /// - Parameter value: gives the first value of an attribute, or `nil`.
    /// - Returns: `nil` when an attribute has no value or an empty one: such a field is not sent at all.
    package func render(_ value: (String) -> String?) -> String? {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .attribute(let name):
                guard let value = value(name), !value.isEmpty else { return nil }
                text += value
            }
        }
        return text
    }

    /// RFC 4512 descriptors and OIDs, with the underscores that configuration names have.
    package static func isAttributeName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }
}
