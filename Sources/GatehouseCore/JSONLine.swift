/// Builds one line of JSON, field by field. Everything outside printable ASCII is escaped, so that no value can end the
/// line, hide in a terminal or turn its direction (docs/security-rules.md, rule 26).
package struct JSONLine {
    package private(set) var bytes: [UInt8]

    package init() {
        bytes = []
        // Of a line of the access log: no growing on the way.
        bytes.reserveCapacity(512)
        bytes.append(0x7B)
    }

    package mutating func add(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        Self.appendString(value, to: &bytes)
    }

    package mutating func add(_ name: StaticString, _ value: Int64?) {
        guard let value else { return }
        key(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    package mutating func add(_ name: StaticString, _ value: Timestamp) {
        key(name)
        bytes.append(0x22)
        value.appendRFC3339(to: &bytes)
        bytes.append(0x22)
    }

    package mutating func add(dynamic name: String, _ value: String) {
        key(name)
        Self.appendString(value, to: &bytes)
    }

    package mutating func add(dynamic name: String, _ value: Int64) {
        key(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// The finished line with its end.
    package consuming func finish() -> [UInt8] {
        bytes.append(0x7D)
        bytes.append(0x0A)
        return bytes
    }

    private mutating func key(_ name: StaticString) {
        if bytes.count > 1 { bytes.append(0x2C) }
        bytes.append(0x22)
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(0x22)
        bytes.append(0x3A)
    }

    private mutating func key(_ name: String) {
        if bytes.count > 1 { bytes.append(0x2C) }
        Self.appendString(name, to: &bytes)
        bytes.append(0x3A)
    }

    package static func appendString(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(0x22)
        if isPlain(text.utf8Span.span) {
            bytes.append(contentsOf: text.utf8)
            bytes.append(0x22)
            return
        }
        for unit in text.utf16 {
            switch unit {
            case 0x22: bytes += [0x5C, 0x22]
            case 0x5C: bytes += [0x5C, 0x5C]
            case 0x20...0x7E: bytes.append(UInt8(unit))
            default:
                bytes += [0x5C, 0x75]
                for shift in [12, 8, 4, 0] { bytes.append(hexDigits[Int(unit >> shift & 15)]) }
            }
        }
        bytes.append(0x22)
    }

    /// Whether nothing in it has to be escaped, which is true of nearly everything.
    private static func isPlain(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            let byte = text[index]
            if byte < 0x20 || byte > 0x7E || byte == 0x22 || byte == 0x5C { return false }
        }
        return true
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}
