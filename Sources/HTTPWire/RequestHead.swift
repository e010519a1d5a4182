package import NIOCore

/// How the end of a message's content is known.
package enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
    /// Of responses alone: until the connection closes.
    case untilClose

    package var hasBody: Bool {
        switch self {
        case .none, .length(0): false
        default: true
        }
    }
}

/// A request's start line and fields: the bytes as they came, and where in them everything stands.
package struct RequestHead: Sendable {
    /// The head's bytes and no others; ranges count from its reader index.
    package let bytes: ByteBuffer
    package let method: Range<Int>
    package let target: Range<Int>
    /// 0 or 1: HTTP/1.0 or HTTP/1.1.
    package let minorVersion: Int
    package let fields: [FieldSlice]
    package let host: Range<Int>
    package let framing: BodyFraming
    /// Whether the client allows another request on its connection.
    package let keepsAlive: Bool
    package let expectsContinue: Bool
    /// The Connection field names fields besides `close` and `keep-alive`: those are dropped as well.
    package let nominatesFields: Bool

    package func text(_ range: Range<Int>) -> String {
        let slice = bytes.readableBytesUInt8Span.extracting(range)
        return unsafe slice.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The value of the first field of a kind.
    package func value(of kind: FieldKind) -> Range<Int>? {
        fields.first { $0.kind == kind }?.value
    }
}

/// Takes request heads off a connection's bytes. One for each connection.
package struct RequestParser: Sendable {
    private var scanner: HeadScanner<RequestLine>

    package init(limits: HeadLimits = HeadLimits()) {
        scanner = HeadScanner(limits: limits)
    }

    /// - Parameter buffer: what has arrived and is not consumed; a complete head is taken off its front.
    /// - Returns: `nil` until a head is complete.
    package mutating func parse(_ buffer: inout ByteBuffer) throws(WireError) -> RequestHead? {
        guard case .complete(let length) = try scanner.scan(buffer.readableBytesUInt8Span) else { return nil }
        guard let line = scanner.startLine, let bytes = buffer.readSlice(length: length) else { return nil }
        let head = try Self.head(bytes, line, scanner.fields)
        scanner.reset()
        return head
    }

    private static func head(
        _ buffer: ByteBuffer,
        _ line: RequestLine,
        _ fields: [FieldSlice]
    ) throws(WireError) -> RequestHead {
        let bytes = buffer.readableBytesUInt8Span
        var framing = FramingFields()
        var host: Range<Int>?
        var persistence = Persistence(minorVersion: line.minorVersion)
        var expectsContinue = false
        var isAuthorized = false
        for field in fields {
            switch field.kind {
            case .host:
                guard host == nil else { throw .hostRepeated }
                host = field.value
            case .contentLength, .transferEncoding: try framing.add(field, bytes)
            case .connection: try persistence.add(field.value, bytes)
            case .authorization:
                // Gateway and application might each believe another one.
                guard !isAuthorized else { throw .authorizationRepeated }
                isAuthorized = true
            case .expect:
                guard FieldText.isEqual(bytes, field.value, "100-continue"), !expectsContinue else {
                    throw .unsupportedExpectation
                }
                expectsContinue = true
            default: break
            }
        }
        guard let host, !host.isEmpty else { throw .hostMissing }
        return RequestHead(
            bytes: buffer,
            method: line.method,
            target: line.target,
            minorVersion: line.minorVersion,
            fields: fields,
            host: host,
            framing: try framing.ofRequest(minorVersion: line.minorVersion),
            keepsAlive: persistence.keepsAlive,
            expectsContinue: expectsContinue && line.minorVersion == 1,
            nominatesFields: persistence.nominatesFields
        )
    }
}

/// `method SP request-target SP HTTP-version`, with exactly one space between (RFC 9112, section 3).
struct RequestLine: StartLine {
    static let toleratesEmptyLine = true

    let method: Range<Int>
    let target: Range<Int>
    let minorVersion: Int

    init(_ bytes: Span<UInt8>, _ line: Range<Int>, _ limits: HeadLimits) throws(WireError) {
        var index = line.lowerBound
        while index < line.upperBound, CharacterClass.isToken(bytes[index]) { index += 1 }
        method = line.lowerBound..<index
        guard (1...32).contains(method.count), index < line.upperBound, bytes[index] == 0x20 else {
            throw .malformedStartLine
        }
        let start = index + 1
        index = start
        while index < line.upperBound, bytes[index] != 0x20 {
            // Visible ASCII without "#": RFC 3986 has no other byte in a URI reference's path and query.
            guard bytes[index] > 0x20, bytes[index] < 0x7F, bytes[index] != 0x23 else { throw .malformedTarget }
            index += 1
        }
        target = start..<index
        guard !target.isEmpty, index < line.upperBound else { throw .malformedStartLine }
        guard target.count <= limits.targetBytes else { throw .targetTooLong }
        let version = index + 1..<line.upperBound
        guard version.count == 8, FieldText.isExactly(bytes, version.lowerBound..<version.lowerBound + 5, "HTTP/"),
            (0x30...0x39).contains(bytes[version.lowerBound + 5]), bytes[version.lowerBound + 6] == 0x2E,
            (0x30...0x39).contains(bytes[version.lowerBound + 7])
        else { throw .malformedStartLine }
        guard bytes[version.lowerBound + 5] == 0x31, bytes[version.lowerBound + 7] <= 0x31 else {
            throw .unsupportedVersion
        }
        minorVersion = Int(bytes[version.lowerBound + 7] - 0x30)
    }
}
