import HTTPWire
import NIOCore
import Testing

@Suite("Content")
struct BodyDecoderTests {
    private func drain(_ decoder: inout BodyDecoder, _ buffer: inout ByteBuffer) throws -> String {
        var text = ""
        while case .data(let data)? = try decoder.next(&buffer) { text += String(buffer: data) }
        return text
    }

    @Test("no content is over at once and takes nothing", arguments: [BodyFraming.none, .length(0)])
    func empty(_ framing: BodyFraming) throws {
        var decoder = BodyDecoder(framing)
        var buffer = ByteBuffer(string: "GET")
        #expect(decoder.isFinished)
        #expect(try decoder.next(&buffer) == .end)
        #expect(try decoder.next(&buffer) == .end)
        #expect(String(buffer: buffer) == "GET")
    }

    @Test("a length is taken to its last byte and not further")
    func length() throws {
        var decoder = BodyDecoder(.length(5))
        var buffer = ByteBuffer(string: "abc")
        #expect(try decoder.next(&buffer) == .data(ByteBuffer(string: "abc")))
        #expect(try decoder.next(&buffer) == nil)
        #expect(!decoder.isFinished)
        #expect(!decoder.endsWithConnection)
        buffer.writeString("deGET / HTTP/1.1")
        #expect(try decoder.next(&buffer) == .data(ByteBuffer(string: "de")))
        #expect(try decoder.next(&buffer) == .end)
        #expect(try decoder.next(&buffer) == .end)
        #expect(String(buffer: buffer) == "GET / HTTP/1.1")
    }

    @Test("content until the connection's end never ends by itself")
    func untilClose() throws {
        var decoder = BodyDecoder(.untilClose)
        var buffer = ByteBuffer(string: "0\r\n\r\n")
        #expect(try drain(&decoder, &buffer) == "0\r\n\r\n")
        #expect(decoder.endsWithConnection)
        #expect(!decoder.isFinished)
    }

    @Test("chunks end at their end, and pipelined bytes stay where they are")
    func chunks() throws {
        var decoder = BodyDecoder(.chunked)
        var buffer = ByteBuffer(string: "3;ext\r\nabc\r\n0\r\nTrailer: x\r\n\r\nPOST /next")
        #expect(try drain(&decoder, &buffer) == "abc")
        #expect(decoder.isFinished)
        #expect(try decoder.next(&buffer) == .end)
        #expect(String(buffer: buffer) == "POST /next")
    }

    @Test("chunks that stop anywhere are not finished")
    func unfinished() throws {
        let bytes = Array("3\r\nabc\r\n0\r\nX: y\r\n\r\n")
        for count in 0..<bytes.count {
            var decoder = BodyDecoder(.chunked)
            var buffer = ByteBuffer(bytes: bytes.prefix(count))
            _ = try drain(&decoder, &buffer)
            #expect(!decoder.isFinished, "\(count)")
            #expect(!decoder.endsWithConnection)
        }
    }

    @Test("an endless extension is refused before 16 KiB of it were read")
    func endlessExtension() {
        var decoder = BodyDecoder(.chunked)
        var buffer = ByteBuffer(string: "1;")
        var refusal: WireError?
        while refusal == nil, buffer.readableBytes < 65_000 {
            buffer.writeRepeatingByte(0x78, count: 16)
            do throws(WireError) { _ = try decoder.next(&buffer) } catch { refusal = error }
        }
        #expect(refusal == .chunkExtensionTooLong)
        #expect(buffer.readableBytes < 16 * 1024)
    }

    @Test("the largest chunk size that is taken does not overflow")
    func largest() throws {
        var decoder = BodyDecoder(.chunked)
        var buffer = ByteBuffer(string: "07FFFFFFFFFFFFF\r\nabc")
        #expect(try drain(&decoder, &buffer) == "abc")
        #expect(!decoder.isFinished)
    }

    @Test("what is written as chunks is read as the same content")
    func roundTrip() throws {
        var written = ByteBuffer()
        var expected = ""
        for size in [1, 9, 10, 15, 16, 255, 256, 4096, 70_000] {
            let piece = String(repeating: "x", count: size)
            ChunkedCoding.sizeLine(size, into: &written)
            written.writeString(piece)
            written.writeImmutableBuffer(ChunkedCoding.lineEnd)
            expected += piece
        }
        written.writeImmutableBuffer(ChunkedCoding.end)
        var decoder = BodyDecoder(.chunked)
        #expect(try drain(&decoder, &written) == expected)
        #expect(decoder.isFinished)
        #expect(written.readableBytes == 0)
    }
}
