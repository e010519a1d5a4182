package import NIOCore

/// Takes a message's content off a connection's bytes, without copying it.
package struct BodyDecoder: Sendable {
    package enum Part: Equatable, Sendable {
        /// A piece of content, never empty, without its framing.
        case data(ByteBuffer)
        /// The message is over; what follows in the buffer belongs to the next one.
        case end
    }

    private enum State {
        case length(remaining: Int)
        case untilClose
        case chunkSize
        case chunkData(remaining: Int)
        case chunkEnd
        case trailers(scanned: Int)
        case finished
    }

    /// A chunk-size line: at most 16 digits, and extensions of at most 256 bytes.
    private static let extensionLimit = 256
    private static let trailerLimit = 8 * 1024

    private var state: State

    package init(_ framing: BodyFraming) {
        state =
            switch framing {
            case .none: .finished
            case .length(let length): length == 0 ? .finished : .length(remaining: length)
            case .chunked: .chunkSize
            case .untilClose: .untilClose
            }
    }

    package var isFinished: Bool {
        if case .finished = state { return true }
        return false
    }

    /// Whether a close of the connection now is the proper end of the content.
    package var endsWithConnection: Bool {
        if case .untilClose = state { return true }
        return isFinished
    }

    /// - Returns: `nil` until more bytes arrive. After `.end` the decoder answers `.end` again and takes nothing.
    package mutating func next(_ buffer: inout ByteBuffer) throws(WireError) -> Part? {
        while true {
            switch state {
            case .finished:
                return .end
            case .untilClose:
                return buffer.readSlice(length: buffer.readableBytes).flatMap { $0.readableBytes > 0 ? .data($0) : nil }
            case .length(let remaining):
                guard let data = take(&buffer, atMost: remaining) else { return nil }
                let left = remaining - data.readableBytes
                state = left == 0 ? .finished : .length(remaining: left)
                return .data(data)
            case .chunkSize:
                guard let (size, length) = try Self.chunkSize(buffer.readableBytesUInt8Span) else { return nil }
                buffer.moveReaderIndex(forwardBy: length)
                state = size == 0 ? .trailers(scanned: 0) : .chunkData(remaining: size)
            case .chunkData(let remaining):
                guard let data = take(&buffer, atMost: remaining) else { return nil }
                let left = remaining - data.readableBytes
                state = left == 0 ? .chunkEnd : .chunkData(remaining: left)
                return .data(data)
            case .chunkEnd:
                guard buffer.readableBytes >= 2 else {
                    if let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self), first != 0x0D {
                        throw .malformedChunk
                    }
                    return nil
                }
                guard buffer.readInteger(as: UInt16.self) == 0x0D0A else { throw .malformedChunk }
                state = .chunkSize
            case .trailers(let scanned):
                guard let length = try Self.trailerLine(buffer.readableBytesUInt8Span, scanned) else { return nil }
                buffer.moveReaderIndex(forwardBy: length)
                state = length == 2 ? .finished : .trailers(scanned: scanned + length)
            }
        }
    }

    private func take(_ buffer: inout ByteBuffer, atMost limit: Int) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        return buffer.readSlice(length: min(limit, buffer.readableBytes))
    }

    /// `1*HEXDIG [ ";" chunk-ext ] CR LF` (RFC 9112, section 7.1), nothing else before the line's end.
    private static func chunkSize(_ bytes: Span<UInt8>) throws(WireError) -> (size: Int, length: Int)? {
        var index = 0
        var size = 0
        while index < bytes.count, let digit = hexDigit(bytes[index]) {
            guard index < 16, size <= Int.max >> 8 else { throw .malformedChunk }
            size = size << 4 | digit
            index += 1
        }
        guard index < bytes.count else { return nil }
        guard index > 0 else { throw .malformedChunk }
        if bytes[index] == 0x3B {
            let start = index
            while index < bytes.count, bytes[index] != 0x0D {
                guard index - start <= extensionLimit else { throw .chunkExtensionTooLong }
                guard CharacterClass.isFieldValue(bytes[index]) else { throw .malformedChunk }
                index += 1
            }
            guard index < bytes.count else { return nil }
        }
        guard bytes[index] == 0x0D else { throw .malformedChunk }
        guard index + 1 < bytes.count else { return nil }
        guard bytes[index + 1] == 0x0A else { throw .malformedChunk }
        return (size, index + 2)
    }

    /// The length of one trailer line with its end, after checking its form; 2 is the empty line that ends the message.
    private static func trailerLine(_ bytes: Span<UInt8>, _ scanned: Int) throws(WireError) -> Int? {
        var index = 0
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        guard scanned + index <= trailerLimit else { throw .trailersTooLarge }
        guard index < bytes.count else { return nil }
        guard index > 0, bytes[index - 1] == 0x0D else { throw .bareLineFeed }
        if index > 1 {
            // All trailers are dropped; but who sends these means to mislead somebody (RFC 9110, section 6.5.1).
            switch try FieldSlice(bytes, 0..<index - 1).kind {
            case .contentLength, .transferEncoding, .host: throw .forbiddenTrailer
            default: break
            }
        }
        return index + 1
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }
}

/// Writes the chunked coding (RFC 9112, section 7.1).
package enum ChunkedCoding {
    /// The line before a chunk of this many bytes; behind the chunk comes ``lineEnd``.
    package static func sizeLine(_ count: Int, into buffer: inout ByteBuffer) {
        buffer.writeString(String(count, radix: 16))
        buffer.writeInteger(0x0D0A as UInt16)
    }

    package static let lineEnd = ByteBuffer(staticString: "\r\n")
    package static let end = ByteBuffer(staticString: "0\r\n\r\n")
}
