internal import GatehouseCore
internal import HTTPWire
internal import NIOCore
internal import Policy

/// A request after parsing, not after checking: one method, one configured host, one path. What is judged is byte for
/// byte what is sent.
struct CanonicalRequest {
    let method: RequestMethod
    let host: RouteTable.Host
    let owner: Place.Owner
    /// Of the port in the head's bytes, with its colon; empty where none is named with the host.
    private let portRange: Range<Int>
    /// The canonical path, when it differs from the target's own bytes.
    private let rewrittenPath: [UInt8]?
    /// Of the path in the head's bytes.
    private let pathRange: Range<Int>
    /// Of the query in the head's bytes, with its question mark; empty where there is none.
    let queryRange: Range<Int>

    /// Why a well-formed message is answered by ourselves.
    enum Refusal: Error {
        case methodNotAllowed
        case unknownHost
        case bad(String)
    }

    /// - Parameter forwardedHost: of the head's bytes: what a trusted proxy says the browser's Host was.
    init(_ head: RequestHead, _ routes: RouteTable, forwardedHost: Range<Int>? = nil) throws(Refusal) {
        let bytes = head.bytes.readableBytesUInt8Span
        method = try Self.method(bytes, head.method)
        if method == .connect || method == .trace { throw .methodNotAllowed }
        let target = try TargetParts(bytes, head)
        let authority = forwardedHost ?? head.host
        guard let host = routes.host(of: bytes.extracting(authority)) else { throw .unknownHost }
        self.host = host
        portRange = Self.port(bytes, authority)
        pathRange = target.path
        queryRange = target.query
        do throws(Place.Refusal) {
            let place = try routes.place(on: host, path: bytes.extracting(target.path))
            owner = place.owner
            if case .rewritten(let canonical) = place.form { rewrittenPath = canonical } else { rewrittenPath = nil }
        } catch {
            throw .bad(error.description)
        }
    }

    /// Calls the body with the canonical path's bytes.
    func withPath<Result: ~Copyable>(_ head: RequestHead, _ body: (Span<UInt8>) -> Result) -> Result {
        if let rewrittenPath { return body(rewrittenPath.span) }
        return body(head.bytes.readableBytesUInt8Span.extracting(pathRange))
    }

    func writePath(_ head: RequestHead, into buffer: inout ByteBuffer) {
        if let rewrittenPath {
            buffer.writeBytes(rewrittenPath)
        } else {
            buffer.write(head.bytes.readableBytesUInt8Span, pathRange)
        }
    }

    /// The Host that the app is told: the configured spelling, with the port that the client named.
    func writeHost(_ head: RequestHead, into buffer: inout ByteBuffer) {
        buffer.writeString(host.name)
        buffer.write(head.bytes.readableBytesUInt8Span, portRange)
    }

    func pathText(_ head: RequestHead) -> String {
        rewrittenPath.map { String(decoding: $0, as: UTF8.self) } ?? head.text(pathRange)
    }

    /// Without the question mark; `nil` where there is none.
    func queryText(_ head: RequestHead) -> String? {
        queryRange.isEmpty ? nil : head.text(queryRange.lowerBound + 1..<queryRange.upperBound)
    }

    /// The authority has been found to be a host with at most one port behind it.
    private static func port(_ bytes: Span<UInt8>, _ authority: Range<Int>) -> Range<Int> {
        var start = authority.upperBound
        while start > authority.lowerBound, (0x30...0x39).contains(bytes[start - 1]) { start -= 1 }
        guard start > authority.lowerBound, bytes[start - 1] == 0x3A else {
            return authority.upperBound..<authority.upperBound
        }
        return start - 1..<authority.upperBound
    }

    private static let lowerCaseMethods: [StaticString] = [
        "get", "post", "head", "put", "delete", "options", "patch", "connect", "trace",
    ]

    private static func method(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Refusal) -> RequestMethod {
        func matches(_ text: StaticString) -> Bool {
            guard range.count == text.utf8CodeUnitCount else { return false }
            for index in 0..<range.count {
                let wanted = unsafe text.utf8Start[index]
                if bytes[range.lowerBound + index] != wanted { return false }
            }
            return true
        }
        if matches("GET") { return .get }
        if matches("POST") { return .post }
        if matches("HEAD") { return .head }
        if matches("PUT") { return .put }
        if matches("DELETE") { return .delete }
        if matches("OPTIONS") { return .options }
        if matches("PATCH") { return .patch }
        if matches("CONNECT") { return .connect }
        if matches("TRACE") { return .trace }
        // Methods are case-sensitive (RFC 9110, section 9.1), and many an application has not heard of it: `get` would be
        // judged as one method and done as another.
        for name in lowerCaseMethods where FieldText.isEqual(bytes, range, name) {
            throw .bad("a method is written in capitals")
        }
        return .other
    }
}

/// The path and query of a request target in origin-form or absolute-form (RFC 9112, section 3.2). The latter's
/// authority must be the Host field's (docs/security-rules.md, rule 9).
private struct TargetParts {
    let path: Range<Int>
    let query: Range<Int>

    init(_ bytes: Span<UInt8>, _ head: RequestHead) throws(CanonicalRequest.Refusal) {
        var start = head.target.lowerBound
        if bytes[start] != 0x2F {
            start = try Self.endOfAuthority(bytes, head)
        }
        var end = start
        while end < head.target.upperBound, bytes[end] != 0x3F { end += 1 }
        path = start..<end
        query = end..<head.target.upperBound
        guard !path.isEmpty else { throw .bad("the request target has no path") }
    }

    private static func endOfAuthority(_ bytes: Span<UInt8>, _ head: RequestHead) throws(CanonicalRequest.Refusal)
        -> Int
    {
        let target = head.target
        var start = target.lowerBound
        if target.count > 8, FieldText.isEqual(bytes, start..<start + 8, "https://") {
            start += 8
        } else if target.count > 7, FieldText.isEqual(bytes, start..<start + 7, "http://") {
            start += 7
        } else {
            throw .bad("the request target is neither a path nor an http URL")
        }
        var end = start
        while end < target.upperBound, bytes[end] != 0x2F, bytes[end] != 0x3F { end += 1 }
        guard end - start == head.host.count else { throw .bad("the request target and the Host field differ") }
        for index in 0..<head.host.count {
            let left = bytes[start + index]
            let right = bytes[head.host.lowerBound + index]
            let isSame = left == right || ((left ^ right) == 0x20 && (0x61...0x7A).contains(left | 0x20))
            guard isSame else { throw .bad("the request target and the Host field differ") }
        }
        return end
    }
}
