/// What a person probably meant.
enum NearestName {
    /// - Returns: the known name with the smallest edit distance, if it is near enough to be a slip.
    static func find(_ name: String, among known: some Sequence<String>) -> String? {
        let wanted = fold(name)
        guard wanted.count <= 64 else { return nil }
        let limit = max(1, min(3, wanted.count / 3))
        var best: (name: String, distance: Int)?
        for candidate in known {
            let folded = fold(candidate)
            // "url" for "public_url" is a slip as well.
            let isTail = wanted.count >= 3 && folded.suffix(wanted.count).elementsEqual(wanted)
            let distance = isTail ? 1 : distance(wanted, folded)
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// `; did you mean "x"?`, or nothing.
    static func hint(_ name: String, among known: some Sequence<String>) -> String {
        find(name, among: known).map { "; did you mean \(quoted($0))?" } ?? ""
    }

    /// Case and separators are the commonest slips: `publicUrl`, `public-url` and `public_url` are equal here.
    private static func fold(_ name: String) -> [UInt8] {
        name.lowercased().utf8.filter { $0 != 0x5F && $0 != 0x2D && $0 != 0x20 }
    }

    /// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var before: [Int] = []
        var previous = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let isEqual = left[row - 1] == right[column - 1]
                var cost = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (isEqual ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    cost = min(cost, before[column - 2] + 1)
                }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[right.count]
    }
}
