package import NIOCore

/// What Redis answers (RESP2). An error inside an array, as `EXEC` may give it, is a value; a reply that is an error fails
/// the command's future.
package enum RedisValue: Sendable, Equatable {
    case null
    case status(String)
    /// Binary. The strings of one reply are slices of one storage: who keeps one for long copies it.
    case bulk(ByteBuffer)
    case integer(Int64)
    case array([RedisValue])
    case error(RedisServerError)

    /// A status, or a string, with bytes that are no UTF-8 replaced.
    package var text: String? {
        switch self {
        case .status(let text): text
        case .bulk(let buffer): String(buffer: buffer)
        default: nil
        }
    }

    package var bytes: [UInt8]? {
        switch self {
        case .status(let text): Array(text.utf8)
        case .bulk(let buffer): Array(buffer.readableBytesView)
        default: nil
        }
    }

    /// An integer, or a string that is one in decimal digits, as hashes hold it.
    package var int: Int64? {
        switch self {
        case .integer(let number): number
        case .bulk, .status: text.flatMap { Int64($0) }
        default: nil
        }
    }

    package var elements: [RedisValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var isNull: Bool { self == .null }
}
