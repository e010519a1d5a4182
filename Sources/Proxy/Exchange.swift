internal import GatehouseCore
internal import HTTPWire
internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// What is known of the exchange that a connection is in. A class, because it is looked at in every phase, and a copy of so
/// many references is dear; the handler alone holds it.
final class Exchange {
    let id: RequestID
    /// The configuration that it began with, until its end.
    let snapshot: ProxySnapshot
    let cookies: CookieMatcher
    let head: RequestHead
    let request: CanonicalRequest
    let client: ClientAddress
    /// What the app is told of the way to the browser; `nil` is the scheme of `public_url`.
    let scheme: Origin.Scheme?
    let startedAt: NIODeadline
    var session: Session?
    var identity: ByteBuffer?
    var forwarded: ForwardedRequest?
    /// The snapshot of a reload by which it was judged once more.
    var judgedUnder: ProxySnapshot?
    /// The request brought session cookies that are worth nothing: the answer deletes them.
    var clearsSessionCookie = false
    /// There were several of them: an upstream's answer deletes them too (docs/security-rules.md, rule 4).
    var hasSeveralSessionCookies = false

    // What the access log will say.
    var status = 0
    var outcome = ExchangeRecord.Outcome.refused
    var reason: String?
    var rule: Int?
    var requestBytes = 0
    var responseBytes = 0
    var forwardedAt: NIODeadline?
    var upstreamDuration: Int64?

    init(
        id: RequestID,
        snapshot: ProxySnapshot,
        cookies: CookieMatcher,
        head: RequestHead,
        request: CanonicalRequest,
        client: ClientAddress,
        scheme: Origin.Scheme?,
        startedAt: NIODeadline
    ) {
        self.id = id
        self.snapshot = snapshot
        self.cookies = cookies
        self.head = head
        self.request = request
        self.client = client
        self.scheme = scheme
        self.startedAt = startedAt
    }

    var app: RouteTable.AppIndex? {
        if case .app(let index) = request.owner { return index }
        return nil
    }

    /// What a log line about it says besides its message: where to find it in the access log, and whose it is.
    var logged: Logger.Metadata {
        ["request_id": "\(id)", "app": "\(app.map { snapshot.routes.apps[$0].name } ?? "")"]
    }

    func record() -> ExchangeRecord {
        let auditsPermitted = app.map { snapshot.forwarding[$0].auditsPermitted } ?? false
        return ExchangeRecord(
            requestID: id,
            address: client.address,
            method: head.text(head.method),
            methodName: request.method,
            host: request.host.name,
            path: request.pathText(head),
            app: app.map { snapshot.routes.apps[$0].name },
            user: session?.subject.user,
            subject: session?.subject.id,
            directory: session?.subject.id.realm,
            session: session?.id,
            userAgent: outcome == .denied || auditsPermitted ? head.userAgent : nil,
            status: status,
            outcome: outcome,
            reason: reason,
            rule: rule,
            auditsPermitted: auditsPermitted,
            requestBytes: requestBytes,
            responseBytes: responseBytes,
            duration: (NIODeadline.now() - startedAt).nanoseconds / 1000,
            upstreamDuration: upstreamDuration,
            droppedFields: forwarded?.droppedFields ?? 0
        )
    }
}

extension RequestHead {
    /// As text of at most ``ExchangeRecord/userAgentLimit`` bytes.
    var userAgent: String? {
        guard let value = value(of: .userAgent) else { return nil }
        let limit = ExchangeRecord.userAgentLimit
        let text = text(value.prefix(limit))
        guard text.utf8.count > limit else { return text }
        // Bytes that are no UTF-8 have grown to three each.
        var capped = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= limit else { break }
            capped.append(scalar)
        }
        return String(capped)
    }
}
