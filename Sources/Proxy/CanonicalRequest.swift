internal import GatehouseCore
internal import HTTPWire
internal import NIOCore
internal import Policy

/// A request after parsing, not after checking: one method, one configured host, one path. What is judged is byte for
/// byte what is sent.
struct CanonicalRequest {
    enum Destination {
        /// A page of the portal's own host.
        case portal
        /// `/.gatehouse/…` on an app's host.
        case gateway
        case app(RouteTable.AppIndex)
    }

    let method: RequestMethod
    let host: RouteTable.Host
    let destination: Destination
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

    init(_ head: RequestHead, _ routes: RouteTable) throws(Refusal) {
        let bytes = head.bytes.readableBytesUInt8Span
        method = Self.method(bytes, head.method)
        if method == .connect || method == .trace { throw .methodNotAllowed }
        let target = try TargetParts(bytes, head)
        let authority = bytes.extracting(head.host)
        guard let host = routes.host(of: authority) else { throw .unknownHost }
        self.host = host
        pathRange = target.path
        queryRange = target.query
        // Judged first with everything kept, to find the app; then by the app's own settings.
        let path = bytes.extracting(target.path)
        var form = try Self.form(path, keepEncodedSlash: true, mergeSlashes: true)
        if host.site == .portal {
            destination = .portal
        } else if Self.isGatewayPath(form, path) {
            destination = .gateway
        } else {
            guard let index = Self.app(routes, host, form, path) else {
                throw .bad("no application of this host has this path")
            }
            let app = routes.apps[index]
            if app.encodedSlash == .refuse || !app.mergeSlashes {
                form = try Self.form(path, keepEncodedSlash: app.encodedSlash == .keep, mergeSlashes: app.mergeSlashes)
            }
            guard Self.app(routes, host, form, path) == index else {
                throw .bad("the path belongs to no application in one reading alone")
            }
            destination = .app(index)
        }
        if case .rewritten(let canonical) = form { rewrittenPath = canonical } else { rewrittenPath = nil }
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

    func pathText(_ head: RequestHead) -> String {
        rewrittenPath.map { String(decoding: $0, as: UTF8.self) } ?? head.text(pathRange)
    }

    /// Without the question mark; `nil` where there is none.
    func queryText(_ head: RequestHead) -> String? {
        queryRange.isEmpty ? nil : head.text(queryRange.lowerBound + 1..<queryRange.upperBound)
    }

    private static func form(
        _ path: Span<UInt8>,
        keepEncodedSlash: Bool,
        mergeSlashes: Bool
    ) throws(Refusal) -> CanonicalPath.Form {
        do throws(CanonicalPath.Refusal) {
            return try CanonicalPath.form(of: path, keepEncodedSlash: keepEncodedSlash, mergeSlashes: mergeSlashes)
        } catch {
            throw .bad(error.rawValue)
        }
    }

    private static func app(
        _ routes: RouteTable,
        _ host: RouteTable.Host,
        _ form: CanonicalPath.Form,
        _ path: Span<UInt8>
    ) -> RouteTable.AppIndex? {
        switch form {
        case .unchanged: routes.app(on: host, path: path)
        case .rewritten(let canonical): routes.app(on: host, path: canonical.span)
        }
    }

    private static func isGatewayPath(_ form: CanonicalPath.Form, _ path: Span<UInt8>) -> Bool {
        switch form {
        case .unchanged: hasGatewayPrefix(path)
        case .rewritten(let canonical): hasGatewayPrefix(canonical.span)
        }
    }

    private static func hasGatewayPrefix(_ path: Span<UInt8>) -> Bool {
        guard path.count >= gatewayPrefix.count else { return false }
        for index in 0..<gatewayPrefix.count where path[index] != gatewayPrefix[index] { return false }
        return path.count == gatewayPrefix.count || path[gatewayPrefix.count] == 0x2F
    }

    private static let gatewayPrefix = Array("/.gatehouse".utf8)

    private static func method(_ bytes: Span<UInt8>, _ range: Range<Int>) -> RequestMethod {
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
        return matches("TRACE") ? .trace : .other
    }
}

/// The path and query of a request target in origin-form or absolute-form (RFC 9112, section 3.2). The latter's
/// authority must be the Host field's (SECURITY.md, rule 9).
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

    private static func endOfAuthority(_ bytes: Span<UInt8>, _ head: RequestHead) throws(CanonicalRequest.Refusal) -> Int {
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
