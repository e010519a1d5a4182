package import GatehouseCore

/// One line of the access log: what was asked, what was decided and why, what it cost. No query string, no cookie, no
/// header value: nothing secret can be in it (docs/security-rules.md, rule 24).
package struct ExchangeRecord: Sendable {
    package enum Outcome: String, Sendable {
        case forwarded
        case local
        case challenged
        case denied
        case refused
        case failed
    }

    package var requestID: RequestID
    /// `nil` on a Unix socket.
    package var address: SourceAddress?
    package var method: String
    package var host: String
    package var path: String
    package var app: String?
    package var user: String?
    package var session: SessionID?
    package var status: Int
    package var outcome: Outcome
    package var reason: String?
    package var rule: Int?
    package var requestBytes: Int
    package var responseBytes: Int
    /// From the head's first look to the response's last byte, in microseconds.
    package var duration: Int64
    /// From the request's forwarding to the response head, in microseconds.
    package var upstreamDuration: Int64?
    package var droppedFields: Int
}

/// Takes records; assembly writes them somewhere. Called on event loops: it must not block.
package struct AccessLog: Sendable {
    package var record: @Sendable (ExchangeRecord) -> Void

    package init(record: @escaping @Sendable (ExchangeRecord) -> Void) {
        self.record = record
    }
}
