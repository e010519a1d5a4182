internal import HTTPWire
internal import NIOCore
internal import Sessions

/// Writes the head of an upstream's response for the client: framing rebuilt, hop-by-hop fields gone, and nothing in it
/// that only the gateway may say.
enum ResponseRewriter {
    struct Result {
        let head: ByteBuffer
        /// The client is sent chunks.
        let isChunked: Bool
        /// The connection must end with the response.
        let closes: Bool
        /// Only the connection's end tells the client that it has the whole: a cut must not look like one.
        let isCloseDelimited: Bool
        /// Fields that an upstream may not send and that were left out.
        let removedFields: Int
    }

    /// - Parameter keepsAlive: whether the client's connection could go on after this response.
    static func rewrite(
        _ response: ResponseHead,
        clientMinorVersion: Int,
        keepsAlive: Bool,
        cookies: CookieMatcher,
        clearsSessionCookie: Bool = false,
        allocator: ByteBufferAllocator
    ) -> Result {
        let bytes = response.bytes.readableBytesUInt8Span
        // Room for a small content too, which is written behind the head.
        var room = bytes.count + 64
        if case .length(let length) = response.framing, length <= 4 * 1024 { room += length }
        var buffer = allocator.buffer(capacity: room)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeDecimal(response.status)
        buffer.writeInteger(0x20 as UInt8)
        buffer.write(bytes, response.reason)
        buffer.writeStaticString("\r\n")
        var removed = 0
        var run = FieldRun()
        for field in response.fields where !field.kind.isHopByHop {
            if field.kind == .setCookie, cookies.isOurs(bytes, field.value) {
                removed += 1
                continue
            }
            if field.kind == .other, isGatewayField(bytes, field.name) {
                removed += 1
                continue
            }
            if response.nominatesFields, HopByHop.isNominated(field, by: response.fields, bytes) { continue }
            run.add(field, bytes, into: &buffer)
        }
        run.finish(bytes, into: &buffer)
        if clearsSessionCookie {
            buffer.writeString("Set-Cookie: \(cookies.names.clearCookie(cookies.names.session))\r\n")
        }
        var isChunked = false
        var isCloseDelimited = false
        var closes = !keepsAlive
        switch response.framing {
        case .none:
            if let length = response.announcedLength { writeLength(length, into: &buffer) }
        case .length(let length):
            writeLength(length, into: &buffer)
        case .chunked, .untilClose:
            if clientMinorVersion == 1 {
                isChunked = true
                buffer.writeStaticString("Transfer-Encoding: chunked\r\n")
            } else {
                closes = true
                isCloseDelimited = true
            }
        }
        if closes { buffer.writeStaticString("Connection: close\r\n") }
        buffer.writeStaticString("\r\n")
        return Result(
            head: buffer,
            isChunked: isChunked,
            closes: closes,
            isCloseDelimited: isCloseDelimited,
            removedFields: removed
        )
    }

    private static func writeLength(_ length: Int, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("Content-Length: ")
        buffer.writeDecimal(length)
        buffer.writeStaticString("\r\n")
    }

    private static func isGatewayField(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        name.count >= 12 && FieldText.isEqual(bytes, name.lowerBound..<name.lowerBound + 12, "x-gatehouse-")
    }
}
