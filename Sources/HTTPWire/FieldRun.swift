package import NIOCore

/// Copies fields from one head into another. Neighbours that stand in the form in which they are written (`Name: value CR
/// LF`) go together in one copy, and a head's fields are nearly always of that form.
package struct FieldRun {
    private var start = 0
    private var end = 0

    package init() {}

    /// Takes a field up; it is written at the latest by ``finish(_:into:)``.
    package mutating func add(_ field: FieldSlice, _ bytes: Span<UInt8>, into buffer: inout ByteBuffer) {
        let name = field.name
        let value = field.value
        let lineEnd = value.upperBound + 2
        guard value.lowerBound == name.upperBound + 2, bytes[name.upperBound + 1] == 0x20, lineEnd <= bytes.count,
            bytes[lineEnd - 2] == 0x0D, bytes[lineEnd - 1] == 0x0A
        else {
            finish(bytes, into: &buffer)
            buffer.write(bytes, name)
            buffer.writeStaticString(": ")
            buffer.write(bytes, value)
            buffer.writeStaticString("\r\n")
            return
        }
        if name.lowerBound != end {
            finish(bytes, into: &buffer)
            start = name.lowerBound
        }
        end = lineEnd
    }

    package mutating func finish(_ bytes: Span<UInt8>, into buffer: inout ByteBuffer) {
        if start < end { buffer.write(bytes, start..<end) }
        start = end
    }
}
