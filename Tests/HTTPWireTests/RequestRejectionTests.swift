import HTTPWire
import NIOCore
import Testing

/// One message that must not be passed on.
struct Vector: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let error: WireError

    init(_ name: String, _ text: String, _ error: WireError) {
        self.name = name
        bytes = Array(text.utf8)
        self.error = error
    }

    init(_ name: String, bytes: [UInt8], _ error: WireError) {
        self.name = name
        self.bytes = bytes
        self.error = error
    }

    var testDescription: String { name }
}

/// A POST with the given fields besides Host.
private func post(_ fields: String, _ body: String = "") -> String {
    "POST /a HTTP/1.1\r\nHost: app.test\r\n\(fields)\r\n\r\n\(body)"
}

private func line(_ startLine: String) -> String { "\(startLine)\r\nHost: app.test\r\n\r\n" }

@Suite("Requests that are refused (docs/security-rules.md, rule 11)")
struct RequestRejectionTests {
    static let framing: [Vector] = [
        Vector(
            "TE then CL",
            post("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"),
            .transferEncodingWithContentLength
        ),
        Vector(
            "CL then TE",
            post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
            .transferEncodingWithContentLength
        ),
        Vector(
            "two Content-Length that agree",
            post("Content-Length: 3\r\nContent-Length: 3", "abc"),
            .repeatedContentLength
        ),
        Vector(
            "two Content-Length that differ",
            post("Content-Length: 3\r\ncontent-length: 5", "abc"),
            .repeatedContentLength
        ),
        Vector("Content-Length +3", post("Content-Length: +3", "abc"), .malformedContentLength),
        Vector("Content-Length -1", post("Content-Length: -1"), .malformedContentLength),
        Vector("Content-Length 0x3", post("Content-Length: 0x3", "abc"), .malformedContentLength),
        Vector("Content-Length list", post("Content-Length: 3, 3", "abc"), .malformedContentLength),
        Vector("Content-Length empty", post("Content-Length:"), .malformedContentLength),
        Vector("Content-Length blank", post("Content-Length:   "), .malformedContentLength),
        Vector("Content-Length with inner space", post("Content-Length: 1 2"), .malformedContentLength),
        Vector(
            "Content-Length overflowing",
            post("Content-Length: 18446744073709551619", "abc"),
            .malformedContentLength
        ),
        Vector(
            "Content-Length of 19 digits",
            post("Content-Length: 0000000000000000003", "abc"),
            .malformedContentLength
        ),
        Vector("Content-Length with underscore", post("Content-Length: 1_0"), .malformedContentLength),
        Vector("TE xchunked", post("Transfer-Encoding: xchunked", "0\r\n\r\n"), .unsupportedTransferEncoding),
        Vector("TE chunked, identity", post("Transfer-Encoding: chunked, identity"), .unsupportedTransferEncoding),
        Vector("TE identity, chunked", post("Transfer-Encoding: identity, chunked"), .unsupportedTransferEncoding),
        Vector("TE gzip, chunked", post("Transfer-Encoding: gzip, chunked"), .unsupportedTransferEncoding),
        Vector("TE ,chunked", post("Transfer-Encoding: ,chunked"), .unsupportedTransferEncoding),
        Vector("TE chunked,", post("Transfer-Encoding: chunked,"), .unsupportedTransferEncoding),
        Vector("TE chunked, chunked", post("Transfer-Encoding: chunked, chunked"), .unsupportedTransferEncoding),
        Vector("TE identity", post("Transfer-Encoding: identity"), .unsupportedTransferEncoding),
        Vector("TE quoted", post("Transfer-Encoding: \"chunked\""), .unsupportedTransferEncoding),
        Vector("TE with parameter", post("Transfer-Encoding: chunked;a=b"), .unsupportedTransferEncoding),
        Vector("TE empty", post("Transfer-Encoding:"), .unsupportedTransferEncoding),
        Vector(
            "TE empty, then CL",
            post("Transfer-Encoding:\r\nContent-Length: 3", "abc"),
            .unsupportedTransferEncoding
        ),
        Vector(
            "TE twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
            .unsupportedTransferEncoding
        ),
        Vector(
            "TE twice, the other identity",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
            .unsupportedTransferEncoding
        ),
        Vector(
            "TE with a trailing space",
            post("Transfer-Encoding: chunked ", "0\r\n\r\n"),
            .unsupportedTransferEncoding
        ),
        Vector(
            "TE with a trailing tab",
            post("Transfer-Encoding: chunked\t", "0\r\n\r\n"),
            .unsupportedTransferEncoding
        ),
        Vector("TE behind a tab", post("Transfer-Encoding:\tchunked", "0\r\n\r\n"), .unsupportedTransferEncoding),
        Vector("TE behind two spaces", post("Transfer-Encoding:  chunked", "0\r\n\r\n"), .unsupportedTransferEncoding),
        Vector("TE behind a vertical tab", post("Transfer-Encoding: \u{0B}chunked", "0\r\n\r\n"), .malformedFieldValue),
        Vector(
            "TE with a high byte",
            bytes: Array(post("Transfer-Encoding: chunked").utf8.dropLast(4)) + [0xA0, 13, 10, 13, 10],
            .unsupportedTransferEncoding
        ),
        Vector(
            "TE in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .unsupportedTransferEncoding
        ),
        Vector(
            "TE and CL in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            .transferEncodingWithContentLength
        ),
        Vector("Expect with more than 100-continue", post("Expect: y 100-continue"), .unsupportedExpectation),
        Vector("Expect empty", post("Expect:"), .unsupportedExpectation),
        Vector("Expect twice", post("Expect: 100-continue\r\nExpect: 100-continue"), .unsupportedExpectation),
        Vector(
            "Authorization twice",
            post("Authorization: Basic YTpi\r\nAuthorization: Basic Yjpi"),
            .authorizationRepeated
        ),
        Vector("an endless Connection list", post("Connection: " + String(repeating: "a,", count: 600)), .headTooLarge),
    ]

    static let lines: [Vector] = [
        Vector("space before the colon", post("Content-Length : 3", "abc"), .malformedFieldName),
        Vector("tab before the colon", post("Content-Length\t: 3", "abc"), .malformedFieldName),
        Vector("folded field", post("X-A: b\r\n c"), .foldedField),
        Vector("field folded by a tab", post("X-A: b\r\n\tc"), .foldedField),
        Vector("folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedField),
        Vector("bare LF behind the start line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
        Vector("bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", .bareLineFeed),
        Vector("bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
        Vector("bare CR in the start line", "GET /\rX HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
        Vector("bare CR in a value", post("X-A: b\rTransfer-Encoding: chunked"), .bareCarriageReturn),
        Vector("bare CR in a name", post("X\rA: b"), .bareCarriageReturn),
        Vector("CR CR LF", post("X-A: b\r"), .bareCarriageReturn),
        Vector("NUL in a value", post("X-A: b\u{0}c"), .malformedFieldValue),
        Vector("control in a value", post("X-A: b\u{1}c"), .malformedFieldValue),
        Vector("DEL in a value", post("X-A: b\u{7F}c"), .malformedFieldValue),
        Vector("NUL in a name", post("X\u{0}A: b"), .malformedFieldName),
        Vector("no name", post(": b"), .malformedFieldName),
        Vector("no colon", post("X-A"), .malformedFieldName),
        Vector("a name with a space", post("X A: b"), .malformedFieldName),
        Vector("a name with a quotation mark", post("X\"A: b"), .malformedFieldName),
        Vector("a name of high bytes", post("\u{E9}: b"), .malformedFieldName),
        Vector(
            "a start line among the fields",
            "GET / HTTP/1.1\r\nHost: a\r\nGET /b HTTP/1.1\r\n\r\n",
            .malformedFieldName
        ),
    ]

    static let startLines: [Vector] = [
        Vector("no Host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", .hostMissing),
        Vector("no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", .hostMissing),
        Vector("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", .hostMissing),
        Vector("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .hostRepeated),
        Vector("two Hosts, one empty", "GET / HTTP/1.1\r\nHost: a\r\nhost:\r\n\r\n", .hostRepeated),
        Vector("a fragment", line("GET /a#b HTTP/1.1"), .malformedTarget),
        Vector("two spaces before the target", line("GET  / HTTP/1.1"), .malformedStartLine),
        Vector("two spaces behind the target", line("GET /  HTTP/1.1"), .malformedStartLine),
        Vector("a space at the end", line("GET / HTTP/1.1 "), .malformedStartLine),
        Vector("a space at the start", line(" GET / HTTP/1.1"), .malformedStartLine),
        Vector("a tab for a space", line("GET\t/ HTTP/1.1"), .malformedStartLine),
        Vector("a space in the target", line("GET /a b HTTP/1.1"), .malformedStartLine),
        Vector("a tab in the target", line("GET /a\tb HTTP/1.1"), .malformedTarget),
        Vector("a high byte in the target", line("GET /\u{E4} HTTP/1.1"), .malformedTarget),
        Vector("NUL in the target", line("GET /\u{0} HTTP/1.1"), .malformedTarget),
        Vector("HTTP/0.9", "GET /\r\n", .malformedStartLine),
        Vector("ICE", line("SOURCE / ICE/1.0"), .malformedStartLine),
        Vector("lower-case HTTP", line("GET / http/1.1"), .malformedStartLine),
        Vector("half lower-case HTTP", line("GET / HTtP/1.1"), .malformedStartLine),
        Vector("RTSP", line("GET / RTSP/1.0"), .malformedStartLine),
        Vector("HTTP/1.10", line("GET / HTTP/1.10"), .malformedStartLine),
        Vector("HTTP/01.1", line("GET / HTTP/01.1"), .malformedStartLine),
        Vector("HTTP/1.2", line("GET / HTTP/1.2"), .unsupportedVersion),
        Vector("HTTP/0.9 named", line("GET / HTTP/0.9"), .unsupportedVersion),
        Vector("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        Vector("no method", line("/ HTTP/1.1"), .malformedStartLine),
        Vector("a method with a comma", line("GE,T / HTTP/1.1"), .malformedStartLine),
        Vector(
            "a method of 33 characters",
            line(String(repeating: "M", count: 33) + " / HTTP/1.1"),
            .malformedStartLine
        ),
        Vector("two empty lines in front", "\r\n\r\n" + line("GET / HTTP/1.1"), .malformedStartLine),
        Vector("an empty line with bare LF in front", "\n" + line("GET / HTTP/1.1"), .bareLineFeed),
        Vector("a TLS ClientHello", bytes: [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10], .malformedStartLine),
    ]

    static let bodies: [Vector] = [
        Vector("chunk size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("chunk size with +", chunked("+3\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("chunk size with -", chunked("-3\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("chunk size behind a space", chunked(" 3\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("chunk size before a space", chunked("3 \r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("chunk size before a tab and extension", chunked("3\t;a\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("no chunk size", chunked("\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("an extension without a size", chunked(";a\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("chunk size of 17 digits", chunked("00000000000000003\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("chunk size overflowing 64 bits", chunked("FFFFFFFFFFFFFFFF\r\nabc"), .malformedChunk),
        Vector("chunk size of Int.max", chunked("7FFFFFFFFFFFFFFF\r\nabc"), .malformedChunk),
        Vector("LF behind the size", chunked("3\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("LF behind the data", chunked("3\r\nabc\n0\r\n\r\n"), .malformedChunk),
        Vector("CR without LF behind the size", chunked("3\rXabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("CR without LF behind the data", chunked("3\r\nabc\rX0\r\n\r\n"), .malformedChunk),
        Vector("data longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), .malformedChunk),
        Vector("LF in an extension", chunked("3;a=\nb\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("NUL in an extension", chunked("3;a=\u{0}\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector("CR in an extension", chunked("3;a=\rb\r\nabc\r\n0\r\n\r\n"), .malformedChunk),
        Vector(
            "an extension of 257 bytes",
            chunked("3;" + String(repeating: "x", count: 257) + "\r\nabc\r\n0\r\n\r\n"),
            .chunkExtensionTooLong
        ),
        Vector(
            "an extension of 65 kB",
            chunked("3;" + String(repeating: "x", count: 65_000) + "\r\nabc\r\n0\r\n\r\n"),
            .chunkExtensionTooLong
        ),
        Vector("LF at the end of the trailers", chunked("0\r\n\n"), .bareLineFeed),
        Vector("LF behind a trailer", chunked("0\r\nX: a\n\r\n"), .bareLineFeed),
        Vector("a folded trailer", chunked("0\r\nX: a\r\n b\r\n\r\n"), .foldedField),
        Vector("a space before a trailer's colon", chunked("0\r\nX : a\r\n\r\n"), .malformedFieldName),
        Vector("NUL in a trailer", chunked("0\r\nX: \u{0}\r\n\r\n"), .malformedFieldValue),
        Vector("Content-Length in the trailers", chunked("0\r\nContent-Length: 3\r\n\r\n"), .forbiddenTrailer),
        Vector(
            "Transfer-Encoding in the trailers",
            chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            .forbiddenTrailer
        ),
        Vector("Host in the trailers", chunked("0\r\nHost: b\r\n\r\n"), .forbiddenTrailer),
        Vector(
            "trailers of 9 kB",
            chunked("0\r\n" + String(repeating: "X: abcdefgh\r\n", count: 700) + "\r\n"),
            .trailersTooLarge
        ),
        Vector(
            "one trailer of 9 kB",
            chunked("0\r\nX: " + String(repeating: "a", count: 9000) + "\r\n\r\n"),
            .trailersTooLarge
        ),
    ]

    private static func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked", body) }

    @Test(
        "a message is refused for the same reason, whole and byte by byte",
        arguments: framing + lines + startLines + bodies
    )
    func refused(_ vector: Vector) {
        #expect(WireReading.request(vector.bytes.whole) == .refused(vector.error))
        #expect(WireReading.request(vector.bytes.byteByByte) == .refused(vector.error))
    }

    @Test("a pipelined message is refused like a first one", arguments: framing + startLines)
    func refusedBehindAnother(_ vector: Vector) throws {
        var buffer = ByteBuffer(string: "GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
        buffer.writeBytes(vector.bytes)
        var parser = RequestParser()
        let first = try #require(try parser.parse(&buffer))
        #expect(first.text(first.target) == "/first")
        #expect(throws: vector.error) { _ = try parser.parse(&buffer) }
    }

    @Test("what is refused has a status of its own class")
    func statuses() {
        for error in WireError.allCases {
            #expect([400, 414, 417, 431, 505].contains(error.status), "\(error)")
        }
        #expect(WireError.headTooLarge.status == 431)
        #expect(WireError.tooManyFields.status == 431)
        #expect(WireError.targetTooLong.status == 414)
        #expect(WireError.unsupportedExpectation.status == 417)
    }
}
