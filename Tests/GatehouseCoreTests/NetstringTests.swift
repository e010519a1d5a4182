import GatehouseCore
import Testing

@Suite("Netstrings")
struct NetstringTests {
    @Test(
        "what was written is read, whatever it is",
        arguments: ["", "a", "5:x,", "Zoë 🔐", "\n\u{0}\r", String(repeating: "x", count: 100_000)]
    )
    func roundTrip(text: String) throws {
        var writer = NetstringWriter()
        writer.add(text)
        writer.add(list: [text, "", text])
        var reader = NetstringReader(writer.bytes)
        #expect(try reader.next() == text)
        #expect(try reader.list() == [text, "", text])
        #expect(reader.isAtEnd)
    }

    @Test(
        "anything else is an error, never a trap",
        arguments: [
            "", ":", "1", "1:", "1:a", "1:ab", "-1:a,", "+1:a,", "01:", "99999999999999999999:a,", "1:a;", "2:a,",
            "x:a,",
            "1:\u{fffd}",
        ]
    )
    func malformed(text: String) {
        #expect(throws: NetstringReader.Malformed.self) {
            var reader = NetstringReader(Array(text.utf8))
            _ = try reader.next()
        }
    }

    @Test(
        "a list that announces more than there is, or less than nothing, is an error",
        arguments: ["9", "-1", "x", "9223372036854775807"]
    )
    func hostileCounts(count: String) {
        var writer = NetstringWriter()
        writer.add(count)
        writer.add("a")
        #expect(throws: NetstringReader.Malformed.self) {
            var reader = NetstringReader(writer.bytes)
            _ = try reader.list()
        }
    }

    @Test("bytes that are no UTF-8 are an error")
    func notText() {
        #expect(throws: NetstringReader.Malformed.self) {
            var reader = NetstringReader([0x31, 0x3A, 0xFF, 0x2C])
            _ = try reader.next()
        }
    }
}
