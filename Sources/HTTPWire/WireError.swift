/// Why bytes are no HTTP/1.1 message that may be passed on (RFC 9112; docs/security-rules.md, rule 11). Each ends the connection:
/// behind an ambiguous message nobody can say where the next one begins.
package enum WireError: String, Error, Sendable, CaseIterable {
    case malformedStartLine = "the start line is malformed"
    case malformedTarget = "the request target contains a forbidden byte"
    case unsupportedVersion = "the HTTP version is not supported"
    case bareLineFeed = "a line ends in a bare line feed"
    case bareCarriageReturn = "a carriage return does not end a line"
    case foldedField = "a field is folded over several lines"
    case malformedFieldName = "a field name is malformed"
    case malformedFieldValue = "a field value contains a control character"
    case headTooLarge = "the head is too large"
    case targetTooLong = "the request target is too long"
    case tooManyFields = "there are too many fields"
    case hostMissing = "the Host field is missing"
    case hostRepeated = "there is more than one Host field"
    case malformedContentLength = "the Content-Length is malformed"
    case repeatedContentLength = "there is more than one Content-Length"
    case transferEncodingWithContentLength = "Transfer-Encoding and Content-Length are both there"
    case unsupportedTransferEncoding = "the Transfer-Encoding is not exactly \"chunked\""
    case unsupportedExpectation = "the Expect field is not exactly \"100-continue\""
    case malformedChunk = "a chunk is malformed"
    case chunkExtensionTooLong = "a chunk extension is too long"
    case trailersTooLarge = "the trailer section is too large"
    case forbiddenTrailer = "the trailer section contains a field of framing or routing"
    case authorizationRepeated = "there is more than one Authorization field"
    case malformedStatusLine = "the status line is malformed"

    /// The status that a client's message of this kind is answered with.
    package var status: Int {
        switch self {
        case .headTooLarge, .tooManyFields, .trailersTooLarge: 431
        case .targetTooLong: 414
        case .unsupportedVersion: 505
        case .unsupportedExpectation: 417
        default: 400
        }
    }
}

/// Sizes at which a head is refused.
package struct HeadLimits: Sendable {
    /// Start line, fields and all line ends together, in bytes.
    package var bytes: Int
    package var fields: Int
    package var targetBytes: Int

    package init(bytes: Int = 64 * 1024, fields: Int = 100, targetBytes: Int = 16 * 1024) {
        self.bytes = bytes
        self.fields = fields
        self.targetBytes = targetBytes
    }
}
