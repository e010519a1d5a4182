package import NIOCore

/// A response's status line and fields, as bytes and ranges.
package struct ResponseHead: Sendable {
    package let bytes: ByteBuffer
    package let minorVersion: Int
    /// 100 to 599.
    package let status: Int
    package let reason: Range<Int>
    package let fields: [FieldSlice]
    package let framing: BodyFraming
    /// Content-Length of an answer that has no content: HEAD and 304 pass it on.
    package let announcedLength: Int?
    package let keepsAlive: Bool
    package let nominatesFields: Bool

    package var isInterim: Bool { status < 200 }
}

/// Takes response heads off an upstream's bytes.
package struct ResponseParser: Sendable {
    private var scanner: HeadScanner<StatusLine>

    package init(limits: HeadLimits = HeadLimits()) {
        scanner = HeadScanner(limits: limits)
    }

    /// - Parameter answersHead: the request was HEAD, so that nothing follows the head.
    package mutating func parse(_ buffer: inout ByteBuffer, answersHead: Bool) throws(WireError) -> ResponseHead? {
        guard case .complete(let length) = try scanner.scan(buffer.readableBytesUInt8Span) else { return nil }
        guard let line = scanner.startLine, let slice = buffer.readSlice(length: length) else { return nil }
        let fields = scanner.fields
        scanner.reset()
        let bytes = slice.readableBytesUInt8Span
        var framing = FramingFields()
        var persistence = Persistence(minorVersion: line.minorVersion)
        for field in fields {
            switch field.kind {
            case .contentLength, .transferEncoding: try framing.add(field, bytes)
            case .connection: try persistence.add(field.value, bytes)
            default: break
            }
        }
        let isBodiless = answersHead || line.status < 200 || line.status == 204 || line.status == 304
        // The announced bytes may well follow, from a server that does not know better, and be taken for the next
        // person's answer: such a connection serves nobody else.
        let announcesUnsentContent = isBodiless && line.status >= 200 && framing.announcesContent
        return ResponseHead(
            bytes: slice,
            minorVersion: line.minorVersion,
            status: line.status,
            reason: line.reason,
            fields: fields,
            framing: try framing.ofResponse(minorVersion: line.minorVersion, isBodiless: isBodiless),
            announcedLength: line.status == 204 || line.status < 200 ? nil : framing.announcedLength,
            keepsAlive: persistence.keepsAlive && !announcesUnsentContent,
            nominatesFields: persistence.nominatesFields
        )
    }
}

/// `HTTP-version SP status-code SP [reason-phrase]` (RFC 9112, section 4). The second space is often forgotten and is not
/// insisted on.
struct StatusLine: StartLine {
    static let toleratesEmptyLine = false

    let minorVersion: Int
    let status: Int
    let reason: Range<Int>

    init(_ bytes: Span<UInt8>, _ line: Range<Int>, _ limits: HeadLimits) throws(WireError) {
        let start = line.lowerBound
        guard line.count >= 12, FieldText.isExactly(bytes, start..<start + 7, "HTTP/1."),
            bytes[start + 7] == 0x30 || bytes[start + 7] == 0x31, bytes[start + 8] == 0x20,
            let status = FieldText.decimal(bytes, start + 9..<start + 12), (100...599).contains(status),
            line.count == 12 || bytes[start + 12] == 0x20
        else { throw .malformedStatusLine }
        minorVersion = Int(bytes[start + 7] - 0x30)
        self.status = status
        reason = min(start + 13, line.upperBound)..<line.upperBound
        for index in reason where !CharacterClass.isFieldValue(bytes[index]) { throw .malformedStatusLine }
    }
}
