import HTTPWire
import NIOCore
import Testing

@Suite("Responses")
struct ResponseParserTests {
    static let refused: [Vector] = [
        Vector(
            "CL and TE",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            .transferEncodingWithContentLength
        ),
        Vector(
            "two CL",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            .repeatedContentLength
        ),
        Vector("CL list", "HTTP/1.1 200 OK\r\nContent-Length: 3,3\r\n\r\nabc", .malformedContentLength),
        Vector("CL +3", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", .malformedContentLength),
        Vector("TE gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .unsupportedTransferEncoding),
        Vector(
            "TE twice",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .unsupportedTransferEncoding
        ),
        Vector(
            "TE in HTTP/1.0",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .unsupportedTransferEncoding
        ),
        Vector(
            "TE in the answer to HEAD, with CL",
            "HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            .transferEncodingWithContentLength
        ),
        Vector("bare LF", "HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\nabc", .bareLineFeed),
        Vector("bare LF in the fields", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 3\r\n\r\nabc", .bareLineFeed),
        Vector("bare CR in a value", "HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c=d\r\n\r\n", .bareCarriageReturn),
        Vector("NUL in a value", "HTTP/1.1 200 OK\r\nA: b\u{0}\r\nContent-Length: 3\r\n\r\nabc", .malformedFieldValue),
        Vector("folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", .foldedField),
        Vector("space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc", .malformedFieldName),
        Vector("control in the reason", "HTTP/1.1 200 O\u{1}K\r\nContent-Length: 3\r\n\r\nabc", .malformedStatusLine),
        Vector("CR in the reason", "HTTP/1.1 200 O\rK\r\nContent-Length: 3\r\n\r\nabc", .malformedStatusLine),
        Vector(
            "300 fields",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 300) + "\r\n",
            .tooManyFields
        ),
        Vector(
            "65 kB of head",
            "HTTP/1.1 200 OK\r\nA: " + String(repeating: "b", count: 65_600) + "\r\n\r\n",
            .headTooLarge
        ),
        Vector("status 99", "HTTP/1.1 099 OK\r\n\r\n", .malformedStatusLine),
        Vector("status 600", "HTTP/1.1 600 OK\r\n\r\n", .malformedStatusLine),
        Vector("status of two digits", "HTTP/1.1 20 OK\r\n\r\n", .malformedStatusLine),
        Vector("status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", .malformedStatusLine),
        Vector("status +20", "HTTP/1.1 +20 OK\r\n\r\n", .malformedStatusLine),
        Vector("HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", .malformedStatusLine),
        Vector("HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", .malformedStatusLine),
        Vector("lower-case http", "http/1.1 200 OK\r\n\r\n", .malformedStatusLine),
        Vector("ICY", "ICY 200 OK          \r\n\r\n", .malformedStatusLine),
        Vector("an empty line in front", "\r\nHTTP/1.1 200 OK\r\n\r\n", .malformedStatusLine),
        Vector("no HTTP at all", "hello, world, this is SMTP\r\n", .malformedStatusLine),
        Vector(
            "LF in a chunk line",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
            .malformedChunk
        ),
        Vector(
            "CL in the trailers",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n",
            .forbiddenTrailer
        ),
    ]

    @Test("a response is refused for the same reason, whole and byte by byte", arguments: refused)
    func refusals(_ vector: Vector) {
        #expect(WireReading.response(vector.bytes.whole) == .refused(vector.error))
        #expect(WireReading.response(vector.bytes.byteByByte) == .refused(vector.error))
    }

    struct Accepted: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        var answersHead = false
        let framing: BodyFraming
        var announced = -1
        var body = ""
        var rest = ""
        var keepsAlive = true
        var testDescription: String { name }
    }

    static let accepted: [Accepted] = [
        Accepted(
            name: "a length",
            text: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcX",
            framing: .length(3),
            announced: 3,
            body: "abc",
            rest: "X"
        ),
        Accepted(
            name: "no reason, no space",
            text: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
            framing: .length(0),
            announced: 0
        ),
        Accepted(
            name: "no reason",
            text: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
            framing: .length(0),
            announced: 0
        ),
        Accepted(
            name: "chunks",
            text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nX",
            framing: .chunked,
            body: "a",
            rest: "X"
        ),
        Accepted(name: "until the end", text: "HTTP/1.1 200 OK\r\n\r\nabc", framing: .untilClose, body: "abc"),
        Accepted(
            name: "HTTP/1.0",
            text: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
            framing: .length(1),
            announced: 1,
            body: "a",
            keepsAlive: false
        ),
        Accepted(
            name: "Connection: close",
            text: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
            framing: .length(1),
            announced: 1,
            body: "a",
            keepsAlive: false
        ),
        Accepted(
            name: "the answer to HEAD",
            text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/",
            answersHead: true,
            framing: .none,
            announced: 5,
            rest: "HTTP/",
            keepsAlive: false
        ),
        Accepted(
            name: "the answer to HEAD, chunked",
            text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/",
            answersHead: true,
            framing: .none,
            rest: "HTTP/",
            keepsAlive: false
        ),
        Accepted(
            name: "304 with a length",
            text: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP/",
            framing: .none,
            announced: 5,
            rest: "HTTP/",
            keepsAlive: false
        ),
        Accepted(name: "204", text: "HTTP/1.1 204 No Content\r\n\r\nHTTP/", framing: .none, rest: "HTTP/"),
        Accepted(
            name: "204 with a length of zero",
            text: "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
            framing: .none
        ),
        Accepted(
            name: "204 with a length, whose connection is not trusted",
            text: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
            framing: .none,
            rest: "hello",
            keepsAlive: false
        ),
        Accepted(
            name: "204 with chunks, whose connection is not trusted",
            text: "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            framing: .none,
            rest: "0\r\n\r\n",
            keepsAlive: false
        ),
        Accepted(name: "100", text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/", framing: .none, rest: "HTTP/"),
        Accepted(
            name: "103",
            text: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/",
            framing: .none,
            rest: "HTTP/"
        ),
    ]

    @Test("a response reads the same, whole and byte by byte", arguments: accepted)
    func acceptance(_ row: Accepted) {
        let bytes = Array(row.text)
        let whole = WireReading.response(bytes.whole, answersHead: row.answersHead)
        #expect(WireReading.response(bytes.byteByByte, answersHead: row.answersHead) == whole)
        guard case .message(let head, let body, let rest) = whole else {
            Issue.record("\(whole)")
            return
        }
        #expect(text(body) == row.body)
        #expect(text(rest) == row.rest)
        #expect(head.contains("\(row.framing) announced \(row.announced) keep \(row.keepsAlive)"), "\(head)")
    }

    @Test("interim responses stand before the final one")
    func interim() throws {
        var buffer = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        var parser = ResponseParser()
        let first = try #require(try parser.parse(&buffer, answersHead: false))
        #expect(first.isInterim)
        let second = try #require(try parser.parse(&buffer, answersHead: false))
        #expect(!second.isInterim)
        #expect(second.status == 200)
    }
}
