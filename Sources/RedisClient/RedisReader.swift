internal import CHiredis
internal import NIOCore

/// How large a reply may be. More is a fault of the server or of whoever speaks in its place.
package struct RedisReplyLimits: Sendable, Equatable {
    /// Bytes of one string.
    package var stringBytes = 16 * 1024 * 1024
    /// Values of one reply, those inside its arrays included.
    package var values = 1_000_000
    /// Bytes of all strings of one reply.
    package var replyBytes = 64 * 1024 * 1024

    package init() {}
}

/// RESP2 as it arrives: hiredis finds the values, nothing is allocated for what is only announced. Arrays may nest seven
/// deep.
@safe struct RedisReader: ~Copyable {
    /// Its only owner.
    private let decoder: UnsafeMutablePointer<gatehouse_redis_decoder>
    private let limits: RedisReplyLimits

    init(limits: RedisReplyLimits) {
        self.limits = limits
        let (string, values) = (max(0, limits.stringBytes), max(1, limits.values))
        guard let decoder = unsafe gatehouse_redis_decoder_create(string, values, max(0, limits.replyBytes)) else {
            preconditionFailure("no memory for a reader of some hundred bytes")
        }
        unsafe self.decoder = decoder
    }

    deinit {
        unsafe gatehouse_redis_decoder_free(decoder)
    }

    mutating func feed(_ buffer: ByteBuffer) throws(RedisError) {
        let isFed = unsafe buffer.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
            return unsafe gatehouse_redis_decoder_feed(decoder, start, bytes.count) != 0
        }
        if !isFed { throw RedisError(.protocolViolation, "What Redis sent cannot be kept.") }
    }

    /// - Returns: the next reply, `nil` until all of it has arrived.
    /// - Throws: `protocolViolation`; nothing can be read after it.
    mutating func next() throws(RedisError) -> RedisValue? {
        switch unsafe gatehouse_redis_decoder_next(decoder) {
        case 0: return nil
        case 1: return takeReply()
        default: throw RedisError(.protocolViolation, unsafe words(for: decoder.pointee.fault))
        }
    }

    /// Memory for what has arrived and not been returned, in bytes.
    var heldBytes: Int {
        unsafe decoder.pointee.item_capacity * MemoryLayout<gatehouse_redis_item>.stride + decoder.pointee.byte_capacity
    }

    private func takeReply() -> RedisValue {
        let items = unsafe UnsafeBufferPointer(start: decoder.pointee.items, count: decoder.pointee.item_count)
        let bytes = unsafe UnsafeRawBufferPointer(start: decoder.pointee.bytes, count: decoder.pointee.byte_count)
        var tape = unsafe Tape(items: items, bytes: bytes)
        return tape.next()
    }

    private func words(for fault: gatehouse_redis_fault) -> String {
        switch fault {
        case GATEHOUSE_REDIS_STRING_TOO_LONG: "Redis announced a string of more than \(limits.stringBytes) bytes."
        case GATEHOUSE_REDIS_LINE_TOO_LONG: "Redis sent a line that does not end."
        case GATEHOUSE_REDIS_TOO_MANY_VALUES: "Redis announced a reply of more than \(limits.values) values."
        case GATEHOUSE_REDIS_REPLY_TOO_LONG: "Redis sent a reply of more than \(limits.replyBytes) bytes."
        case GATEHOUSE_REDIS_NO_MEMORY: "There is no memory for a reply of Redis."
        default: "Redis sent something that is not RESP2."
        }
    }
}

/// One reply as the decoder wrote it down, read once from front to back. Lives no longer than the call that makes it.
@safe private struct Tape {
    private let items: UnsafeBufferPointer<gatehouse_redis_item>
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var offset = 0
    /// All strings of the reply, copied together where there is more than one value.
    private var storage: ByteBuffer?

    init(items: UnsafeBufferPointer<gatehouse_redis_item>, bytes: UnsafeRawBufferPointer) {
        unsafe self.items = items
        unsafe self.bytes = bytes
    }

    /// The decoder has counted: there are as many items and bytes as the arrays and strings say.
    mutating func next() -> RedisValue {
        let item = unsafe items[index]
        index += 1
        switch item.type {
        case REDIS_REPLY_INTEGER:
            return .integer(item.number)
        case REDIS_REPLY_STATUS:
            return .status(takeText(Int(item.number)))
        case REDIS_REPLY_ERROR:
            return .error(RedisServerError(line: takeText(Int(item.number))))
        case REDIS_REPLY_STRING:
            return .bulk(takeBytes(Int(item.number)))
        case REDIS_REPLY_ARRAY:
            let count = Int(item.number)
            var elements: [RedisValue] = []
            elements.reserveCapacity(count)
            for _ in 0..<count { elements.append(next()) }
            return .array(elements)
        default:
            return .null
        }
    }

    private mutating func takeText(_ count: Int) -> String {
        defer { offset += count }
        return unsafe String(decoding: bytes[offset..<offset + count], as: UTF8.self)
    }

    private mutating func takeBytes(_ count: Int) -> ByteBuffer {
        defer { offset += count }
        let all = unsafe storage ?? ByteBuffer(bytes: bytes)
        storage = all
        return all.getSlice(at: offset, length: count) ?? ByteBuffer()
    }
}
