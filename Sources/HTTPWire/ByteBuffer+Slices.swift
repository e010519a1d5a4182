package import NIOCore

extension ByteBuffer {
    /// Appends a range of a head's bytes.
    package mutating func write(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        // `Span.bytes` is unsafe for elements with padding; a byte has none.
        unsafe writeBytes(bytes.extracting(range).bytes)
    }

    /// Appends a number in decimal.
    package mutating func writeDecimal(_ value: Int) {
        writeString(String(value))
    }
}
