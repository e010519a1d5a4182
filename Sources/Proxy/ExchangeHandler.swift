internal import GatehouseCore
internal import HTTPWire
internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// One client connection. Bytes come in and go out here; what happens next is the machine's word, what is allowed is
/// `Policy`'s. The steps of an exchange are in the extensions: `+Admission`, `+Forwarding`, `+LocalReply`.
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
    var sendsChunks = false
    var hasSentChunk = false
    private(set) var address = SourceAddress(ipv4: 0)
    private(set) var addressText = ""
    private var parser: RequestParser
    private var timer: DeadlineTimer?
    private var isProcessing = false
    private var isReadHeldBack = false
    private var hasPartialHead = false

    /// Bytes of further requests that are kept while one is being answered.
    private static let pipelineLimit = 64 * 1024

    init(loop: LoopContext) {
        self.loop = loop
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
        address = context.channel.remoteAddress.flatMap(SourceAddress.init) ?? SourceAddress(ipv4: 0x7F00_0001)
        addressText = address.description
        loop.register(self)
        deadline(limits.idleTimeout)
        context.fireChannelActive()
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
        if context.channel.isWritable { upstream?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    /// Whether more of the client's bytes have somewhere to go.
    private var wantsToRead: Bool {
        if case .forwarding = machine.phase, !machine.isRequestComplete { return upstream?.isWritable ?? false }
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
                guard !machine.isRequestComplete, pumpToUpstream() else { return resumeReading() }
            case .collecting: guard collectBody() else { return resumeReading() }
            case .draining: guard drainBody() else { return resumeReading() }
            case .lingering:
                inbound.clear()
                return resumeReading()
            case .lookingUp, .connecting, .responding, .closed: return
            }
        }
    }

    private func takeHead() -> Bool {
        guard !loop.isDraining else {
            closeNow()
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
        if inbound.readableBytes == 0 {
            // Gives the room of a long head back.
            if inbound.capacity > 0 { inbound = ByteBuffer() }
            hasPartialHead = false
            deadline(limits.idleTimeout)
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
                    guard machine.drained(data.readableBytes, limit: limits.drainBytes) else {
                        linger()
                        return true
                    }
                case .end:
                    machine.drainEnded()
                    return true
                }
            }
            deadline(limits.bodyTimeout)
            return false
        } catch {
            machine.linger()
            linger()
            return true
        }
    }

    // MARK: Ends

    /// Goes on after a response that was written to its end.
    func proceed(_ continuation: ExchangeStateMachine.Continuation) {
        if let exchange, let accessLog = loop.accessLog { accessLog.record(exchange.record(address: address)) }
        exchange = nil
        permit = nil
        switch continuation {
        case .nextRequest: deadline(limits.idleTimeout)
        case .drain: deadline(limits.bodyTimeout)
        case .linger: linger()
        }
        process()
    }

    /// Closes our direction, so that the client can read the answer before the connection goes.
    func linger() {
        context?.flush()
        context?.close(mode: .output, promise: nil)
        deadline(.seconds(2))
    }

    /// Ends the connection in the middle: the client must not take what it has for the whole.
    func abort(_ reason: String) {
        exchange?.outcome = .failed
        exchange?.reason = reason
        if let exchange, let accessLog = loop.accessLog { accessLog.record(exchange.record(address: address)) }
        exchange = nil
        closeNow()
    }

    func closeNow() {
        machine.close()
        permit = nil
        upstream?.close()
        upstream = nil
        context?.close(promise: nil)
    }

    /// The server is stopping.
    func drain() {
        if machine.isBetweenRequests, !hasPartialHead { closeNow() } else { machine.endAfterThisExchange() }
    }

    private func clientGone() {
        guard machine.phase != .closed else { return }
        if exchange != nil, machine.phase != .lingering { abort("the client closed the connection") } else { closeNow() }
    }

    private func inputClosed() {
        switch machine.phase {
        case .awaitingHead, .lingering, .draining, .closed: closeNow()
        case .lookingUp, .connecting, .forwarding, .collecting, .responding:
            if machine.isRequestComplete { machine.endAfterThisExchange() } else { abort("the client cut its request off") }
        }
    }

    private func deadlinePassed() {
        switch machine.phase {
        case .awaitingHead:
            if hasPartialHead { refuseUnfinishedHead() } else { closeNow() }
        case .lookingUp: reply(.unavailable, outcome: .failed, reason: "the session store did not answer in time")
        case .connecting: upstreamTimedOut()
        case .forwarding(.awaitingHead):
            if machine.isRequestComplete { upstreamTimedOut() } else { requestBodyTimedOut() }
        case .forwarding(.streaming): abort("the response stood still")
        case .collecting: requestBodyTimedOut()
        case .responding: reply(.unavailable, outcome: .failed, reason: "the portal did not answer in time")
        case .draining, .lingering, .closed: closeNow()
        }
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
