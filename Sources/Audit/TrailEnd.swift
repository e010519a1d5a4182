internal import Cryptography
internal import GatehouseCore

/// How a file of a trail ends: where the chain goes on, and what a crash left behind the last line.
struct TrailEnd: Sendable, Equatable {
    /// How much of a file is looked at.
    static let readLimit = 1024 * 1024

    var chain = AuditChain()
    /// Whether the last line is a seal, or there is none.
    var isSealed = true
    var rest: Rest?

    /// Bytes behind the last line of the trail.
    enum Rest: Sendable, Equatable {
        /// The last line itself, which has no end yet.
        case unended
        /// A line that was begun: no end, at most ``AuditChain/lineLimit`` bytes.
        case torn([UInt8])
        /// Something else, which `verify` will name.
        case damaged(endsLine: Bool)
    }

    /// Of no file, or an empty one.
    init() {}

    /// - Throws: ``AuditError/Code/notATrail`` for a file in which there is no line of a trail, so that nothing is
    ///   appended to what is something else.
    init(of file: AuditFile) throws(AuditError) {
        self.init()
        let (bytes, isWhole) = try file.tail(Self.readLimit)
        guard !bytes.isEmpty else { return }
        var end = bytes.count
        var goodEnd: Int?
        while let newline = bytes[..<end].lastIndex(of: 0x0A) {
            let start = bytes[..<newline].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            // Without its beginning in sight a line is none.
            if start > 0 || isWhole, let head = AuditLineHead(Array(bytes[start..<newline])) {
                chain = AuditChain(sequence: head.sequence, hash: head.hash)
                isSealed = head.event == AuditEvent.Name.sealed.rawValue
                goodEnd = newline + 1
                break
            }
            end = newline
        }
        if goodEnd == nil, isWhole, Self.isFirstLineTorn(bytes) { goodEnd = 0 }
        guard let goodEnd else {
            throw AuditError(
                .notATrail,
                "The audit file \(file.path) does not end with a line of an audit trail: move it aside."
            )
        }
        rest = Self.rest(Array(bytes[goodEnd...]))
        if case .torn(let line) = rest, let head = AuditLineHead(line), head.follows(chain), head.isHash(of: line) {
            chain = AuditChain(sequence: head.sequence, hash: head.hash)
            isSealed = head.event == AuditEvent.Name.sealed.rawValue
            rest = .unended
        }
    }

    /// Whether this is what a crash leaves of the very first line: its beginning, or the zeros of blocks that the disk
    /// never got.
    private static func isFirstLineTorn(_ bytes: [UInt8]) -> Bool {
        let beginning = Array("{\"time\":\"".utf8)
        return !bytes.contains(0x0A) && bytes.starts(with: beginning.prefix(bytes.count))
            || bytes.allSatisfy { $0 == 0 }
    }

    /// A file that another trail goes on in, whatever is in it.
    static func rest(_ bytes: [UInt8]) -> Rest? {
        guard let last = bytes.last else { return nil }
        let isTorn = bytes.count <= AuditChain.lineLimit && !bytes.contains(0x0A)
        return isTorn ? .torn(bytes) : .damaged(endsLine: last == 0x0A)
    }
}

extension TrailEnd.Rest {
    /// Ends what was begun, if it has no end yet.
    var separator: [UInt8] {
        if case .damaged(endsLine: true) = self { [] } else { [0x0A] }
    }

    /// The event that records it; with the digest `verify` passes over a torn line, and over no other.
    var event: AuditEvent? {
        switch self {
        case .unended:
            return nil
        case .torn(let bytes):
            var event = AuditEvent(.adminAuditGap, outcome: .failure, reason: "torn_line")
            event.details = [
                .init("torn_bytes", Int64(bytes.count)),
                .init("torn_sha256", Hexadecimal.encode(SHA256.hash(bytes))),
            ]
            return event
        case .damaged:
            return AuditEvent(.adminAuditGap, outcome: .failure, reason: "damaged_end")
        }
    }
}
