/// One line of a trail, read again: a flat JSON object of texts and whole numbers, as this module writes it. Anything
/// else is none: nothing that a stranger put into a file reaches a terminal through it.
package struct AuditRecord: Sendable {
    package enum Value: Sendable, Equatable {
        case text(String)
        case number(Int64)

        package var description: String {
            switch self {
            case .text(let text): text
            case .number(let number): String(number)
            }
        }
    }

    private static let memberLimit = 64

    /// In the order of the line.
    package private(set) var members: [(name: String, value: Value)] = []

    /// - Parameter line: without its end, printable ASCII.
    package init?(_ line: [UInt8]) {
        var reader = FlatJSONReader(line)
        guard reader.skip(0x7B) else { return nil }
        repeat {
            guard members.count < Self.memberLimit, let name = reader.string(), reader.skip(0x3A), self[name] == nil,
                let value = reader.value()
            else { return nil }
            members.append((name, value))
        } while reader.skip(0x2C)
        guard reader.skip(0x7D), reader.isAtEnd else { return nil }
    }

    package subscript(name: String) -> Value? {
        members.first { $0.name == name }?.value
    }

    /// - Returns: `nil` also where the member is a number.
    package func text(_ name: String) -> String? {
        if case .text(let text) = self[name] { text } else { nil }
    }

    package func number(_ name: String) -> Int64? {
        if case .number(let number) = self[name] { number } else { nil }
    }
}

private struct FlatJSONReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func value() -> AuditRecord.Value? {
        if position < bytes.count, bytes[position] == 0x22 { return string().map { .text($0) } }
        let digits = bytes[position...].prefix(20).prefix { (0x30...0x39).contains($0) || $0 == 0x2D }
        let text = String(decoding: digits, as: UTF8.self)
        guard let number = Int64(text), String(number) == text else { return nil }
        position += digits.count
        return .number(number)
    }

    mutating func string() -> String? {
        guard skip(0x22) else { return nil }
        var units: [UInt16] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x22: return String(decoding: units, as: UTF16.self)
            case 0x5C:
                guard let unit = escaped() else { return nil }
                units.append(unit)
            case 0x20...0x7E: units.append(UInt16(byte))
            default: return nil
            }
        }
        return nil
    }

    /// What stands behind a backslash: the three forms that ``JSONLine`` writes.
    private mutating func escaped() -> UInt16? {
        if skip(0x22) { return 0x22 }
        if skip(0x5C) { return 0x5C }
        guard skip(0x75), position + 4 <= bytes.count else { return nil }
        let digits = bytes[position..<position + 4]
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
        position += 4
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
