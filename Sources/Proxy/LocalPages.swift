package import GatehouseCore
package import NIOCore
package import Policy

/// What the data plane itself has to say to a person or a program. The words are the portal's. An app stands in it by its
/// title: its place in the list would be another app's, or nobody's, under another snapshot than the exchange's own.
package struct LocalPage: Sendable {
    package enum Kind: Sendable {
        /// 400 and its relatives: what was wrong with the request, in technical words.
        case badRequest(status: Int, detail: String)
        case methodNotAllowed
        /// 421: no app has this host.
        case unknownHost
        /// 401 for what is no navigation.
        case signInNeeded(url: String)
        case denied(app: String, Denial, user: String?)
        /// 502.
        case badGateway(app: String)
        /// 504.
        case gatewayTimeout(app: String)
        /// 408.
        case requestTimeout
        /// 413.
        case contentTooLarge
        /// 503: something that the gateway itself needs is not there.
        case unavailable
    }

    package let kind: Kind
    /// Shown as "Reference".
    package let requestID: RequestID
    package let acceptsHTML: Bool
    /// Raw value of Accept-Language.
    package let acceptLanguage: String?

    package var status: Int {
        switch kind {
        case .badRequest(let status, _): status
        case .methodNotAllowed: 405
        case .unknownHost: 421
        case .signInNeeded: 401
        case .denied: 403
        case .badGateway: 502
        case .gatewayTimeout: 504
        case .requestTimeout: 408
        case .contentTooLarge: 413
        case .unavailable: 503
        }
    }
}

/// A page, ready to be sent.
package struct RenderedPage: Sendable {
    /// Content-Type and the security fields; no framing.
    package let fields: [(name: String, value: String)]
    package let body: ByteBuffer

    package init(fields: [(name: String, value: String)], body: ByteBuffer) {
        self.fields = fields
        self.body = body
    }
}

/// A request that the portal answers: its own host, and `/.gatehouse/` of every app's host.
package struct LocalRequest: Sendable {
    package let id: RequestID
    package let method: String
    package let host: String
    package let isPortalHost: Bool
    package let path: String
    package let query: String?
    package let fields: [(name: String, value: String)]
    /// Of the client, where a trusted proxy named it; `nil` on a Unix socket of which nobody says more.
    package let address: SourceAddress?
    /// Whole, at most 64 KiB: no form of the portal is larger.
    package let body: ByteBuffer
}

package struct LocalResponse: Sendable {
    package let status: Int
    /// No framing, no Date: those are written by the data plane.
    package let fields: [(name: String, value: String)]
    package let body: ByteBuffer

    package init(status: Int, fields: [(name: String, value: String)], body: ByteBuffer) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// How the data plane reaches the portal without knowing it.
package struct LocalResponder: Sendable {
    /// Takes the request and completes the promise later. `false` when there is no room: the answer is 503.
    package var submit: @Sendable (LocalRequest, EventLoopPromise<LocalResponse>) -> Bool
    /// Renders a page of the data plane's, at once.
    package var render: @Sendable (LocalPage) -> RenderedPage

    package init(
        submit: @escaping @Sendable (LocalRequest, EventLoopPromise<LocalResponse>) -> Bool,
        render: @escaping @Sendable (LocalPage) -> RenderedPage
    ) {
        self.submit = submit
        self.render = render
    }
}
