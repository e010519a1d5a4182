internal import GatehouseCore
internal import HTTPWire
internal import Identity
internal import NIOCore
internal import Policy
internal import Sessions

/// A request on its way to an upstream. To make one is to spend a ``Permit``; a retry sends the same value.
struct ForwardedRequest {
    let head: ByteBuffer
    /// Whether an upstream that died before its first byte may be asked once more.
    let isRepeatable: Bool
    let answersHead: Bool
    /// NTLM and Negotiate sign a connection in, not a request: nobody else may come after on it.
    let bindsConnection: Bool
    /// Client fields that were dropped for their names.
    let droppedFields: Int

    /// Everything that goes into the head besides the client's own fields.
    struct Surroundings {
        let snapshot: ProxySnapshot
        let cookies: CookieMatcher
        let identity: ByteBuffer?
        let requestID: RequestID
        /// The client's; `nil` where it is not known.
        let address: String?
        /// As a trusted proxy says; `nil` is that of `public_url`.
        var scheme: Origin.Scheme?
    }

    init(
        permit: consuming Permit,
        _ request: CanonicalRequest,
        _ head: RequestHead,
        _ surroundings: Surroundings,
        allocator: ByteBufferAllocator
    ) {
        let snapshot = surroundings.snapshot
        let app = permit.app
        let setsKnownFields = snapshot.forwarding[app].setsKnownFields
        let stripped = snapshot.strippedNames[app]
        let bytes = head.bytes.readableBytesUInt8Span
        var buffer = allocator.buffer(capacity: bytes.count + (surroundings.identity?.readableBytes ?? 0) + 384)

        buffer.write(bytes, head.method)
        buffer.writeInteger(0x20 as UInt8)
        request.writePath(head, into: &buffer)
        buffer.write(bytes, request.queryRange)
        buffer.writeStaticString(" HTTP/1.1\r\nHost: ")
        if snapshot.forwarding[app].preserveHost {
            request.writeHost(head, into: &buffer)
        } else {
            buffer.writeString(snapshot.forwarding[app].upstream.authority)
        }
        buffer.writeStaticString("\r\n")

        var dropped = 0
        var bindsConnection = false
        var run = FieldRun()
        for field in head.fields {
            if field.kind == .authorization { bindsConnection = Self.bindsConnection(bytes, field.value) }
            switch field.kind {
            case .host, .expect: continue
            case .cookie:
                run.finish(bytes, into: &buffer)
                surroundings.cookies.writeForeign(field, bytes, into: &buffer)
                continue
            case .other:
                switch stripped.verdict(on: bytes.extracting(field.name)) {
                case .forward: break
                case .strip: continue
                case .drop:
                    dropped += 1
                    continue
                }
            case _ where field.kind.isHopByHop: continue
            default:
                if setsKnownFields, case .strip = stripped.verdict(on: bytes.extracting(field.name)) {
                    continue
                }
            }
            if head.nominatesFields, HopByHop.isNominated(field, by: head.fields, bytes) { continue }
            run.add(field, bytes, into: &buffer)
        }
        run.finish(bytes, into: &buffer)
        if let identity = surroundings.identity { buffer.writeImmutableBuffer(identity) }
        Self.writeForwardingFields(&buffer, request, head, surroundings, app)
        switch head.framing {
        case .none, .untilClose: break
        case .length(let length):
            buffer.writeStaticString("Content-Length: ")
            buffer.writeDecimal(length)
            buffer.writeStaticString("\r\n")
        case .chunked: buffer.writeStaticString("Transfer-Encoding: chunked\r\n")
        }
        buffer.writeStaticString("\r\n")

        self.head = buffer
        self.isRepeatable = request.method.isIdempotent && !head.framing.hasBody
        self.answersHead = request.method == .head
        self.bindsConnection = bindsConnection
        self.droppedFields = dropped
    }

    private static func bindsConnection(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
        func begins(_ scheme: StaticString) -> Bool {
            let end = value.lowerBound + scheme.utf8CodeUnitCount
            return end <= value.upperBound && FieldText.isEqual(bytes, value.lowerBound..<end, scheme)
        }
        return begins("ntlm") || begins("negotiate")
    }

    private static func writeForwardingFields(
        _ buffer: inout ByteBuffer,
        _ request: CanonicalRequest,
        _ head: RequestHead,
        _ surroundings: Surroundings,
        _ app: RouteTable.AppIndex
    ) {
        buffer.writeStaticString("X-Request-ID: ")
        buffer.writeString(surroundings.requestID.description)
        if let address = surroundings.address {
            buffer.writeStaticString("\r\nX-Forwarded-For: ")
            buffer.writeString(address)
        }
        // The origin that browsers see; TLS may end in front of us.
        let isSecure = surroundings.scheme.map { $0 == .https } ?? surroundings.snapshot.cookies.isSecure
        buffer.writeStaticString(
            isSecure
                ? "\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: "
                : "\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: "
        )
        request.writeHost(head, into: &buffer)
        buffer.writeStaticString("\r\n")
    }
}

/// Fields that a Connection field names (RFC 9110, section 7.6.1).
enum HopByHop {
    /// Only what the other side sent is compared: what the gateway sets is written afterwards (docs/security-rules.md, rule 2).
    static func isNominated(_ field: FieldSlice, by fields: [FieldSlice], _ bytes: Span<UInt8>) -> Bool {
        var isNominated = false
        for connection in fields where connection.kind == .connection {
            FieldText.forEachMember(bytes, connection.value) { member in
                guard member.count == field.name.count else { return }
                for index in 0..<member.count {
                    let left = bytes[member.lowerBound + index]
                    let right = bytes[field.name.lowerBound + index]
                    guard left == right || ((left ^ right) == 0x20 && (0x61...0x7A).contains(left | 0x20)) else {
                        return
                    }
                }
                isNominated = true
            }
        }
        return isNominated
    }
}
