internal import Glibc

/// A request line or a status line.
protocol StartLine: Sendable {
    /// One empty line may stand before it (RFC 9112, section 2.2, of requests).
    static var toleratesEmptyLine: Bool { get }
    init(_ bytes: Span<UInt8>, _ line: Range<Int>, _ limits: HeadLimits) throws(WireError)
}

/// Reads a start line and fields, strictly, out of bytes that arrive in pieces. Every byte is looked at a bounded number
/// of times, however small the pieces; a line is judged as soon as it is complete.
struct HeadScanner<Line: StartLine> {
    enum Progress {
        case needMore
        /// The head is complete and this long.
        case complete(length: Int)
    }

    let limits: HeadLimits
    private(set) var fields: [FieldSlice] = []
    private(set) var startLine: Line?
    private var lineStart = 0
    private var searched = 0
    private var ignoredEmptyLine = false

    init(limits: HeadLimits) {
        self.limits = limits
        fields.reserveCapacity(24)
    }

    /// Forgets the head that was read; keeps the room.
    mutating func reset() {
        fields.removeAll(keepingCapacity: true)
        startLine = nil
        lineStart = 0
        searched = 0
        ignoredEmptyLine = false
    }

    /// - Parameter bytes: everything of this head that has arrived, from its first byte on.
    mutating func scan(_ bytes: Span<UInt8>) throws(WireError) -> Progress {
        while true {
            guard let lineFeed = try findLineFeed(bytes) else {
                guard bytes.count <= limits.bytes else { throw tooLarge }
                return .needMore
            }
            guard lineFeed < limits.bytes else { throw tooLarge }
            guard lineFeed > lineStart, bytes[lineFeed - 1] == 0x0D else { throw .bareLineFeed }
            let line = lineStart..<lineFeed - 1
            lineStart = lineFeed + 1
            if startLine == nil {
                if line.isEmpty, Line.toleratesEmptyLine, !ignoredEmptyLine {
                    ignoredEmptyLine = true
                    continue
                }
                startLine = try Line(bytes, line, limits)
            } else if line.isEmpty {
                return .complete(length: lineStart)
            } else {
                guard fields.count < limits.fields else { throw .tooManyFields }
                fields.append(try FieldSlice(bytes, line))
            }
        }
    }

    private var tooLarge: WireError { startLine == nil ? .targetTooLong : .headTooLarge }

    private mutating func findLineFeed(_ bytes: Span<UInt8>) throws(WireError) -> Int? {
        let start = max(searched, lineStart)
        guard start < bytes.count else { return nil }
        // The C library looks at many bytes at once.
        let found = unsafe bytes.extracting(start..<bytes.count).withUnsafeBytes { rest -> Int? in
            guard let base = rest.baseAddress, let place = unsafe memchr(base, 0x0A, rest.count) else {
                return nil
            }
            return unsafe UnsafeRawPointer(place) - base
        }
        guard let found else {
            searched = bytes.count
            return nil
        }
        searched = start + found + 1
        return start + found
    }
}

extension FieldSlice {
    /// `name ":" OWS value OWS` with a token for a name and no white space before the colon (RFC 9112, section 5).
    init(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(WireError) {
        var index = line.lowerBound
        if bytes[index] == 0x20 || bytes[index] == 0x09 { throw .foldedField }
        while index < line.upperBound, bytes[index] != 0x3A {
            guard CharacterClass.isToken(bytes[index]) else {
                throw bytes[index] == 0x0D ? .bareCarriageReturn : .malformedFieldName
            }
            index += 1
        }
        guard index > line.lowerBound, index < line.upperBound else { throw .malformedFieldName }
        let name = line.lowerBound..<index
        var start = index + 1
        var end = line.upperBound
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        index = start
        while index < end {
            guard CharacterClass.isFieldValue(bytes[index]) else {
                throw bytes[index] == 0x0D ? .bareCarriageReturn : .malformedFieldValue
            }
            index += 1
        }
        self.init(name: name, value: start..<end, kind: FieldKind.of(bytes, name))
    }
}

/// Character classes of RFC 9110, section 5.6.2 and 5.5.
enum CharacterClass {
    static func isToken(_ byte: UInt8) -> Bool {
        byte < 0x80 && (byte < 0x40 ? lowTokens : highTokens) >> UInt64(byte & 63) & 1 == 1
    }

    /// Visible characters, space, tab and obs-text; no control.
    static func isFieldValue(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }

    // ALPHA, DIGIT and "!#$%&'*+-.^_`|~": a bit for each of the first 64 characters, and for each of the next.
    private static let lowTokens: UInt64 = 0x03FF_6CFA_0000_0000
    private static let highTokens: UInt64 = 0x57FF_FFFF_C7FF_FFFE
}

/// Comparisons and numbers over ranges of a head.
package enum FieldText {
    /// Equal without regard to ASCII case; `expected` is in lower case.
    package static func isEqual(_ bytes: Span<UInt8>, _ range: Range<Int>, _ expected: StaticString) -> Bool {
        guard range.count == expected.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            let wanted = unsafe expected.utf8Start[index]
            if FieldKind.lower(bytes[range.lowerBound + index]) != wanted { return false }
        }
        return true
    }

    /// Equal byte for byte.
    static func isExactly(_ bytes: Span<UInt8>, _ range: Range<Int>, _ expected: StaticString) -> Bool {
        guard range.count == expected.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            let wanted = unsafe expected.utf8Start[index]
            if bytes[range.lowerBound + index] != wanted { return false }
        }
        return true
    }

    /// Digits alone, at most 18 of them, so that no sum overflows.
    static func decimal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard (1...18).contains(range.count) else { return nil }
        var value = 0
        for index in range {
            guard (0x30...0x39).contains(bytes[index]) else { return nil }
            value = value * 10 + Int(bytes[index] - 0x30)
        }
        return value
    }

    /// Calls the body with the range of each member of a comma-separated list (RFC 9110, section 5.6.1), trimmed, empty
    /// ones left out.
    package static func forEachMember(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        separator: UInt8 = 0x2C,
        _ body: (Range<Int>) -> Void
    ) {
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start
            while end < range.upperBound, bytes[end] != separator { end += 1 }
            var left = start
            var right = end
            while left < right, bytes[left] == 0x20 || bytes[left] == 0x09 { left += 1 }
            while right > left, bytes[right - 1] == 0x20 || bytes[right - 1] == 0x09 { right -= 1 }
            if left < right { body(left..<right) }
            start = end + 1
        }
    }
}
