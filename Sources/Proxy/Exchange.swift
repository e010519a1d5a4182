internal import GatehouseCore
internal import HTTPWire
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
    let startedAt: NIODeadline
    var session: Session?
    var identity: ByteBuffer?
    var forwarded: ForwardedRequest?
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
        startedAt: NIODeadline
    ) {
        self.id = id
        self.snapshot = snapshot
        self.cookies = cookies
        self.head = head
        self.request = request
        self.startedAt = startedAt
    }

    var app: RouteTable.AppIndex? {
        if case .app(let index) = request.owner { return index }
        return nil
    }

    func record(address: SourceAddress?) -> ExchangeRecord {
        ExchangeRecord(
            requestID: id,
            address: address,
            method: head.text(head.method),
            host: request.host.name,
            path: request.pathText(head),
            app: app.map { snapshot.routes.apps[$0].name },
            user: session?.subject.user,
            session: session?.id,
            status: status,
            outcome: outcome,
            reason: reason,
            rule: rule,
            requestBytes: requestBytes,
            responseBytes: responseBytes,
            duration: (NIODeadline.now() - startedAt).nanoseconds / 1000,
            upstreamDuration: upstreamDuration,
            droppedFields: forwarded?.droppedFields ?? 0
        )
    }
}
