internal import GatehouseCore

/// The ways in which an application may read a canonical path. Each is judged, and all of them must permit
/// (docs/security-rules.md, rule 8): servlet containers drop `;params`, Windows servers fold case, some decode `%2F` or merge `//`.
package struct PathReadings: Sendable {
    private struct Transforms: OptionSet {
        let rawValue: UInt8
        static let dropParameters = Transforms(rawValue: 1)
        static let foldCase = Transforms(rawValue: 2)
        static let splitEncodedSlashes = Transforms(rawValue: 4)
    }

    package struct Reading: Sendable {
        package let path: [UInt8]
        /// Literals and attribute values are compared case-folded in this reading.
        package let caseFolded: Bool
    }

    /// The readings besides the path as it was sent; usually none or one.
    package let others: [Reading]

    /// - Parameter rulesNameCapitals: a rule or prefix contains a capital letter, so even a path in lower case has a
    ///   second reading.
    package init(of path: Span<UInt8>, rulesNameCapitals: Bool) {
        var applicable: Transforms = rulesNameCapitals ? .foldCase : []
        var hasEmptySegment = false
        var index = 0
        var previous: UInt8 = 0
        while index < path.count {
            let byte = path[index]
            switch byte {
            case 0x3B: applicable.insert(.dropParameters)
            case 0x41...0x5A: applicable.insert(.foldCase)
            case 0x25 where index + 2 < path.count:
                if path[index + 1] >= 0x38 { applicable.insert(.foldCase) }  // %80 and above: letters with case
                if path[index + 1] == 0x32 && path[index + 2] == 0x46 { applicable.insert(.splitEncodedSlashes) }
                if path[index + 1] == 0x33 && path[index + 2] == 0x42 { applicable.insert(.dropParameters) }  // %3B
                index += 2
            case 0x2F where previous == 0x2F: hasEmptySegment = true
            default: break
            }
            previous = byte
            index += 1
        }
        guard !applicable.isEmpty || hasEmptySegment else {
            others = []
            return
        }
        var original: [UInt8] = []
        original.reserveCapacity(path.count)
        for index in path.indices { original.append(path[index]) }
        // Every combination, because an application may do several of these at once.
        others = (UInt8(0)...7).flatMap { bits -> [Reading] in
            let transforms = Transforms(rawValue: bits)
            guard applicable.isSuperset(of: transforms) else { return [] }
            return Self.apply(transforms, to: original)
        }
    }

    private static func apply(_ transforms: Transforms, to original: [UInt8]) -> [Reading] {
        var path = original
        if transforms.contains(.splitEncodedSlashes) { path = splitEncodedSlashes(path) }
        if transforms.contains(.dropParameters) { path = dropParameters(path) }
        if transforms.contains(.foldCase) { path = fold(path) }
        let isFolded = transforms.contains(.foldCase)
        var readings: [Reading] = []
        // Nothing done: that is the path as it was sent, which is judged anyhow.
        if !transforms.isEmpty {
            readings.append(Reading(path: CanonicalPath.resolve(path, mergingSlashes: false), caseFolded: isFolded))
        }
        // Not only of `merge_slashes: false`: `/;/admin` and `/%2Fadmin` have an empty segment in these readings alone.
        if zip(path, path.dropFirst()).contains(where: { $0 == 0x2F && $1 == 0x2F }) {
            readings.append(Reading(path: CanonicalPath.resolve(path, mergingSlashes: true), caseFolded: isFolded))
        }
        return readings
    }

    /// Tomcat's reading: `/..;/admin` becomes `/../admin`, which ``CanonicalPath/resolve(_:mergingSlashes:)`` then walks.
    private static func dropParameters(_ path: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var skipping = false
        var index = 0
        while index < path.count {
            let byte = path[index]
            let isEncodedSemicolon =
                byte == 0x25 && index + 2 < path.count && path[index + 1] == 0x33 && path[index + 2] == 0x42
            if byte == 0x2F { skipping = false } else if byte == 0x3B || isEncodedSemicolon { skipping = true }
            if !skipping { kept.append(byte) }
            index += 1
        }
        return kept
    }

    private static func splitEncodedSlashes(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < path.count {
            if path[index] == 0x25, index + 2 < path.count, path[index + 1] == 0x32, path[index + 2] == 0x46 {
                result.append(0x2F)
                index += 3
            } else {
                result.append(path[index])
                index += 1
            }
        }
        return result
    }

    /// A text as ``fold(_:)`` leaves the bytes that stand for it.
    static func fold(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += fold($1) }
    }

    /// Lower case, upper case and lower case again, so that letters whose capitals are one are one: `ſ` is `s`, `ı` and
    /// `İ` are `i`, as applications find that compare in capitals, in small letters or, as Java does, in both.
    private static func fold(_ scalar: Unicode.Scalar) -> String {
        if scalar.isASCII { return scalar.properties.lowercaseMapping }
        if scalar == "\u{130}" { return "i" }
        var folded = ""
        for small in scalar.properties.lowercaseMapping.unicodeScalars {
            for capital in small.properties.uppercaseMapping.unicodeScalars {
                folded += capital.properties.lowercaseMapping
            }
        }
        return folded
    }

    /// ASCII in place; anything else by Unicode, decoded and encoded again.
    static func fold(_ path: [UInt8]) -> [UInt8] {
        var decoded: [UInt8] = []
        var hasOther = false
        var index = 0
        while index < path.count {
            if path[index] == 0x25, index + 2 < path.count, path[index + 1] >= 0x38,
                let high = hexValue(path[index + 1]), let low = hexValue(path[index + 2])
            {
                decoded.append(high << 4 | low)
                hasOther = true
                index += 3
            } else if path[index] == 0x25, index + 2 < path.count {
                decoded.append(contentsOf: path[index...index + 2])
                index += 3
            } else {
                let byte = path[index]
                decoded.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
                index += 1
            }
        }
        guard hasOther, let text = String(validating: decoded, as: UTF8.self) else { return decoded }
        var folded: [UInt8] = []
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                folded.append(UInt8(scalar.value))
            } else {
                for byte in fold(scalar).utf8 {
                    if byte >= 0x80 { CanonicalPath.appendEscape(byte, to: &folded) } else { folded.append(byte) }
                }
            }
        }
        return folded
    }
}
