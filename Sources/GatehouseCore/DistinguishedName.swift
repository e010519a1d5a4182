/// A distinguished name (RFC 4514) in the one form in which names are compared: parsed, attribute types in lower case,
/// values unescaped, white space folded, case folded, the AVAs of a multi-valued RDN in order. Never compared as text,
/// because servers spell one name in several ways (`cn=Smith\, John`, `CN=Smith\2C John`).
package struct DistinguishedName: Hashable, Sendable, CustomStringConvertible {
    /// The text that this was parsed from: what is shown and what is sent to a directory.
    package let description: String
    private let relativeNames: [[Assertion]]

    private struct Assertion: Hashable, Comparable {
        let type: String
        let value: String
        /// Whether the value is BER in hexadecimal (`#0402…`): never equal to a text that looks like it.
        let isEncoded: Bool

        static func < (left: Assertion, right: Assertion) -> Bool {
            (left.type, left.value) < (right.type, right.value)
        }
    }

    /// - Returns: `nil` when the text is no distinguished name. The empty name (the root DSE) is one.
    package init?(_ text: String) {
        var parser = Parser(bytes: Array(text.utf8))
        guard let names = parser.parse() else { return nil }
        description = text
        relativeNames = names.map { name in
            name.map { part in
                Assertion(type: part.type.lowercased(), value: Self.fold(part.value), isEncoded: part.isEncoded)
            }.sorted()
        }
    }

    package static func == (left: DistinguishedName, right: DistinguishedName) -> Bool {
        left.relativeNames == right.relativeNames
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(relativeNames)
    }

    package var isEmpty: Bool { relativeNames.isEmpty }

    /// Whether this name is `base` or stands below it.
    package func isWithin(_ base: DistinguishedName) -> Bool {
        relativeNames.count >= base.relativeNames.count
            && Array(relativeNames.suffix(base.relativeNames.count)) == base.relativeNames
    }

    private static func fold(_ value: String) -> String {
        // By scalars: as a Character, a space takes the combining mark behind it along.
        value.lowercased().unicodeScalars.split(whereSeparator: \.properties.isWhitespace).map { String($0) }
            .joined(separator: " ")
    }
}

extension DistinguishedName {
    /// The grammar of RFC 4514, section 3, with the white space around separators that directories and people add.
    private struct Parser {
        let bytes: [UInt8]
        var position = 0

        typealias Part = (type: String, value: String, isEncoded: Bool)

        mutating func parse() -> [[Part]]? {
            skipSpaces()
            if position == bytes.count { return [] }
            var names: [[Part]] = []
            while true {
                var name: [Part] = []
                repeat {
                    guard let type = attributeType() else { return nil }
                    skipSpaces()
                    let isEncoded = position < bytes.count && bytes[position] == 0x23  // #
                    guard let value = isEncoded ? encodedValue() : attributeValue() else { return nil }
                    name.append((type, value, isEncoded))
                } while take(0x2B)  // +
                names.append(name)
                if position == bytes.count { return names }
                guard take(0x2C) || take(0x3B) else { return nil }  // , or the ; of RFC 2253
            }
        }

        private mutating func attributeType() -> String? {
            skipSpaces()
            let start = position
            while position < bytes.count, isTypeByte(bytes[position]) { position += 1 }
            let type = String(decoding: bytes[start..<position], as: UTF8.self)
            skipSpaces()
            guard !type.isEmpty, take(0x3D) else { return nil }  // =
            return type
        }

        /// `#` and pairs of hexadecimal digits.
        private mutating func encodedValue() -> String? {
            let start = position
            position += 1
            while position < bytes.count, hexValue(bytes[position]) != nil { position += 1 }
            let end = position
            skipSpaces()
            guard end - start > 1, (end - start) % 2 == 1,
                position == bytes.count || ",;+".utf8.contains(bytes[position])
            else { return nil }
            return text(bytes[start..<end])
        }

        private mutating func attributeValue() -> String? {
            var value: [UInt8] = []
            var keptLength = 0
            while position < bytes.count {
                let byte = bytes[position]
                switch byte {
                case 0x2C, 0x3B, 0x2B:  // , ; +
                    return text(value.prefix(keptLength))
                case 0x5C:  // \
                    guard let escaped = escapedByte() else { return nil }
                    value.append(escaped)
                    keptLength = value.count
                case 0x00, 0x22, 0x3C, 0x3E:  // NUL " < > must be escaped
                    return nil
                default:
                    value.append(byte)
                    position += 1
                    if byte != 0x20 { keptLength = value.count }
                }
            }
            return text(value.prefix(keptLength))
        }

        private mutating func escapedByte() -> UInt8? {
            position += 1
            guard position < bytes.count else { return nil }
            if position + 1 < bytes.count, let high = hexValue(bytes[position]), let low = hexValue(bytes[position + 1])
            {
                position += 2
                return high << 4 | low
            }
            let byte = bytes[position]
            guard " \"#+,;<=>\\".utf8.contains(byte) else { return nil }
            position += 1
            return byte
        }

        private func text(_ value: ArraySlice<UInt8>) -> String? {
            String(validating: value, as: UTF8.self)
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        private mutating func skipSpaces() {
            while position < bytes.count, bytes[position] == 0x20 { position += 1 }
        }

        private func isTypeByte(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: true
            default: false
            }
        }
    }
}

/// The value of one hexadecimal digit, or `nil`.
package func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
