internal import GatehouseCore

/// The one form of a path that is judged and, byte for byte, forwarded (docs/security-rules.md, rule 8; RFC 3986, section 6.2.2):
/// percent-encoded unreserved characters decoded, hexadecimal digits in capitals, dot segments resolved, `//` merged.
package enum CanonicalPath {
    package enum Form: Equatable, Sendable {
        /// The path is canonical as it stands: nothing has to be copied.
        case unchanged
        case rewritten([UInt8])
    }

    /// Why a path is refused with 400 instead of being repaired.
    package enum Refusal: String, Error, Sendable {
        case notAbsolute = "the path does not begin with a slash"
        case forbiddenCharacter = "the path contains a character that must be percent-encoded"
        case malformedEscape = "the path contains a percent sign that is not followed by two hexadecimal digits"
        case encodedNull = "the path contains an encoded NUL or control character"
        case encodedBackslash = "the path contains an encoded back-slash"
        case encodedSlash = "the path contains an encoded slash"
        case notUTF8 = "the path's percent-encoded bytes are no valid UTF-8"
    }

    /// - Parameters:
    ///   - path: the path of a request target, without its query.
    ///   - keepEncodedSlash: `apps[].encoded_slash: keep`; otherwise `%2F` is refused.
    ///   - mergeSlashes: `apps[].merge_slashes`.
    package static func form(
        of path: Span<UInt8>,
        keepEncodedSlash: Bool,
        mergeSlashes: Bool
    ) throws(Refusal) -> Form {
        guard !path.isEmpty, path[0] == slash else { throw .notAbsolute }
        var mustRewrite = false
        var previous: UInt8 = 0
        for index in path.indices {
            let byte = path[index]
            switch pathClass[Int(byte)] {
            case 0: throw .forbiddenCharacter
            case 2: mustRewrite = true
            case 3: if previous == slash { mustRewrite = true }
            case 4: if previous == slash && mergeSlashes { mustRewrite = true }
            default: break
            }
            previous = byte
        }
        guard mustRewrite else { return .unchanged }
        let decoded = try decodeUnreserved(path, keepEncodedSlash: keepEncodedSlash)
        return .rewritten(resolve(decoded, mergingSlashes: mergeSlashes))
    }

    /// Resolves `.` and `..` segments (RFC 3986, section 5.2.4) and, if asked, merges empty ones. `..` above the root
    /// stays at the root.
    package static func resolve(_ path: [UInt8], mergingSlashes: Bool) -> [UInt8] {
        var segments: [ArraySlice<UInt8>] = []
        var endsInSlash = false
        let all = path.dropFirst().split(separator: slash, omittingEmptySubsequences: false)
        for (index, segment) in all.enumerated() {
            let isLast = index == all.count - 1
            endsInSlash = false
            if segment.elementsEqual([dot]) {
                endsInSlash = isLast
            } else if segment.elementsEqual([dot, dot]) {
                _ = segments.popLast()
                endsInSlash = isLast
            } else if segment.isEmpty && (isLast || mergingSlashes) {
                endsInSlash = isLast
            } else {
                segments.append(segment)
            }
        }
        var resolved: [UInt8] = []
        resolved.reserveCapacity(path.count)
        for segment in segments {
            resolved.append(slash)
            resolved.append(contentsOf: segment)
        }
        if endsInSlash || resolved.isEmpty { resolved.append(slash) }
        return resolved
    }

    private static func decodeUnreserved(_ path: Span<UInt8>, keepEncodedSlash: Bool) throws(Refusal) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var multiByte: [UInt8] = []
        var index = 0
        while index < path.count {
            let byte = path[index]
            guard byte == percent else {
                guard multiByte.isEmpty else { throw .notUTF8 }
                result.append(byte)
                index += 1
                continue
            }
            guard index + 2 < path.count, let high = hexValue(path[index + 1]), let low = hexValue(path[index + 2])
            else {
                throw .malformedEscape
            }
            index += 3
            let value = high << 4 | low
            if value >= 0x80 {
                multiByte.append(value)
                appendEscape(value, to: &result)
                // Complete sequences are checked as they end, so that an overlong or cut one is refused.
                switch utf8State(multiByte) {
                case .complete: multiByte.removeAll(keepingCapacity: true)
                case .incomplete: break
                case .invalid: throw .notUTF8
                }
                continue
            }
            guard multiByte.isEmpty else { throw .notUTF8 }
            switch value {
            case 0x00...0x1F, 0x7F: throw .encodedNull
            case 0x5C: throw .encodedBackslash
            case slash where !keepEncodedSlash: throw .encodedSlash
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2D, dot, 0x5F, 0x7E: result.append(value)
            default: appendEscape(value, to: &result)
            }
        }
        guard multiByte.isEmpty else { throw .notUTF8 }
        return result
    }

    private enum SequenceState { case complete, incomplete, invalid }

    /// RFC 3629, table 3-7 of Unicode: shortest forms only, no surrogates, nothing above U+10FFFF.
    private static func utf8State(_ bytes: [UInt8]) -> SequenceState {
        let length: Int
        switch bytes[0] {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return .invalid
        }
        if bytes.count > 1 {
            let second: ClosedRange<UInt8> =
                switch bytes[0] {
                case 0xE0: 0xA0...0xBF
                case 0xED: 0x80...0x9F
                case 0xF0: 0x90...0xBF
                case 0xF4: 0x80...0x8F
                default: 0x80...0xBF
                }
            guard second.contains(bytes[1]), bytes.dropFirst(2).allSatisfy({ (0x80...0xBF).contains($0) }) else {
                return .invalid
            }
        }
        return bytes.count == length ? .complete : .incomplete
    }

    static func appendEscape(_ value: UInt8, to bytes: inout [UInt8]) {
        bytes.append(percent)
        bytes.append(upperHex[Int(value >> 4)])
        bytes.append(upperHex[Int(value & 15)])
    }

    private static let upperHex = Array("0123456789ABCDEF".utf8)
    static let slash: UInt8 = 0x2F
    static let percent: UInt8 = 0x25
    static let dot: UInt8 = 0x2E

    /// 0 refused · 1 plain · 2 percent sign · 3 dot (matters behind a slash) · 4 slash (matters behind a slash).
    /// Plain are RFC 3986's pchar, and `[ ] | ^ " < > { }` and backtick, which browsers leave unencoded here and there.
    private static let pathClass: [UInt8] = (0...255).map { value -> UInt8 in
        switch UInt8(value) {
        case percent: 2
        case dot: 3
        case slash: 4
        case 0x00...0x20, 0x7F...0xFF, 0x23, 0x5C, 0x3F: 0
        default: 1
        }
    }
}
