/// The languages that a browser asks for, best first (RFC 9110, section 12.5.4; look-up of RFC 4647, section 3.4).
struct LanguagePreference: Sendable {
    /// Longer lists are nobody's.
    private static let limit = 32

    private let ranges: [String]

    init(_ acceptLanguage: String?) {
        var weighted: [(range: String, weight: Double)] = []
        let members = ByteText.members(
            of: (acceptLanguage ?? "")[...].utf8,
            separator: ByteText.comma,
            limit: Self.limit
        )
        for member in members {
            let pieces = member.split(separator: ByteText.semicolon, omittingEmptySubsequences: false)
                .map(ByteText.trimmed)
            guard let range = pieces.first, !range.isEmpty, range.allSatisfy({ $0 < 0x80 }) else { continue }
            var weight = 1.0
            let stated = pieces.dropFirst().map { ByteText.halves(of: $0, at: ByteText.equals) }
                .first { ByteText.isSameIgnoringCase($0.0, "q") }
            if let stated {
                guard let value = stated.1.flatMap({ Double(String(Substring($0))) }), (0...1).contains(value) else {
                    continue
                }
                weight = value
            }
            if weight > 0 { weighted.append((Substring(range).lowercased(), weight)) }
        }
        // Sorting must not change the order of equals.
        ranges = weighted.enumerated()
            .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
            .map(\.element.range)
    }

    /// - Parameter tags: what there is, in lower case.
    /// - Returns: `nil` when none of the ranges names one of them.
    func choose(from tags: [String]) -> String? {
        for range in ranges {
            if range == "*" { return tags.first }
            var wanted = range[...]
            while true {
                if let tag = tags.first(where: { $0 == wanted }) { return tag }
                guard let dash = wanted.lastIndex(of: "-") else { break }
                wanted = wanted[..<dash]
            }
            // `pt` is content with `pt-br` where there is no plain `pt`.
            if let tag = tags.first(where: { $0.hasPrefix(range + "-") }) { return tag }
        }
        return nil
    }
}
