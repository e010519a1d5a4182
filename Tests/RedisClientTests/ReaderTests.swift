import NIOCore
import Testing

@testable import RedisClient

@Suite("Reading RESP2")
struct ReaderTests {
    /// Every kind of value, nested, empty and binary.
    static let replies: [(wire: String, value: RedisValue)] = [
        ("+OK\r\n", .status("OK")),
        ("+\r\n", .status("")),
        (":0\r\n", .integer(0)),
        (":-9223372036854775808\r\n", .integer(.min)),
        (":9223372036854775807\r\n", .integer(.max)),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("$0\r\n\r\n", .bulk(ByteBuffer())),
        ("$5\r\na\r\n\0b\r\n", .bulk(ByteBuffer(string: "a\r\n\0b"))),
        ("$12\r\n123456789012\r\n", .bulk(ByteBuffer(string: "123456789012"))),
        ("*0\r\n", .array([])),
        (
            "*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n$2\r\nbc\r\n",
            .array([bulk("a"), .array([.integer(1), .null]), bulk("bc")])
        ),
        ("*2\r\n*0\r\n+x\r\n", .array([.array([]), .status("x")])),
        (
            "-WRONGTYPE Operation against a key\r\n",
            .error(RedisServerError(line: "WRONGTYPE Operation against a key"))
        ),
    ]

    private static func bulk(_ text: String) -> RedisValue { .bulk(ByteBuffer(string: text)) }

    private static func nested(_ depth: Int) -> String {
        String(repeating: "*1\r\n", count: depth) + ":1\r\n"
    }

    private func read(_ chunks: [[UInt8]], limits: RedisReplyLimits = RedisReplyLimits()) throws -> [RedisValue] {
        var reader = RedisReader(limits: limits)
        var values: [RedisValue] = []
        for chunk in chunks {
            try reader.feed(ByteBuffer(bytes: chunk))
            while let value = try reader.next() { values.append(value) }
        }
        return values
    }

    private func refusal(_ wire: String, limits: RedisReplyLimits = RedisReplyLimits()) -> RedisError? {
        #expect(throws: RedisError.self) { try read([Array(wire.utf8)], limits: limits) }
    }

    @Test("a reply is the same wherever the network cuts it", arguments: replies)
    func splits(_ reply: (wire: String, value: RedisValue)) throws {
        let bytes = Array(reply.wire.utf8)
        for cut in 0...bytes.count {
            #expect(try read([Array(bytes[..<cut]), Array(bytes[cut...])]) == [reply.value])
        }
        #expect(try read(bytes.map { [$0] }) == [reply.value])
    }

    @Test("many replies in one packet, and one cut anywhere, keep their order")
    func manyReplies() throws {
        let wire = Array(Self.replies.map(\.wire).joined().utf8)
        let values = Self.replies.map(\.value)
        for cut in 0...wire.count {
            #expect(try read([Array(wire[..<cut]), Array(wire[cut...])]) == values)
        }
        let often = Array(repeating: wire, count: 500).flatMap { $0 }
        #expect(try read([often]).count == values.count * 500)
    }

    @Test("seven arrays may nest; nine are refused")
    func nesting() throws {
        var value = try #require(try read([Array(Self.nested(7).utf8)]).first)
        for _ in 0..<7 { value = try #require(value.elements?.first) }
        #expect(value == .integer(1))
        #expect(refusal(Self.nested(9))?.code == .protocolViolation)
    }

    @Test(
        "what is no RESP2 is refused",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "?\r\n", "%1\r\n+a\r\n+b\r\n", ":12a\r\n", ":\r\n",
            ":9223372036854775808\r\n", "$abc\r\n", "$-2\r\n", "*-2\r\n", "*x\r\n", "$3\r\nabcXX", "$3\r\nabcd\r\n",
            "$1\rx\r\n", "*99999999999999999999\r\n", "$99999999999999999999\r\n", "\u{0}\u{0}\u{0}\u{0}",
        ]
    )
    func garbage(_ wire: String) {
        #expect(refusal(wire)?.code == .protocolViolation)
    }

    @Test(
        "what is announced beyond the limits is refused with the announcement",
        arguments: [
            "*100000000\r\n", "*1000000\r\n", "*2\r\n*0\r\n*999998\r\n", "$999999999999\r\n",
            "$16777217\r\n", "$16777217\r\nabc", "*1\r\n$16777217\r\n", ":111111111111111111111111111111111",
            "$000000000000000000000000000000000", "*000000000000000000000000000000000",
        ]
    )
    func limits(_ wire: String) {
        #expect(refusal(wire)?.code == .protocolViolation)
    }

    @Test("a status or an error that does not end is refused", arguments: ["+", "-"])
    func endlessLine(_ type: String) throws {
        let longest = type + String(repeating: "a", count: 65_530)
        #expect(try read([Array("\(longest)\r\n".utf8)]).count == 1)
        #expect(refusal(longest + "aaaaaaa")?.code == .protocolViolation)
    }

    @Test("strings that are small each and large together are refused")
    func replyBytes() throws {
        var limits = RedisReplyLimits()
        limits.replyBytes = 10
        #expect(try read([Array("*2\r\n$5\r\nabcde\r\n$5\r\nabcde\r\n".utf8)], limits: limits).count == 1)
        #expect(refusal("*2\r\n$5\r\nabcde\r\n$6\r\nabcdef\r\n", limits: limits)?.code == .protocolViolation)
    }

    @Test("an allowed announcement reserves nothing until its values come")
    func noReservation() throws {
        var reader = RedisReader(limits: RedisReplyLimits())
        try reader.feed(ByteBuffer(string: "*999999\r\n:1\r\n:2\r\n$16777216\r\nabc"))
        #expect(try reader.next() == nil)
        #expect(reader.heldBytes < 8192)
    }

    @Test("memory of a large reply is given back with the next one")
    func memoryIsReleased() throws {
        var reader = RedisReader(limits: RedisReplyLimits())
        let large = String(repeating: "a", count: 1_000_000)
        try reader.feed(ByteBuffer(string: "$1000000\r\n\(large)\r\n+OK\r\n"))
        #expect(try reader.next()?.text?.utf8.count == 1_000_000)
        #expect(reader.heldBytes >= 1_000_000)
        #expect(try reader.next() == .status("OK"))
        #expect(reader.heldBytes < 8192)
    }

    @Test("after a violation nothing is read any more")
    func brokenForGood() throws {
        var reader = RedisReader(limits: RedisReplyLimits())
        try reader.feed(ByteBuffer(string: "+OK\r\n?\r\n"))
        #expect(try reader.next() == .status("OK"))
        for _ in 0..<2 {
            do throws(RedisError) {
                _ = try reader.next()
                Issue.record("a reply after a violation")
            } catch {
                #expect(error.code == .protocolViolation)
            }
        }
    }

    @Test("values are read as what they hold")
    func accessors() {
        #expect(Self.bulk("12").int == 12 && Self.bulk("12").text == "12" && Self.bulk("12").bytes == [49, 50])
        #expect(RedisValue.integer(7).int == 7 && RedisValue.integer(7).text == nil)
        #expect(RedisValue.status("OK").text == "OK" && RedisValue.null.isNull && RedisValue.null.bytes == nil)
        #expect(RedisValue.array([.null]).elements == [.null] && Self.bulk("x").int == nil)
    }

    @Test("an error says its code, is cut, and does not repeat the arguments of an unknown command")
    func serverErrors() {
        #expect(RedisServerError(line: "WRONGTYPE Operation").code == "WRONGTYPE")
        #expect(RedisServerError(line: "Something odd").code == "ERR")
        #expect(RedisServerError(line: "").code == "ERR")
        let unknown = RedisServerError(line: "ERR unknown command 'AUTH', with args beginning with: 'hunter2' ")
        #expect(unknown.message == "ERR unknown command 'AUTH'")
        #expect(RedisServerError(line: "ERR " + String(repeating: "a", count: 999)).message.utf8.count == 256)
    }
}
