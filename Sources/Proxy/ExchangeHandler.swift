internal import GatehouseCore
internal import HTTPWire
internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// One client connection. Bytes come in and go out here; what happens next is the machine's word, what is allowed is
/// `Policy`'s. The steps of an exchange are in the extensions: `+Admission`, `+Refresh`, `+Forwarding`, `+Response`,
/// `+LocalReply`, `+Reload`, `+Ends`.
final class ExchangeHandler: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let loop: LoopContext
    var context: ChannelHandlerContext?
    var machine = ExchangeStateMachine()
    var exchange: Exchange?
    /// The right to forward the present request: here from the decision to the upstream's connection, never elsewhere.
    var permit: Permit?
    var decoder = BodyDecoder(.none)
    var inbound = ByteBuffer()
    var upstream: UpstreamHandler?
    var collected = ByteBuffer()
    /// A response's head that waits for the first of its content, to leave in one piece with it.
    var unsentHead: ByteBuffer?
    var sendsChunks = false
    var hasSentChunk = false
    var isCloseDelimited = false
    /// Bytes of the request's content since its deadline was last put off.
    var bodyProgress = 0
    /// The other end of the connection.
    private(set) var peer = ClientAddress.unknown
    /// Whom a trusted peer named last.
    private var named: ClientAddress?
    /// Nobody but trusted proxies may speak here.
    private let admitsOnlyTrusted: Bool
    private var parser: RequestParser
    private var timer: DeadlineTimer?
    private var isProcessing = false
    private var isReadHeldBack = false
    var hasPartialHead = false
    var isInputClosed = false
    /// What the client had not taken when its deadline last passed.
    var unwrittenBefore = Int.max

    /// When the server stops: for how long an idle client may still be found to have sent a request. What it sent before
    /// has been read by then.
    static let farewell: Duration = .milliseconds(100)
    /// Bytes of further requests that are kept while one is being answered.
    private static let pipelineLimit = 64 * 1024

    init(loop: LoopContext, admitsOnlyTrusted: Bool) {
        self.loop = loop
        self.admitsOnlyTrusted = admitsOnlyTrusted
        let limits = loop.snapshot.limits
        parser = RequestParser(limits: HeadLimits(bytes: limits.headBytes, fields: limits.fields))
    }

    var limits: ProxyLimits { exchange?.snapshot.limits ?? loop.snapshot.limits }

    func deadline(_ interval: Duration) { timer?.set(interval) }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        timer = DeadlineTimer(eventLoop: loop.eventLoop) { [unowned self] in deadlinePassed() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        peer = ClientAddress(context.channel.remoteAddress.flatMap(SourceAddress.init))
        loop.register(self)
        if peer.address == nil, !context.channel.isUnixSocket {
            // Whoever is gone already has no address and reads no answer; a guess could meet a demand about networks.
            closeNow()
        }
        if !isAdmitted { closeNow() }
        // Whoever connects has something to say; only a connection that has served may be idle.
        deadline(loop.stage == .stopping ? Self.farewell : min(limits.headTimeout, limits.idleTimeout))
        context.fireChannelActive()
    }

    /// Whether the peer may speak here at all, under the snapshot in force.
    var isAdmitted: Bool { !admitsOnlyTrusted || loop.snapshot.trustedProxies.contains(peer.address) }

    /// What the peer says of a request, where its word counts.
    func testimony(_ head: RequestHead, under snapshot: ProxySnapshot) -> ProxyTestimony {
        guard snapshot.trustsProxies, snapshot.trustedProxies.contains(peer.address) else { return ProxyTestimony() }
        return ProxyTestimony(head, trusted: snapshot.trustedProxies)
    }

    /// Whom a request comes from. A proxy's connection often carries several of one client's: the text is made once.
    func client(_ testimony: ProxyTestimony) -> ClientAddress {
        guard let address = testimony.address else { return peer }
        if let named, named.address == address { return named }
        let client = ClientAddress(address)
        named = client
        return client
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.unregister(self)
        clientGone()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        clientGone()
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { inputClosed() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if inbound.readableBytes == 0 { inbound = bytes } else { inbound.writeBuffer(&bytes) }
        process()
    }

    func read(context: ChannelHandlerContext) {
        if wantsToRead { context.read() } else { isReadHeldBack = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            upstream?.resumeReading()
            // Requests behind an answer that the client did not take were left where they were.
            if machine.isBetweenRequests { process() }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Whether more of the client's bytes have somewhere to go.
    private var wantsToRead: Bool {
        if case .forwarding = machine.phase, !machine.isRequestComplete { return upstream?.isWritable ?? false }
        if machine.isBetweenRequests, !takesResponse { return false }
        return inbound.readableBytes < Self.pipelineLimit
    }

    func resumeReading() {
        guard isReadHeldBack, wantsToRead else { return }
        isReadHeldBack = false
        context?.read()
    }

    // MARK: The loop over what has arrived

    /// Takes steps until bytes or an answer are missing. Steps may call this again; the outermost call does the work.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while true {
            switch machine.phase {
            case .awaitingHead: guard takeHead() else { return }
            case .forwarding:
                guard !machine.isRequestComplete, pumpToUpstream() else { return awaitContent() }
            case .collecting: guard collectBody() else { return awaitContent() }
            case .draining: guard drainBody() else { return awaitContent() }
            case .lingering:
                inbound.clear()
                return resumeReading()
            case .lookingUp, .refreshing, .connecting, .responding, .closed: return
            }
        }
    }

    func awaitContent() {
        guard isInputClosed, !machine.isRequestComplete else { return resumeReading() }
        switch machine.phase {
        case .forwarding, .collecting: abort("the client cut its request off")
        case .draining: closeWhenWritten()
        default: break
        }
    }

    private func takeHead() -> Bool {
        guard takesResponse else {
            // Answers that nobody takes must not pile up: no further request before there is room.
            unwrittenBefore = .max
            deadline(limits.writeTimeout)
            return false
        }
        do throws(WireError) {
            guard let head = try parser.parse(&inbound) else {
                waitForHead()
                return false
            }
            hasPartialHead = false
            begin(head)
            return true
        } catch {
            refuseMalformed(error)
            return false
        }
    }

    private func waitForHead() {
        guard !isInputClosed else { return closeWhenWritten() }
        if inbound.readableBytes == 0 {
            // Gives the room of a long head back.
            if inbound.capacity > 0 { inbound = ByteBuffer() }
            hasPartialHead = false
            if loop.stage == .stopping {
                deadline(Self.farewell)
            } else if machine.exchange > 0 {
                unwrittenBefore = .max
                deadline(limits.idleTimeout)
            }
        } else if !hasPartialHead {
            // From the first byte to the last: more bytes do not buy more time.
            hasPartialHead = true
            deadline(limits.headTimeout)
        }
        resumeReading()
    }

    private func drainBody() -> Bool {
        do throws(WireError) {
            while let part = try decoder.next(&inbound) {
                switch part {
                case .data(let data):
                    bodyProgress += data.readableBytes
                    guard machine.drained(data.readableBytes, limit: limits.drainBytes) else {
                        linger()
                        return true
                    }
                case .end:
                    machine.drainEnded()
                    return true
                }
            }
            if bodyProgress >= limits.bodyPiece {
                bodyProgress = 0
                deadline(limits.bodyTimeout)
            }
            return false
        } catch {
            machine.linger()
            linger()
            return true
        }
    }
}

extension Channel {
    fileprivate var isUnixSocket: Bool {
        if case .unixDomainSocket? = localAddress { true } else { false }
    }
}

extension SourceAddress {
    /// The IP address of a socket; a Unix socket has none.
    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        // A link-local address carries its zone, which names an interface and not a place.
        self.init(String(text.prefix { $0 != "%" }))
    }
}
