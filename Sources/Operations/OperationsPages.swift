internal import GatehouseCore
internal import HTTPWire
internal import NIOCore

/// What answers on `server.operations_listen`: `/healthz`, `/readyz` and `/metrics`.
package struct OperationsPages: Sendable {
    struct Reply: Sendable {
        let status: Int
        let contentType: String
        let body: [UInt8]
        var allow: String?
    }

    private let readiness: Readiness
    private let metrics: MetricsRegistry

    package init(readiness: Readiness, metrics: MetricsRegistry) {
        self.readiness = readiness
        self.metrics = metrics
    }

    /// - Parameter target: as it came; a query says nothing here.
    func reply(method: String, target: String) -> Reply {
        guard let page = page(at: Self.path(of: target)) else { return .text(404, "There is no such page here.") }
        guard method == "GET" || method == "HEAD" else {
            var reply = Reply.text(405, "This page can only be read.")
            reply.allow = "GET, HEAD"
            return reply
        }
        return page()
    }

    private func page(at path: Substring) -> (() -> Reply)? {
        switch path {
        case "/healthz":
            { Reply(status: 200, contentType: "application/json", body: Array("{\"status\":\"ok\"}\n".utf8)) }
        case "/readyz":
            {
                let report = readiness.report
                return Reply(status: report.httpStatus, contentType: "application/json", body: report.json)
            }
        case "/metrics":
            { Reply(status: 200, contentType: Exposition.contentType, body: metrics.exposition()) }
        default: nil
        }
    }

    /// Origin form and absolute form (RFC 9112, section 3.2); every host is this one.
    private static func path(of target: String) -> Substring {
        var rest = target[...]
        if rest.lowercased().hasPrefix("http://") {
            rest = rest.dropFirst(7)
            guard let slash = rest.firstIndex(of: "/") else { return "/" }
            rest = rest[slash...]
        }
        return rest.prefix { $0 != "?" }
    }
}

extension OperationsPages.Reply {
    static func text(_ status: Int, _ line: String) -> Self {
        Self(status: status, contentType: "text/plain; charset=utf-8", body: Array((line + "\n").utf8))
    }

    /// The whole response.
    /// - Parameters:
    ///   - toHead: the head alone, with the length that the body would have.
    ///   - closes: no other request is answered on this connection.
    func bytes(toHead: Bool, closes: Bool, now: Timestamp) -> ByteBuffer {
        var head = "HTTP/1.1 \(status) \(ReasonPhrase.of(status))\r\nDate: \(HTTPDate.format(now))\r\n"
        head += "Content-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
        head += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        if let allow { head += "Allow: \(allow)\r\n" }
        if closes { head += "Connection: close\r\n" }
        var buffer = ByteBuffer(string: head + "\r\n")
        if !toHead { buffer.writeBytes(body) }
        return buffer
    }
}
