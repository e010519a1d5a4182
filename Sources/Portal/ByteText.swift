/// Reading what strangers wrote, by bytes. Swift compares Characters by canonical equivalence, and lets one take the
/// marks behind it along: U+037E would be a semicolon, and a semicolon with an accent would be none.
enum ByteText {
    static let comma: UInt8 = 0x2C
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D

    /// The members of a field's value, spaces and tabs around them left out, empty ones as well.
    static func members(
        of text: Substring.UTF8View,
        separator: UInt8,
        limit: Int = .max
    ) -> [Substring.UTF8View] {
        text.split(separator: separator).prefix(limit).map(trimmed).filter { !$0.isEmpty }
    }

    static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text.drop { isBlank($0) }
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }

    /// What stands before a separator, and behind the first one where there is one.
    static func halves(
        of text: Substring.UTF8View,
        at separator: UInt8
    ) -> (Substring.UTF8View, Substring.UTF8View?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    static func isSame(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8)
    }

    /// Without regard to the case of A to Z; U+212A, the Kelvin sign, is no "k".
    static func isSameIgnoringCase(_ one: some Sequence<UInt8>, _ other: String) -> Bool {
        one.lazy.map(lowered).elementsEqual(other.utf8.lazy.map(lowered))
    }

    static func lowered(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09
    }
}
