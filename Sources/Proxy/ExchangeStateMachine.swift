/// The life of a client's connection, exchange by exchange. Pure: events in, actions out; it knows no channel, no clock
/// and no buffer. Every phase of "the way of a request" is a line of ``Phase``.
struct ExchangeStateMachine {
    enum Phase: Equatable {
        /// Between requests, or within a head.
        case awaitingHead
        /// The session store has been asked.
        case lookingUp
        /// The directory has been asked about the person anew.
        case refreshing
        /// Permitted; a connection to the upstream is on its way.
        case connecting
        /// The upstream has the head. Both directions flow.
        case forwarding(response: ResponsePhase)
        /// A request for the portal; its content is collected.
        case collecting
        /// The portal has the request.
        case responding
        /// Answered; what is left of the request's content is read and thrown away.
        case draining(bytes: Int)
        /// Answered for the last time; the client is given time to read before the connection closes.
        case lingering
        case closed
    }

    enum ResponsePhase: Equatable {
        case awaitingHead
        case streaming
    }

    /// What to do when a response has been written to its end.
    enum Continuation: Equatable {
        case nextRequest
        case drain
        case linger
    }

    /// What to do when the upstream's connection ended or failed.
    enum UpstreamFailure: Equatable {
        /// Nothing was sent to the client yet: send the same request on a fresh connection.
        case retry
        case reply(status: Int)
        /// The client has half a response: only an unclean end tells it so.
        case abort
        case ignore
    }

    private(set) var phase = Phase.awaitingHead
    /// Grows with each exchange: an answer to a question of an earlier one is dropped.
    private(set) var exchange: UInt64 = 0
    /// The request's content has been read to its end.
    private(set) var isRequestComplete = true
    private var keepsAlive = true
    private var hasRetried = false

    var isBetweenRequests: Bool { phase == .awaitingHead }

    /// Whether nothing was decided yet.
    private var isDeciding: Bool { phase == .awaitingHead || phase == .lookingUp || phase == .refreshing }

    /// Whether an answer is still to be begun.
    var owesHead: Bool {
        switch phase {
        case .lookingUp, .refreshing, .connecting, .forwarding(.awaitingHead), .collecting, .responding: true
        case .awaitingHead, .forwarding(.streaming), .draining, .lingering, .closed: false
        }
    }

    /// Whether a response that is begun now may leave the connection open.
    var mayKeepConnection: Bool { keepsAlive }

    mutating func headReceived(keepsAlive: Bool, hasBody: Bool) {
        assert(phase == .awaitingHead, "a head within \(phase)")
        exchange += 1
        self.keepsAlive = self.keepsAlive && keepsAlive
        isRequestComplete = !hasBody
        hasRetried = false
    }

    // The steps that the handler takes of itself once a head is there. An order that makes no sense is a fault of ours,
    // which tests must show; it is no reason to end everybody's connections.

    mutating func lookUp() {
        assert(phase == .awaitingHead, "a look-up within \(phase)")
        phase = .lookingUp
    }

    mutating func refresh() {
        assert(phase == .awaitingHead || phase == .lookingUp, "a refresh within \(phase)")
        phase = .refreshing
    }

    mutating func connect() {
        assert(isDeciding || phase == .connecting, "a connection within \(phase)")
        phase = .connecting
    }

    mutating func forward() {
        assert(isDeciding || phase == .connecting, "forwarding within \(phase)")
        phase = .forwarding(response: .awaitingHead)
    }

    mutating func collect() {
        assert(phase == .awaitingHead, "collecting within \(phase)")
        phase = .collecting
    }

    mutating func respond() {
        assert(phase == .awaitingHead || phase == .collecting, "the portal asked within \(phase)")
        phase = .responding
    }

    /// The server is stopping, or the client has said its last word: this exchange is the connection's last.
    mutating func endAfterThisExchange() { keepsAlive = false }

    mutating func requestBodyEnded() { isRequestComplete = true }

    mutating func responseHeadForwarded(closes: Bool) {
        phase = .forwarding(response: .streaming)
        if closes { keepsAlive = false }
    }

    /// The response, whoever made it, has been written to its end.
    mutating func responseEnded() -> Continuation {
        guard keepsAlive else {
            phase = .lingering
            return .linger
        }
        guard isRequestComplete else {
            phase = .draining(bytes: 0)
            return .drain
        }
        phase = .awaitingHead
        return .nextRequest
    }

    /// - Returns: `false` when more was thrown away than a kept connection is worth.
    mutating func drained(_ count: Int, limit: Int) -> Bool {
        guard case .draining(let bytes) = phase, bytes + count <= limit else {
            phase = .lingering
            return false
        }
        phase = .draining(bytes: bytes + count)
        return true
    }

    mutating func drainEnded() {
        isRequestComplete = true
        phase = .awaitingHead
    }

    mutating func upstreamFailed(isRepeatable: Bool, wasReused: Bool, status: Int) -> UpstreamFailure {
        switch phase {
        case .connecting:
            return .reply(status: status)
        case .forwarding(.awaitingHead):
            // A kept connection that the upstream closed as we wrote: nothing was done with the request (RFC 9112, 9.3.1).
            if isRepeatable, wasReused, !hasRetried {
                hasRetried = true
                phase = .connecting
                return .retry
            }
            return .reply(status: status)
        case .forwarding(.streaming):
            phase = .closed
            return .abort
        default:
            return .ignore
        }
    }

    mutating func close() { phase = .closed }
    mutating func linger() {
        keepsAlive = false
        phase = .lingering
    }
}
