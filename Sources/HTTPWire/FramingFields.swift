/// Content-Length and Transfer-Encoding of one head, read without mercy (RFC 9112, section 6; docs/security-rules.md, rule 11).
struct FramingFields {
    private var length: Int?
    private var isChunked = false

    mutating func add(_ field: FieldSlice, _ bytes: Span<UInt8>) throws(WireError) {
        if field.kind == .contentLength {
            guard length == nil else { throw .repeatedContentLength }
            guard let value = FieldText.decimal(bytes, field.value) else { throw .malformedContentLength }
            length = value
        } else {
            guard !isChunked, FieldText.isEqual(bytes, field.value, "chunked"), Self.isPlain(field, bytes) else {
                throw .unsupportedTransferEncoding
            }
            isChunked = true
        }
    }

    func ofRequest(minorVersion: Int) throws(WireError) -> BodyFraming {
        guard isChunked else { return length.map { .length($0) } ?? .none }
        guard length == nil else { throw .transferEncodingWithContentLength }
        guard minorVersion == 1 else { throw .unsupportedTransferEncoding }
        return .chunked
    }

    /// - Parameter isBodiless: an answer to HEAD, or a 1xx, 204 or 304: whatever its fields say, nothing follows.
    func ofResponse(minorVersion: Int, isBodiless: Bool) throws(WireError) -> BodyFraming {
        if isChunked {
            guard length == nil else { throw .transferEncodingWithContentLength }
            guard minorVersion == 1 else { throw .unsupportedTransferEncoding }
        }
        if isBodiless { return .none }
        if isChunked { return .chunked }
        return length.map { .length($0) } ?? .untilClose
    }

    /// What a bodiless answer says its content would be long.
    var announcedLength: Int? { length }

    var announcesContent: Bool { isChunked || length ?? 0 > 0 }

    /// Nothing but one space stands around the value: tabs and spaces are how one `chunked` is hidden from one of two
    /// parsers, and nobody writes them in good faith.
    private static func isPlain(_ field: FieldSlice, _ bytes: Span<UInt8>) -> Bool {
        let before = field.value.lowerBound - 1
        let hasOneSpace = bytes[before] == 0x20 && before - 1 == field.name.upperBound
        return (before == field.name.upperBound || hasOneSpace) && bytes[field.value.upperBound] == 0x0D
    }
}

/// What Connection fields say about the connection's future.
struct Persistence {
    private let minorVersion: Int
    private var closes = false
    private(set) var nominatesFields = false
    private var length = 0

    /// Every name in it is compared with every other field: a list longer than any honest one would be work for nothing.
    private static let lengthLimit = 1024

    init(minorVersion: Int) {
        self.minorVersion = minorVersion
    }

    /// HTTP/1.0's `keep-alive` is not taken up: such a connection ends with its answer.
    var keepsAlive: Bool { minorVersion == 1 && !closes }

    mutating func add(_ value: Range<Int>, _ bytes: Span<UInt8>) throws(WireError) {
        length += value.count
        guard length <= Self.lengthLimit else { throw .headTooLarge }
        var closes = false
        var nominates = false
        FieldText.forEachMember(bytes, value) { member in
            if FieldText.isEqual(bytes, member, "close") {
                closes = true
            } else if !FieldText.isEqual(bytes, member, "keep-alive"), !FieldText.isEqual(bytes, member, "upgrade") {
                nominates = true
            }
        }
        self.closes = self.closes || closes
        nominatesFields = nominatesFields || nominates
    }
}
