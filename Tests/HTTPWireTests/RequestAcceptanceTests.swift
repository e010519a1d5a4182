import HTTPWire
import NIOCore
import Testing

@Suite("Requests that are accepted")
struct RequestAcceptanceTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let framing: BodyFraming
        var body = ""
        var rest = ""
        var keepsAlive = true
        var testDescription: String { name }
    }

    static let table: [Accepted] = [
        Accepted(name: "a plain GET", text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", framing: .none),
        Accepted(name: "an empty line in front", text: "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", framing: .none),
        Accepted(name: "no space behind the colon", text: "GET / HTTP/1.1\r\nHost:a\r\n\r\n", framing: .none),
        Accepted(name: "space around a value", text: "GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n", framing: .none),
        Accepted(name: "an empty value", text: "GET / HTTP/1.1\r\nHost: a\r\nX-A:\r\n\r\n", framing: .none),
        Accepted(
            name: "a length",
            text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET",
            framing: .length(3),
            body: "abc",
            rest: "GET"
        ),
        Accepted(
            name: "a length with zeros in front",
            text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 003\r\n\r\nabc",
            framing: .length(3),
            body: "abc"
        ),
        Accepted(
            name: "a length of zero",
            text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nrest",
            framing: .length(0),
            rest: "rest"
        ),
        Accepted(
            name: "chunks",
            text:
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nnext",
            framing: .chunked,
            body: "abc0123456789",
            rest: "next"
        ),
        Accepted(
            name: "CHUNKED without a space",
            text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:CHUNKED\r\n\r\n0\r\n\r\n",
            framing: .chunked
        ),
        Accepted(
            name: "zeros before a chunk's size",
            text:
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000003\r\nabc\r\n000\r\n\r\n",
            framing: .chunked,
            body: "abc"
        ),
        Accepted(
            name: "hexadecimal digits of either case",
            text:
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n",
            framing: .chunked,
            body: "01234567890123456789a"
        ),
        Accepted(
            name: "an extension of 256 bytes",
            text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;"
                + String(repeating: "x", count: 256) + "\r\nabc\r\n0;y=\"z\"\r\n\r\n",
            framing: .chunked,
            body: "abc"
        ),
        Accepted(
            name: "trailers, which are dropped",
            text:
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nRemote-User: bob\r\nX-B: c\r\n\r\nnext",
            framing: .chunked,
            rest: "next"
        ),
        Accepted(
            name: "HTTP/1.0, which ends its connection",
            text: "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
            framing: .none,
            keepsAlive: false
        ),
        Accepted(
            name: "Connection: close among others",
            text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-a , CLOSE\r\n\r\n",
            framing: .none,
            keepsAlive: false
        ),
        Accepted(
            name: "an upgrade, behind which another request stands",
            text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /b",
            framing: .none,
            rest: "GET /b"
        ),
        Accepted(name: "absolute-form", text: "GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", framing: .none),
        Accepted(name: "an unknown method", text: "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", framing: .none),
        Accepted(
            name: "high bytes in a value",
            text: "GET / HTTP/1.1\r\nHost: a\r\nX-Name: Jürgen\r\n\r\n",
            framing: .none
        ),
    ]

    @Test("a message reads the same, whole and byte by byte", arguments: table)
    func accepted(_ row: Accepted) throws {
        let bytes = Array(row.text)
        let whole = WireReading.request(bytes.whole)
        #expect(WireReading.request(bytes.byteByByte) == whole)
        guard case .message(let head, let body, let rest) = whole else {
            Issue.record("\(whole)")
            return
        }
        #expect(text(body) == row.body)
        #expect(text(rest) == row.rest)
        #expect(head.contains("\(row.framing) keep \(row.keepsAlive)"), "\(head)")
    }

    @Test("what the gateway asks of a head is there")
    func parts() throws {
        var buffer = ByteBuffer(
            string:
                "GET /a?b=c HTTP/1.1\r\nHost: app.test:8080\r\nCookie: a=b\r\nConnection: x-one\r\nX-One: 1\r\nExpect: 100-Continue\r\n\r\nrest"
        )
        var parser = RequestParser()
        let head = try #require(try parser.parse(&buffer))
        #expect(head.text(head.method) == "GET")
        #expect(head.text(head.target) == "/a?b=c")
        #expect(head.text(head.host) == "app.test:8080")
        #expect(head.minorVersion == 1)
        #expect(head.expectsContinue)
        #expect(head.nominatesFields)
        #expect(head.value(of: .cookie).map(head.text) == "a=b")
        #expect(head.value(of: .accept) == nil)
        #expect(head.fields.map(\.kind) == [.host, .cookie, .connection, .other, .expect])
        #expect(String(buffer: buffer) == "rest")
    }

    @Test("Expect is not for HTTP/1.0")
    func expectOfOldClients() throws {
        var buffer = ByteBuffer(
            string: "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
        )
        var parser = RequestParser()
        #expect(try parser.parse(&buffer)?.expectsContinue == false)
    }

    @Test("each known name is known in any case, and none that only looks like it")
    func kinds() throws {
        for (name, kind) in [
            ("hOST", FieldKind.host), ("Transfer-encoding", .transferEncoding), ("TRANSFER_ENCODING", .other),
            ("Transfer.Encoding", .other), ("Content-Lengt", .other), ("Content-Lengthh", .other), ("TE", .te),
            ("http2-settings", .http2Settings), ("Accept-Language", .harmless), ("Remote-User", .other),
        ] {
            #expect(FieldKind.of(name) == kind, "\(name)")
        }
        #expect(FieldKind.of("") == .other)
    }
}

@Suite("Limits of heads")
struct HeadLimitTests {
    /// A head of exactly this many bytes.
    private func head(of count: Int) -> [UInt8] {
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX-Pad: "
        let end = "\r\n\r\n"
        return Array(start + String(repeating: "p", count: count - start.utf8.count - end.utf8.count) + end)
    }

    @Test("64 KiB are taken and one byte more is not")
    func bytes() {
        let limit = 64 * 1024
        let good = head(of: limit)
        guard case .message = WireReading.request(good.whole) else {
            Issue.record("refused at the limit")
            return
        }
        #expect(WireReading.request(good.byteByByte) == WireReading.request(good.whole))
        let bad = head(of: limit + 1)
        #expect(WireReading.request(bad.whole) == .refused(.headTooLarge))
        #expect(WireReading.request(bad.byteByByte) == .refused(.headTooLarge))
        #expect(WireReading.request((bad + Array("body\r\n")).whole) == .refused(.headTooLarge))
    }

    @Test("a head that never ends is refused as soon as it is too long")
    func endless() throws {
        for (start, error) in [("GET / HTTP/1.1\r\nX: ", WireError.headTooLarge), ("GET /", .targetTooLong)] {
            var buffer = ByteBuffer(string: start)
            var parser = RequestParser()
            var refusal: WireError?
            while refusal == nil, buffer.readableBytes < 128 * 1024 {
                buffer.writeRepeatingByte(0x61, count: 1000)
                do throws(WireError) { _ = try parser.parse(&buffer) } catch { refusal = error }
            }
            #expect(refusal == error)
            #expect(buffer.readableBytes <= 64 * 1024 + 1000)
        }
    }

    @Test("100 fields are taken and 101 are not", arguments: [100, 101])
    func fields(_ count: Int) {
        let bytes = Array(
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "a: b\r\n", count: count - 1) + "\r\n"
        )
        for verdict in [WireReading.request(bytes.whole), WireReading.request(bytes.byteByByte)] {
            if count > 100 {
                #expect(verdict == .refused(.tooManyFields))
            } else {
                guard case .message = verdict else {
                    Issue.record("\(verdict)")
                    return
                }
            }
        }
    }

    @Test("100,000 fields are refused before 80 kB were read")
    func manyFields() {
        var buffer = ByteBuffer(string: "GET / HTTP/1.1\r\n")
        var parser = RequestParser()
        var fed = 0
        while fed < 600_000 {
            buffer.writeString("a: b\r\n")
            fed += 6
            do throws(WireError) {
                _ = try parser.parse(&buffer)
            } catch {
                #expect(error == .tooManyFields)
                break
            }
        }
        #expect(fed < 80_000)
    }

    @Test("a target of 16 KiB is taken and one byte more is not")
    func target() {
        for (count, isTaken) in [(16 * 1024, true), (16 * 1024 + 1, false), (60_000, false)] {
            let bytes = Array("GET /" + String(repeating: "a", count: count - 1) + " HTTP/1.1\r\nHost: a\r\n\r\n")
            for verdict in [WireReading.request(bytes.whole), WireReading.request(bytes.byteByByte)] {
                if isTaken {
                    guard case .message = verdict else {
                        Issue.record("\(verdict)")
                        return
                    }
                } else {
                    #expect(verdict == .refused(.targetTooLong))
                }
            }
        }
    }
}
