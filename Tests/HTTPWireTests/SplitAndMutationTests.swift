import HTTPWire
import Testing

@Suite("Bytes arrive as they like")
struct SplitAndMutationTests {
    static let requests: [String] = [
        "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "\r\nGET /a/b?c=d HTTP/1.1\r\nHost: app.test\r\nCookie: a=b; c=d\r\nAccept: text/html\r\n\r\nGET /next",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n0123456789rest",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nabcde\r\n00a\r\n0123456789\r\n0\r\nX-T: u\r\n\r\nrest",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close, x-y\r\nX-Y: z\r\n\r\n",
        "GET http://a/b HTTP/1.0\r\nHost: a\r\nRemote_User: x\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    ]

    static let responses: [String] = [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nSet-Cookie: a=b\r\n\r\nabcrest",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nrest",
        "HTTP/1.0 404 Not Found\r\n\r\nuntil the end",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: \"x\"\r\n\r\n",
        "HTTP/1.1 204\r\n\r\n",
    ]

    @Test("random cuts do not change what is read", arguments: [UInt64(1), 2, 3, 4])
    func cuts(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for message in Self.requests + Self.responses {
            let bytes = Array(message)
            let isRequest = !message.hasPrefix("HTTP/")
            let whole = isRequest ? WireReading.request(bytes.whole) : WireReading.response(bytes.whole)
            for _ in 0..<150 {
                let places = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                    Int.random(in: 1..<bytes.count, using: &generator)
                }
                let pieces = bytes.cut(at: places)
                let cut = isRequest ? WireReading.request(pieces) : WireReading.response(pieces)
                if case .message(let head, let body, let rest) = whole,
                    case .message(let head2, let body2, let rest2) = cut,
                    whole != cut
                {
                    // Until-close content grows piece by piece; all else is equal.
                    #expect(head == head2)
                    #expect(body + rest == body2 + rest2)
                } else {
                    #expect(cut == whole, "cut at \(places)")
                }
            }
        }
    }

    /// What mutations put in: the bytes that framing hangs on.
    private static let interesting: [UInt8] =
        Array("\r\n\t :;,0123456789aAfFxX-_#%/\\".utf8) + [0, 1, 0x0B, 0x7F, 0x80, 0xA0, 0xFF]
    private static let splices: [[UInt8]] = [
        "\r\n", "\n", "\r", "\r\n\r\n", "0\r\n\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
        "Host: b\r\n",
        "Content-Length: 99999999999999999\r\n", "FFFFFFFFFFFFFFF\r\n", " HTTP/1.1\r\n", "Connection: close\r\n", ";",
    ].map { Array($0.utf8) }

    private static func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard !bytes.isEmpty else { break }
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] = interesting[Int.random(in: 0..<interesting.count, using: &generator)]
            case 1: bytes.insert(interesting[Int.random(in: 0..<interesting.count, using: &generator)], at: place)
            case 2: bytes.remove(at: place)
            case 3: bytes[place] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
            case 4: bytes.insert(contentsOf: splices[Int.random(in: 0..<splices.count, using: &generator)], at: place)
            default: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...8, using: &generator)))
            }
        }
        return bytes
    }

    @Test(
        "50,000 mutated messages trap nothing and read the same in two pieces",
        arguments: [UInt64(11), 12, 13, 14, 15]
    )
    func mutations(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let seeds = (Self.requests + Self.responses).map { Array($0) }
        for round in 0..<10_000 {
            let index = Int.random(in: 0..<seeds.count, using: &generator)
            let bytes = Self.mutate(seeds[index], &generator)
            let isRequest = index < Self.requests.count
            let answersHead = round % 7 == 0
            let place = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &generator)
            let pieces = bytes.cut(at: [place])
            let whole =
                isRequest
                ? WireReading.request(bytes.whole) : WireReading.response(bytes.whole, answersHead: answersHead)
            let cut = isRequest ? WireReading.request(pieces) : WireReading.response(pieces, answersHead: answersHead)
            guard whole != cut else { continue }
            Issue.record("\(whole) is not \(cut): \(text(bytes).debugDescription) cut at \(place)")
            return
        }
    }

    @Test("no accepted request's framing is in doubt", arguments: [UInt64(21)])
    func framingOfMutations(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let seeds = Self.requests.map { Array($0) }
        for _ in 0..<10_000 {
            let bytes = Self.mutate(seeds[Int.random(in: 0..<seeds.count, using: &generator)], &generator)
            guard case .message(let head, _, _) = WireReading.request(bytes.whole) else { continue }
            let lower = head.lowercased()
            let lengths = lower.components(of: "/contentlength").count - 1
            let encodings = lower.components(of: "/transferencoding").count - 1
            #expect(lengths + encodings <= 1, "\(head)")
            if encodings == 1 { #expect(lower.contains("transfer-encoding=chunked/"), "\(head)") }
        }
    }
}

extension String {
    fileprivate func components(of separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
