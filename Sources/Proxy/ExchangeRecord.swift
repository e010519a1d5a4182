package import GatehouseCore

/// What the access log, the audit trail and the metrics learn of an exchange: what was asked, what was decided and why,
/// what it cost. No query string, no cookie, and of the header values User-Agent alone: nothing secret can be in it
/// (docs/security-rules.md, rule 24).
package struct ExchangeRecord: Sendable {
    package enum Outcome: String, Sendable {
        case forwarded
        case local
        case challenged
        case denied
        case refused
        case failed
    }

    /// Bytes of ``userAgent``.
    package static let userAgentLimit = 256

    package var requestID: RequestID
    /// Of the client, where a trusted proxy named it; `nil` on a Unix socket of which nobody says more.
    package var address: SourceAddress?
    /// As it was written; empty where no head could be read.
    package var method: String
    /// One of the nine or ``RequestMethod/other``: bounded, for a label.
    package var methodName: RequestMethod
    package var host: String
    package var path: String
    package var app: String?
    package var user: String?
    package var subject: SubjectID?
    /// Of ``subject``.
    package var directory: String?
    package var session: SessionID?
    /// Of a denied request, and where the app's permitted ones are on record too; else `nil`.
    package var userAgent: String?
    package var status: Int
    package var outcome: Outcome
    package var reason: String?
    package var rule: Int?
    /// The app wants its permitted requests in the audit trail.
    package var auditsPermitted: Bool
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
