internal import HTTPWire
internal import NIOCore

/// Writes the head of an upstream's response for the client: framing rebuilt, hop-by-hop fields gone, and nothing in it
/// that only the gateway may say.
enum ResponseRewriter {
    struct Result {
        let head: ByteBuffer
        /// The client is sent chunks.
        let isChunked: Bool
        /// The connection must end with the response.
        let closes: Bool
        /// Fields that an upstream may not send and that were left out.
        let removedFields: Int
    }

    /// - Parameter keepsAlive: whether the client's connection could go on after this response.
    static func rewrite(
        _ response: ResponseHead,
        clientMinorVersion: Int,
        keepsAlive: Bool,
        cookies: CookieMatcher,
        allocator: ByteBufferAllocator
    ) -> Result {
        let bytes = response.bytes.readableBytesUInt8Span
        var buffer = allocator.buffer(capacity: bytes.count + 64)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(response.status))
        buffer.writeInteger(0x20 as UInt8)
        buffer.write(bytes, response.reason)
        buffer.writeStaticString("\r\n")
        var removed = 0
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
            buffer.write(bytes, field.name)
            buffer.writeStaticString(": ")
            buffer.write(bytes, field.value)
            buffer.writeStaticString("\r\n")
        }
        var isChunked = false
        var closes = !keepsAlive
        switch response.framing {
        case .none:
            if let length = response.announcedLength { buffer.writeString("Content-Length: \(length)\r\n") }
        case .length(let length):
            buffer.writeString("Content-Length: \(length)\r\n")
        case .chunked, .untilClose:
            if clientMinorVersion == 1 {
                isChunked = true
                buffer.writeStaticString("Transfer-Encoding: chunked\r\n")
            } else {
                closes = true
            }
        }
        if closes { buffer.writeStaticString("Connection: close\r\n") }
        buffer.writeStaticString("\r\n")
        return Result(head: buffer, isChunked: isChunked, closes: closes, removedFields: removed)
    }

    private static func isGatewayField(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        name.count >= 12 && FieldText.isEqual(bytes, name.lowerBound..<name.lowerBound + 12, "x-gatehouse-")
    }
}
