internal import GatehouseCore
internal import HTTPWire
internal import NIOCore

/// One connection to the operations listener: requests are answered at once and in their order, and read no faster than
/// their answers are taken. Confined to its event loop.
final class OperationsHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case open
        /// The last answer has been given; what still comes is thrown away, so that no reset overtakes the answer.
        case lingering
        case closed
    }

    private let pages: OperationsPages
    private let limits: OperationsLimits
    private let clock: WallClock
    private var parser: RequestParser
    private var inbound = ByteBuffer()
    private var phase = Phase.open
    private var isInputOver = false
    private var hasSaidAll = false
    private var isReadHeldBack = false
    private var isWithinHead = false
    private var isProcessing = false
    private var timer: Scheduled<Void>?

    init(pages: OperationsPages, limits: OperationsLimits, clock: WallClock) {
        self.pages = pages
        self.limits = limits
        self.clock = clock
        parser = RequestParser(limits: HeadLimits(bytes: limits.headBytes, fields: limits.fields, targetBytes: 2048))
    }

    func channelActive(context: ChannelHandlerContext) {
        setTimer(limits.idleTimeout, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        timer?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable { context.read() } else { isReadHeldBack = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .open else { return }
        var bytes = unwrapInboundIn(data)
        if inbound.readableBytes == 0 {
            inbound = bytes
        } else {
            inbound.discardReadBytes()
            inbound.writeBuffer(&bytes)
        }
        process(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            process(context)
            if isReadHeldBack {
                isReadHeldBack = false
                context.read()
            }
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            isInputOver = true
            // While the last answer is under way, its end closes the connection.
            if phase == .open { process(context) } else if hasSaidAll { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Answers what is complete, as long as the answers are taken.
    private func process(_ context: ChannelHandlerContext) {
        // A write may tell us at once that there is room again. The loop below sees that itself; to begin another one
        // within it would take a piece of the stack for each request of a long pipeline.
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while phase == .open, context.channel.isWritable {
            do throws(WireError) {
                guard let head = try parser.parse(&inbound) else { return waitForMore(context) }
                isWithinHead = false
                answer(head, context)
            } catch {
                let words = "The request was not understood: \(error.rawValue)."
                write(.text(error.status, words), toHead: false, closes: true, context)
            }
        }
        // Who does not take the answers has as long as who does not ask.
        if phase == .open { setTimer(limits.idleTimeout, context) }
    }

    private func waitForMore(_ context: ChannelHandlerContext) {
        if isInputOver {
            finish(context)
        } else if inbound.readableBytes == 0 {
            setTimer(limits.idleTimeout, context)
        } else if !isWithinHead {
            // From the head's first byte on, however slowly the others come.
            isWithinHead = true
            setTimer(limits.headTimeout, context)
        }
    }

    private func answer(_ head: RequestHead, _ context: ChannelHandlerContext) {
        let method = head.text(head.method)
        guard !head.framing.hasBody else {
            return write(.text(413, "No content is taken here."), toHead: method == "HEAD", closes: true, context)
        }
        let reply = pages.reply(method: method, target: head.text(head.target))
        write(reply, toHead: method == "HEAD", closes: !head.keepsAlive, context)
    }

    private func write(
        _ reply: OperationsPages.Reply,
        toHead: Bool,
        closes: Bool,
        _ context: ChannelHandlerContext
    ) {
        let bytes = reply.bytes(toHead: toHead, closes: closes, now: clock.now())
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        if closes { finish(context) }
    }

    /// Closes our side behind everything that is still to be sent, and the rest when the client has read it.
    private func finish(_ context: ChannelHandlerContext) {
        phase = .lingering
        inbound = ByteBuffer()
        setTimer(limits.idleTimeout, context)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            guard self.phase == .lingering else { return }
            self.hasSaidAll = true
            guard !self.isInputOver else { return context.close(promise: nil) }
            context.close(mode: .output, promise: nil)
            self.setTimer(self.limits.lingerTimeout, context)
        }
    }

    private func setTimer(_ interval: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(interval)) {
            self.timePassed(context)
        }
    }

    private func timePassed(_ context: ChannelHandlerContext) {
        guard phase == .open, isWithinHead else { return context.close(promise: nil) }
        write(.text(408, "The request did not come in time."), toHead: false, closes: true, context)
    }
}
