internal import Glibc

/// Reads a file of a trail line by line, however long it is, in the memory of two lines.
struct AuditLineReader: ~Copyable {
    enum Line {
        /// Without its end.
        case whole([UInt8])
        /// What stands behind the last end of a line.
        case unended([UInt8])
        /// More than ``AuditChain/lineLimit`` bytes, which were passed over.
        case tooLong
    }

    private static let chunk = 65_536

    private let path: String
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: chunk)
    /// What of the buffer was read and not yet looked at.
    private var unread = 0..<0

    /// - Parameter path: `-` is standard input.
    init(_ path: String) throws(AuditError) {
        self.path = path
        descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            throw AuditError(.unreadable, "The file \(path) cannot be opened.", cause: AuditError.lastCause)
        }
    }

    deinit {
        if descriptor != STDIN_FILENO { _ = close(descriptor) }
    }

    /// - Returns: `nil` at the end of the file.
    mutating func next() throws(AuditError) -> Line? {
        var line: [UInt8] = []
        var isTooLong = false
        while try fill() {
            let piece = buffer[unread]
            let end = piece.firstIndex(of: 0x0A)
            let part = piece[..<(end ?? piece.endIndex)]
            // With its end a line has at most the limit.
            isTooLong = isTooLong || line.count + part.count >= AuditChain.lineLimit
            if isTooLong { line = [] } else { line += part }
            unread = (end.map { $0 + 1 } ?? piece.endIndex)..<unread.upperBound
            if end != nil { return isTooLong ? .tooLong : .whole(line) }
        }
        if isTooLong { return .tooLong }
        return line.isEmpty ? nil : .unended(line)
    }

    /// - Returns: whether there is something unread.
    private mutating func fill() throws(AuditError) -> Bool {
        guard unread.isEmpty else { return true }
        while true {
            let count = unsafe read(descriptor, &buffer, Self.chunk)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw AuditError(.unreadable, "The file \(path) cannot be read.", cause: AuditError.lastCause)
            }
            unread = 0..<count
            return count > 0
        }
    }
}
