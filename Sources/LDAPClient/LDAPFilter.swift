/// Search filters (RFC 4515).
package enum LDAPFilter {
    /// A value as it stands in a filter: printable ASCII without `* ( ) \` as it is, every other byte as `\xx`.
    package static func escape(_ value: String) -> String {
        var text: [UInt8] = []
        for byte in value.utf8 {
            switch byte {
            case 0x28, 0x29, 0x2A, 0x5C: text += [0x5C, hexDigit(byte >> 4), hexDigit(byte & 15)]
            case 0x20...0x7E: text.append(byte)
            default: text += [0x5C, hexDigit(byte >> 4), hexDigit(byte & 15)]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Attribute values inside distinguished names (RFC 4514, section 2.4).
package enum LDAPNameValue {
    package static func escape(_ value: String) -> String {
        let bytes = Array(value.utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x00: text += Array("\\00".utf8)
            case 0x22, 0x2B, 0x2C, 0x3B, 0x3C, 0x3D, 0x3E, 0x5C: text += [0x5C, byte]
            case 0x23 where index == 0: text += [0x5C, byte]
            case 0x20 where index == 0 || index == bytes.count - 1: text += [0x5C, byte]
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 + value : 0x61 + value - 10
}

/// A filter with `{login}` where the name that a person typed belongs.
package struct LDAPFilterTemplate: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    private let pieces: [String]

    private static let placeholder = "{login}"

    package init(_ text: String) {
        description = text
        var pieces: [String] = []
        var rest = text[...]
        while let range = Self.firstPlaceholder(in: rest) {
            pieces.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        self.pieces = pieces + [String(rest)]
    }

    /// Whether the filter depends on the name at all; one that does not would find the same person for everybody.
    package var namesLogin: Bool { pieces.count > 1 }

    package func render(login: String) -> String {
        pieces.joined(separator: LDAPFilter.escape(login))
    }

    /// The filter with any value in the name's place, for asking whether an entry that is known by its id still belongs
    /// to the users. `nil` where the name is not the whole value of an equality: `*` would mean something else there.
    package var presence: String? {
        for (before, after) in zip(pieces, pieces.dropFirst()) {
            guard before.hasSuffix("="), after.hasPrefix(")"),
                let operation = before.dropLast().last, !":~<>".contains(operation)
            else { return nil }
        }
        return pieces.joined(separator: "*")
    }

    private static func firstPlaceholder(in text: Substring) -> Range<Substring.Index>? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(placeholder) {
                return start..<text.index(start, offsetBy: placeholder.count)
            }
            start = text.index(after: start)
        }
        return nil
    }
}
