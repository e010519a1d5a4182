internal import NIOCore

/// One word of a command: binary, never quoted or split.
package struct RedisArgument: Sendable, ExpressibleByStringLiteral {
    private enum Word {
        case text(String)
        case bytes([UInt8])
        case integer(Int64)
    }

    private let word: Word

    package init(_ text: String) { word = .text(text) }
    package init(_ bytes: [UInt8]) { word = .bytes(bytes) }
    package init(_ number: Int64) { word = .integer(number) }
    package init(stringLiteral value: String) { word = .text(value) }

    fileprivate func write(to buffer: inout ByteBuffer) {
        switch word {
        case .text(let text):
            buffer.writeHeader("$", text.utf8.count)
            buffer.writeString(text)
        case .bytes(let bytes):
            buffer.writeHeader("$", bytes.count)
            buffer.writeBytes(bytes)
        case .integer(let number):
            let digits = String(number)
            buffer.writeHeader("$", digits.utf8.count)
            buffer.writeString(digits)
        }
        buffer.writeStaticString("\r\n")
    }

    fileprivate var estimatedBytes: Int {
        switch word {
        case .text(let text): text.utf8.count + 16
        case .bytes(let bytes): bytes.count + 16
        case .integer: 36
        }
    }
}

/// A command as it goes over the wire: an array of bulk strings, written once.
package struct RedisCommand: Sendable {
    let encoded: ByteBuffer

    package init(_ words: String...) {
        self.init(words: words.map { RedisArgument($0) })
    }

    /// - Parameter words: the command's name first; at least one.
    package init(words: [RedisArgument]) {
        var buffer = ByteBufferAllocator().buffer(capacity: words.reduce(16) { $0 + $1.estimatedBytes })
        buffer.writeHeader("*", words.count)
        for word in words { word.write(to: &buffer) }
        encoded = buffer
    }
}

/// A command may hold a password: whoever prints one sees its size.
extension RedisCommand: CustomStringConvertible, CustomReflectable {
    package var description: String { "RedisCommand(\(encoded.readableBytes) bytes)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension RedisArgument: CustomStringConvertible, CustomReflectable {
    package var description: String { "RedisArgument" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension ByteBuffer {
    fileprivate mutating func writeHeader(_ type: StaticString, _ count: Int) {
        writeStaticString(type)
        writeString(String(count))
        writeStaticString("\r\n")
    }
}
