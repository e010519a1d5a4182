internal import HTTPWire
internal import NIOCore

/// One connection to an upstream: reads responses off it and hands their pieces to the exchange it serves.
final class UpstreamHandler: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let address: UpstreamAddress
    /// The pool that holds this connection while it is idle.
    var pool: UpstreamPool?
    var idleSince = NIODeadline.now()
    /// Whether it has served a request before.
    private(set) var isReused = false

    private var context: ChannelHandlerContext?
    private var exchange: ExchangeHandler?
    private var parser: ResponseParser
    private var decoder: BodyDecoder?
    private var response: ResponseHead?
    private var inbound: ByteBuffer?
    private var answersHead = false
    private var isReadHeldBack = false
    private var isRequestSent = false
    private var interimResponses = 0

    init(address: UpstreamAddress, limits: ProxyLimits) {
        self.address = address
        parser = ResponseParser(limits: HeadLimits(bytes: limits.headBytes, fields: limits.fields))
    }

    var isUsable: Bool { context?.channel.isActive == true && exchange == nil }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func begin(_ exchange: ExchangeHandler, answersHead: Bool) {
        pool = nil
        self.exchange = exchange
        self.answersHead = answersHead
        decoder = nil
        response = nil
        isRequestSent = false
        interimResponses = 0
    }

    func write(_ buffer: ByteBuffer) {
        context?.write(wrapOutboundOut(buffer), promise: nil)
    }

    func flush() { context?.flush() }

    func requestEnded() { isRequestSent = true }

    /// The client can take more again.
    func resumeReading() {
        guard isReadHeldBack else { return }
        isReadHeldBack = false
        context?.read()
    }

    /// Closes without a word to the exchange.
    func close() {
        exchange = nil
        pool = nil
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if let exchange, !exchange.takesResponse {
            isReadHeldBack = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard exchange != nil else {
            // Unasked: whatever it is, it is no answer to a request of ours.
            pool?.remove(self)
            close()
            return
        }
        if inbound == nil || inbound?.readableBytes == 0 {
            inbound = bytes
        } else {
            inbound?.writeBuffer(&bytes)
        }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        exchange?.upstreamReadComplete()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.upstreamBecameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended(isClean: true)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset is never the proper end of anything.
        ended(isClean: false)
        context.close(promise: nil)
    }

    private func ended(isClean: Bool) {
        pool?.remove(self)
        pool = nil
        guard let exchange else { return }
        if isClean, response != nil, let decoder, decoder.endsWithConnection, !decoder.isFinished {
            self.exchange = nil
            exchange.responseEnded(from: self, isReusable: false)
        } else {
            self.exchange = nil
            exchange.upstreamFailed(self, status: 502)
        }
    }

    private func process() {
        do throws(WireError) {
            while let exchange {
                guard response != nil else {
                    guard try readHead(exchange) else { return }
                    continue
                }
                guard var current = decoder, var bytes = inbound else { return }
                let part = try current.next(&bytes)
                decoder = current
                inbound = bytes
                switch part {
                case .data(let data): exchange.responseBody(data)
                case .end: return end(exchange)
                case nil: return
                }
            }
        } catch {
            fail(error)
        }
    }

    /// - Returns: whether a final response's head is there now.
    private func readHead(_ exchange: ExchangeHandler) throws(WireError) -> Bool {
        guard var bytes = inbound, let head = try parser.parse(&bytes, answersHead: answersHead) else { return false }
        inbound = bytes
        if head.isInterim {
            // We asked neither for a switch of protocols nor for 100-continue; others are allowed and dropped.
            interimResponses += 1
            guard head.status != 101, interimResponses <= 16 else { throw .malformedStatusLine }
            return try readHead(exchange)
        }
        response = head
        decoder = BodyDecoder(head.framing)
        exchange.responseHead(head)
        return true
    }

    private func end(_ exchange: ExchangeHandler) {
        let isClean = (inbound?.readableBytes ?? 0) == 0
        let isReusable = isClean && isRequestSent && response?.keepsAlive == true
        self.exchange = nil
        inbound = nil
        isReused = true
        exchange.responseEnded(from: self, isReusable: isReusable)
    }

    private func fail(_ error: WireError) {
        guard let exchange else { return }
        self.exchange = nil
        exchange.upstreamMisbehaved(self, error)
        context?.close(promise: nil)
    }
}
