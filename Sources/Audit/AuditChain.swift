internal import Cryptography
internal import GatehouseCore

/// Where a trail stands: the number and the hash of its last line. Makes the next line from these.
///
/// The hash of a line is SHA-256 over the line as it is written, its end (LF) included, without the member `hash` and
/// the comma behind it; `prev` is the hash of the line before, and ``noHash`` in the first line of a trail
/// (schema/audit.md).
struct AuditChain: Sendable, Equatable {
    /// No line is longer, its end included.
    static let lineLimit = 65_536
    static let noHash = String(repeating: "0", count: 64)

    /// 0 before the first line.
    private(set) var sequence: UInt64
    /// 64 hexadecimal digits.
    private(set) var hash: String

    init() {
        self.init(sequence: 0, hash: Self.noHash)
    }

    init(sequence: UInt64, hash: String) {
        self.sequence = sequence
        self.hash = hash
    }

    /// - Parameter event: trimmed, so that the line has less than ``lineLimit`` bytes.
    /// - Returns: the line with its end.
    mutating func append(_ event: AuditEvent, at time: Timestamp) -> [UInt8] {
        var line = JSONLine()
        line.add("time", time)
        line.add("seq", Int64(clamping: sequence + 1))
        line.add("prev", hash)
        let place = line.bytes.count
        event.addMembers(to: &line)
        var bytes = line.finish()
        hash = Hexadecimal.encode(SHA256.hash(bytes))
        sequence += 1
        bytes.insert(contentsOf: Array(",\"hash\":\"\(hash)\"".utf8), at: place)
        return bytes
    }
}
