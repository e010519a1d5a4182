internal import GatehouseCore

/// The `path` of a rule: `*` is one segment, `**` any number of them, `{name}` exactly one segment that is bound to an
/// attribute of the person.
package struct PathPattern: Sendable, Hashable, CustomStringConvertible {
    enum Segment: Sendable, Hashable {
        /// Canonical bytes, and the same case-folded.
        case literal([UInt8], folded: [UInt8])
        case one
        case any
        case bound(attribute: String)
    }

    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package let description: String
    let segments: [Segment]

    package init(_ text: String) throws(Malformed) {
        guard text.utf8.first == CanonicalPath.slash else { throw Malformed(description: "a path begins with \"/\"") }
        var segments: [Segment] = []
        // By scalars: as a Character, a slash takes the combining mark behind it along.
        let parts = text.unicodeScalars.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for part in parts.lazy.map({ Substring($0) }) {
            switch part {
            case "*": segments.append(.one)
            case "**": segments.append(.any)
            default:
                if part.hasPrefix("{"), part.hasSuffix("}") {
                    let name = part.dropFirst().dropLast()
                    guard Template.isAttributeName(name) else {
                        throw Malformed(description: "\"\(part)\" does not name an attribute")
                    }
                    guard !segments.contains(.any) else {
                        throw Malformed(
                            description: "\"\(part)\" cannot stand behind \"**\": which segment it binds would be open"
                        )
                    }
                    segments.append(.bound(attribute: String(name)))
                } else {
                    segments.append(try Self.literal(part))
                }
            }
        }
        // "/a//b" could never match: paths are judged with slashes merged.
        if segments.dropLast().contains(where: { if case .literal(let bytes, _) = $0 { bytes.isEmpty } else { false } })
        {
            throw Malformed(description: "\"//\" in a path matches nothing; write one slash")
        }
        self.segments = segments
        self.description = text
    }

    /// The attributes that bind a segment.
    package var boundAttributes: [String] {
        segments.compactMap { if case .bound(let name) = $0 { name } else { nil } }
    }

    var bindsSegments: Bool {
        segments.contains { if case .bound = $0 { true } else { false } }
    }

    var namesCapitals: Bool {
        segments.contains { if case .literal(let bytes, let folded) = $0 { bytes != folded } else { false } }
    }

    private static func literal(_ part: Substring) throws(Malformed) -> Segment {
        guard !part.contains(where: { "*{}".contains($0) }) else {
            throw Malformed(
                description: "\"\(part)\": a wildcard is a whole segment (\"*\", \"**\" or \"{attribute}\")"
            )
        }
        var encoded: [UInt8] = [CanonicalPath.slash]
        for byte in part.utf8 {
            if byte <= 0x20 || byte >= 0x7F || byte == 0x5C || byte == 0x23 || byte == 0x3F {
                CanonicalPath.appendEscape(byte, to: &encoded)
            } else {
                encoded.append(byte)
            }
        }
        let bytes: [UInt8]
        do throws(CanonicalPath.Refusal) {
            let form = try CanonicalPath.form(of: encoded.span, keepEncodedSlash: true, mergeSlashes: true)
            bytes = if case .rewritten(let rewritten) = form { rewritten } else { encoded }
        } catch {
            throw Malformed(description: "\"\(part)\": \(error.rawValue)")
        }
        guard bytes.count > 1 || part.isEmpty else {
            throw Malformed(description: "\"\(part)\" is a dot segment, which no judged path has")
        }
        return .literal(Array(bytes.dropFirst()), folded: PathReadings.fold(Array(bytes.dropFirst())))
    }
}

extension PathPattern {
    /// Whether the path matches; which values its bound segments must have is asked for by ``boundSegments(in:)``.
    package func matches(_ path: Span<UInt8>, caseFolded: Bool) -> Bool {
        var position = 1  // behind the leading slash
        var atEnd = false
        var pattern = 0
        var resumePattern = -1
        var resumePosition = 0
        while true {
            if pattern < segments.count, case .any = segments[pattern] {
                resumePattern = pattern
                resumePosition = position
                pattern += 1
                if pattern == segments.count { return true }
                continue
            }
            if atEnd && pattern == segments.count { return true }
            if !atEnd && pattern < segments.count {
                let end = Self.segmentEnd(in: path, from: position)
                if segmentMatches(pattern, path, position..<end, caseFolded) {
                    pattern += 1
                    atEnd = end == path.count
                    position = end + 1
                    continue
                }
            }
            // What follows the last "**" did not fit here: let that "**" take one segment more.
            guard resumePattern >= 0, resumePosition <= path.count else { return false }
            let end = Self.segmentEnd(in: path, from: resumePosition)
            guard end <= path.count, resumePosition <= end else { return false }
            if end == path.count {
                // "**" takes the last segment; only further "**" may follow.
                return segments[(resumePattern + 1)...].allSatisfy { $0 == .any }
            }
            resumePosition = end + 1
            position = resumePosition
            atEnd = false
            pattern = resumePattern + 1
        }
    }

    /// The attribute and the percent-decoded bytes of each bound segment of a path that matches.
    func boundSegments(in path: Span<UInt8>) -> [(attribute: String, value: [UInt8])] {
        var bound: [(attribute: String, value: [UInt8])] = []
        var position = 1
        for segment in segments {
            if case .any = segment { break }
            guard position <= path.count else { break }
            let end = Self.segmentEnd(in: path, from: position)
            if case .bound(let attribute) = segment { bound.append((attribute, Self.decode(path, position..<end))) }
            position = end + 1
        }
        return bound
    }

    private func segmentMatches(_ index: Int, _ path: Span<UInt8>, _ range: Range<Int>, _ caseFolded: Bool) -> Bool {
        switch segments[index] {
        case .literal(let bytes, let folded):
            let expected = caseFolded ? folded : bytes
            guard expected.count == range.count else { return false }
            for offset in 0..<expected.count where expected[offset] != path[range.lowerBound + offset] { return false }
            return true
        case .one, .bound, .any:
            return true
        }
    }

    private static func segmentEnd(in path: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < path.count, path[end] != CanonicalPath.slash { end += 1 }
        return end
    }

    private static func decode(_ path: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            if path[index] == CanonicalPath.percent, index + 2 < range.upperBound,
                let high = hexValue(path[index + 1]), let low = hexValue(path[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(path[index])
                index += 1
            }
        }
        return bytes
    }
}
