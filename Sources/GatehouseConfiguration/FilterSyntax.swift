internal import GatehouseCore

/// Holds the filter of `directories[].users` against RFC 4515, with `{login}` where the name belongs.
struct FilterSyntax {
    static let placeholder = "{login}"

    private let bytes: [UInt8]
    private var position = 0
    private var namesLogin = false

    private struct Malformed: Error {
        let reason: String
    }

    /// - Returns: what is wrong, or `nil`.
    static func problem(in text: String) -> String? {
        var syntax = FilterSyntax(text)
        do throws(Malformed) {
            try syntax.filter(depth: 0)
            guard syntax.position == syntax.bytes.count else {
                throw Malformed(reason: "something follows its last parenthesis (character \(syntax.position + 1))")
            }
            guard syntax.namesLogin else {
                throw Malformed(reason: "it does not contain {login}, so it would find the same person for everybody")
            }
            return nil
        } catch {
            return error.reason
        }
    }

    private init(_ text: String) {
        bytes = Array(text.utf8)
    }

    private mutating func filter(depth: Int) throws(Malformed) {
        guard depth < 32 else { throw Malformed(reason: "it is nested more than 32 levels deep") }
        try expect(0x28, "an opening parenthesis")
        switch current {
        case 0x26, 0x7C:  // & |
            position += 1
            repeat { try filter(depth: depth + 1) } while current == 0x28
        case 0x21:  // !
            // "Everybody but the one who signs in" does not count as naming them.
            let before = namesLogin
            position += 1
            try filter(depth: depth + 1)
            namesLogin = before
        default:
            try item()
        }
        try expect(0x29, "a closing parenthesis")
    }

    private mutating func item() throws(Malformed) {
        let start = position
        while let byte = current, !"=()".utf8.contains(byte) { position += 1 }
        var name = bytes[start..<position]
        try expect(0x3D, "\"=\" behind an attribute")
        var isEquality = true
        if let last = name.last, "~<>:".utf8.contains(last) {
            name.removeLast()
            isEquality = last == 0x3A
        }
        guard let first = name.first, first != 0x3B, name.allSatisfy(Self.isDescriptionByte) else {
            throw Malformed(reason: "\(quoted(String(decoding: name, as: UTF8.self))) is no attribute")
        }
        try value(isEquality: isEquality)
    }

    private mutating func value(isEquality: Bool) throws(Malformed) {
        var hasStar = false
        var hasLogin = false
        let placeholder = Array(Self.placeholder.utf8)
        while let byte = current, byte != 0x29 {
            switch byte {
            case 0x28:
                throw Malformed(reason: "a parenthesis inside a value is written \"\\28\" (character \(position + 1))")
            case 0x2A: hasStar = true
            case 0x5C:
                let digits = bytes[(position + 1)...].prefix(2)
                guard digits.count == 2, digits.allSatisfy({ hexValue($0) != nil }) else {
                    throw Malformed(
                        reason: "a back-slash inside a value is written \"\\5c\" (character \(position + 1))"
                    )
                }
                position += 2
            case 0x7B:
                guard bytes[position...].starts(with: placeholder) else {
                    throw Malformed(reason: "of names in braces it can have {login} alone (character \(position + 1))")
                }
                hasLogin = true
                position += placeholder.count - 1
            default: break
            }
            position += 1
        }
        guard hasLogin else { return }
        guard isEquality else { throw Malformed(reason: "{login} stands behind \"=\", not behind a comparison") }
        guard !hasStar else {
            throw Malformed(reason: "\"*\" beside {login} would find other people than the one who signs in")
        }
        namesLogin = true
    }

    private var current: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func expect(_ byte: UInt8, _ what: String) throws(Malformed) {
        guard current == byte else { throw Malformed(reason: "\(what) is missing (character \(position + 1))") }
        position += 1
    }

    /// Attribute descriptions with options, and matching rules (`memberOf:1.2.840.113556.1.4.1941:`).
    private static func isDescriptionByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x3B, 0x5F: true
        default: false
        }
    }
}
