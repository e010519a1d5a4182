/// Events that wait to be written, in their order: a ring of at most ``countLimit`` entries and ``sizeLimit`` bytes,
/// out of which the oldest fall.
struct AuditBacklog: Sendable {
    static let countLimit = 10_000
    static let sizeLimit = 8 * 1024 * 1024

    /// The first `start` places are empty: taking the oldest moves nothing.
    private var entries: [AuditEntry?] = []
    private var start = 0
    private var size = 0

    var count: Int { entries.count - start }
    var isEmpty: Bool { count == 0 }

    /// - Returns: what fell out.
    mutating func append(_ entry: AuditEntry) -> [AuditEntry] {
        entries.append(entry)
        size += entry.size
        return dropExcess()
    }

    /// Puts back, in front, what was taken and not written.
    /// - Returns: what fell out.
    mutating func putBack(_ taken: [AuditEntry]) -> [AuditEntry] {
        entries.replaceSubrange(..<start, with: taken.map(Optional.init))
        start = 0
        size += taken.reduce(0) { $0 + $1.size }
        return dropExcess()
    }

    /// - Returns: the oldest, at most `limit` of them.
    mutating func take(_ limit: Int) -> [AuditEntry] {
        var taken: [AuditEntry] = []
        while taken.count < limit, let entry = removeFirst() { taken.append(entry) }
        return taken
    }

    private mutating func dropExcess() -> [AuditEntry] {
        var dropped: [AuditEntry] = []
        while count > Self.countLimit || size > Self.sizeLimit, let entry = removeFirst() { dropped.append(entry) }
        return dropped
    }

    private mutating func removeFirst() -> AuditEntry? {
        guard start < entries.count, let entry = entries[start] else { return nil }
        entries[start] = nil
        start += 1
        size -= entry.size
        if start == entries.count || start >= 1024 && start > entries.count / 2 {
            entries.removeFirst(start)
            start = 0
        }
        return entry
    }
}
