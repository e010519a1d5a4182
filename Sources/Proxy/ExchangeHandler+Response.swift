internal import HTTPWire
internal import Logging
internal import NIOCore
internal import Policy

/// The upstream's response on its way to the client, as the upstream's handler reports it.
extension ExchangeHandler {
    /// Whether the client can take more of the response now.
    var takesResponse: Bool { context?.channel.isWritable ?? true }

    func responseHead(_ response: ResponseHead) {
        guard let context, let exchange else { return }
        let rewritten = ResponseRewriter.rewrite(
            response,
            clientMinorVersion: exchange.head.minorVersion,
            keepsAlive: machine.mayKeepConnection,
            cookies: exchange.cookies,
            clearsSessionCookie: exchange.hasSeveralSessionCookies,
            allocator: context.channel.allocator
        )
        if rewritten.removedFields > 0 {
            loop.logger.warning(
                "an upstream sent fields that are the gateway's own; they were removed",
                metadata: exchange.logged
            )
        }
        machine.responseHeadForwarded(closes: rewritten.closes)
        sendsChunks = rewritten.isChunked
        isCloseDelimited = rewritten.isCloseDelimited
        self.exchange?.status = response.status
        if let forwardedAt = exchange.forwardedAt {
            self.exchange?.upstreamDuration = (NIODeadline.now() - forwardedAt).nanoseconds / 1000
        }
        unsentHead = rewritten.head
        deadline(limits.responseTimeout)
    }

    /// Content up to this size is copied behind its head: one buffer is cheaper to write than two.
    private static let joinedContentLimit = 4 * 1024

    private func writeHead() {
        guard let head = unsentHead else { return }
        unsentHead = nil
        context?.write(wrapOutboundOut(head), promise: nil)
    }

    func responseBody(_ data: ByteBuffer) {
        guard let context else { return }
        exchange?.responseBytes += data.readableBytes
        if !sendsChunks, data.readableBytes <= Self.joinedContentLimit, var head = unsentHead {
            unsentHead = nil
            head.writeImmutableBuffer(data)
            context.write(wrapOutboundOut(head), promise: nil)
            return deadline(context.channel.isWritable ? limits.responseTimeout : limits.writeTimeout)
        }
        writeHead()
        if sendsChunks {
            var line = ByteBuffer()
            if hasSentChunk { line.writeStaticString("\r\n") }
            hasSentChunk = true
            ChunkedCoding.sizeLine(data.readableBytes, into: &line)
            context.write(wrapOutboundOut(line), promise: nil)
        }
        context.write(wrapOutboundOut(data), promise: nil)
        deadline(context.channel.isWritable ? limits.responseTimeout : limits.writeTimeout)
    }

    func upstreamReadComplete() {
        writeHead()
        context?.flush()
    }

    func upstreamBecameWritable() {
        if case .forwarding = machine.phase, !machine.isRequestComplete {
            bodyProgress = 0
            deadline(limits.bodyTimeout)
        }
        resumeReading()
    }

    func responseEnded(from handler: UpstreamHandler, isReusable: Bool) {
        guard upstream === handler else { return handler.close() }
        writeHead()
        if sendsChunks {
            if hasSentChunk { context?.write(wrapOutboundOut(ChunkedCoding.lineEnd), promise: nil) }
            context?.write(wrapOutboundOut(ChunkedCoding.end), promise: nil)
        }
        context?.flush()
        upstream = nil
        isCloseDelimited = false
        let isBound = exchange?.forwarded?.bindsConnection == true
        if isReusable, !isBound { loop.pool.release(handler) } else { handler.close() }
        // The client waits for a 100 that will not come: whether its content follows is unknown.
        if exchange?.head.expectsContinue == true, !machine.isRequestComplete { machine.endAfterThisExchange() }
        proceed(machine.responseEnded())
    }
}
