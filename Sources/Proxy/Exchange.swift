internal import GatehouseCore
internal import HTTPWire
internal import NIOCore
internal import Policy
internal import Sessions

/// What is known of the exchange that a connection is in.
struct Exchange {
    let id: RequestID
    /// The configuration that it began with, until its end.
    let snapshot: ProxySnapshot
    let cookies: CookieMatcher
    let head: RequestHead
    let request: CanonicalRequest
    let startedAt: NIODeadline
    let receivedAt: ContinuousClock.Instant
    var session: Session?
    var identity: ByteBuffer?
    var forwarded: ForwardedRequest?
    /// The request brought session cookies that are worth nothing: the answer deletes them.
    var clearsSessionCookie = false

    // What the access log will say.
    var status = 0
    var outcome = ExchangeRecord.Outcome.refused
    var reason: String?
    var rule: Int?
    var requestBytes = 0
    var responseBytes = 0
    var forwardedAt: NIODeadline?
    var upstreamDuration: Int64?

    var app: RouteTable.AppIndex? {
        if case .app(let index) = request.destination { return index }
        return nil
    }

    func record(address: SourceAddress) -> ExchangeRecord {
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
