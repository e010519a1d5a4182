internal import HTTPWire
internal import Logging
internal import NIOCore
internal import Policy

/// From a permit to the upstream's last byte.
extension ExchangeHandler {
    func connect(_ app: RouteTable.AppIndex) {
        guard let exchange, !refusesBodyAtHand() else { return }
        let address = exchange.snapshot.forwarding[app].upstream
        if let idle = loop.pool.takeIdle(address) {
            forward(through: idle, app)
        } else {
            connectAfresh(app)
        }
    }

    /// Whether a chunked body, whose beginning came with the head, is malformed already: then the upstream hears nothing
    /// of it at all.
    private func refusesBodyAtHand() -> Bool {
        guard exchange?.head.framing == .chunked, inbound.readableBytes > 0 else { return false }
        var probe = decoder
        var bytes = inbound
        do throws(WireError) {
            while case .data? = try probe.next(&bytes) {}
            return false
        } catch {
            machine.endAfterThisExchange()
            reply(.badRequest(status: error.status, detail: error.rawValue), outcome: .refused, reason: error.rawValue)
            return true
        }
    }

    private func connectAfresh(_ app: RouteTable.AppIndex) {
        guard let exchange else { return }
        machine.connect()
        deadline(limits.connectTimeout + .seconds(1))
        let number = machine.exchange
        loop.pool.connect(exchange.snapshot.forwarding[app].upstream).assumeIsolated().whenComplete { result in
            self.connected(result, app, number)
        }
    }

    private func connected(_ result: Result<any Channel, any Error>, _ app: RouteTable.AppIndex, _ number: UInt64) {
        let isAwaited = machine.phase == .connecting && machine.exchange == number
        switch result {
        case .success(let channel):
            guard let handler = try? channel.pipeline.syncOperations.handler(type: UpstreamHandler.self) else {
                channel.close(promise: nil)
                if isAwaited { fail(status: 502, "the upstream closed the connection") }
                return
            }
            guard isAwaited else { return loop.pool.release(handler) }
            forward(through: handler, app)
            process()
        case .failure(let error):
            guard isAwaited else { return }
            var isTimeout = false
            if case .connectTimeout? = error as? ChannelError { isTimeout = true }
            loop.logger.warning(
                "upstream cannot be reached",
                metadata: (exchange?.logged ?? [:]).merging(["error": "\(error)"]) { $1 }
            )
            fail(status: isTimeout ? 504 : 502, "the upstream cannot be reached")
        }
    }

    private func forward(through handler: UpstreamHandler, _ app: RouteTable.AppIndex) {
        guard let exchange, let context else { return handler.close() }
        let request: ForwardedRequest
        if let repeated = exchange.forwarded {
            request = repeated
        } else if let permit = permit.take() {
            request = ForwardedRequest(
                permit: permit,
                exchange.request,
                exchange.head,
                .init(
                    snapshot: exchange.snapshot,
                    cookies: exchange.cookies,
                    identity: exchange.identity,
                    requestID: exchange.id,
                    address: exchange.client.text,
                    scheme: exchange.scheme
                ),
                allocator: context.channel.allocator
            )
        } else {
            handler.close()
            return fail(status: 502, "no permit")
        }
        self.exchange?.forwarded = request
        self.exchange?.forwardedAt = .now()
        self.exchange?.outcome = .forwarded
        machine.forward()
        upstream = handler
        sendsChunks = false
        hasSentChunk = false
        isCloseDelimited = false
        handler.begin(self, answersHead: request.answersHead)
        handler.write(request.head)
        // Content that is here already goes out with the head: ``pumpToUpstream()`` follows, and flushes.
        if machine.isRequestComplete || inbound.readableBytes == 0 { handler.flush() }
        bodyProgress = 0
        if machine.isRequestComplete {
            handler.requestEnded()
            deadline(limits.firstByteTimeout)
        } else {
            if exchange.head.expectsContinue { sendContinue() }
            deadline(limits.bodyTimeout)
        }
    }

    /// The client waits for it before it sends content (RFC 9110, section 10.1.1).
    func sendContinue() {
        context?.writeAndFlush(wrapOutboundOut(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }

    /// Moves what has arrived of the request's content on. `false` when more has to arrive.
    func pumpToUpstream() -> Bool {
        guard let upstream, let framing = exchange?.head.framing else { return false }
        do throws(WireError) {
            while let part = try decoder.next(&inbound) {
                switch part {
                case .data(let data):
                    exchange?.requestBytes += data.readableBytes
                    bodyProgress += data.readableBytes
                    if framing == .chunked {
                        var line = ByteBuffer()
                        ChunkedCoding.sizeLine(data.readableBytes, into: &line)
                        upstream.write(line)
                        upstream.write(data)
                        upstream.write(ChunkedCoding.lineEnd)
                    } else {
                        upstream.write(data)
                    }
                case .end:
                    if framing == .chunked { upstream.write(ChunkedCoding.end) }
                    upstream.flush()
                    upstream.requestEnded()
                    machine.requestBodyEnded()
                    if case .forwarding(.awaitingHead) = machine.phase { deadline(limits.firstByteTimeout) }
                    return true
                }
            }
            upstream.flush()
            if !upstream.isWritable {
                deadline(limits.writeTimeout)
            } else if bodyProgress >= limits.bodyPiece {
                bodyProgress = 0
                deadline(limits.bodyTimeout)
            }
            return false
        } catch {
            // The upstream must never see an end to this: its connection closes first.
            cutOff(error.rawValue, status: error.status)
            return true
        }
    }

    private func cutOff(_ reason: String, status: Int) {
        upstream?.close()
        upstream = nil
        if case .forwarding(.streaming) = machine.phase { return abort(reason) }
        machine.endAfterThisExchange()
        reply(.badRequest(status: status, detail: reason), outcome: .refused, reason: reason)
    }

    func requestBodyTimedOut() {
        upstream?.close()
        upstream = nil
        if case .forwarding(.streaming) = machine.phase { return abort("the request stood still") }
        machine.endAfterThisExchange()
        reply(.requestTimeout, outcome: .refused, reason: "the request's content stood still")
    }

    func upstreamTimedOut() {
        upstream?.close()
        upstream = nil
        fail(status: 504, "the upstream did not answer in time")
    }

    // MARK: Failures

    func upstreamFailed(_ handler: UpstreamHandler, status: Int) {
        guard upstream === handler else { return }
        upstream = nil
        failed(isRepeatable: exchange?.forwarded?.isRepeatable ?? false, wasReused: handler.isReused, status: status)
    }

    func upstreamMisbehaved(_ handler: UpstreamHandler, _ error: WireError) {
        guard upstream === handler else { return }
        upstream = nil
        loop.logger.warning(
            "upstream sent a malformed response",
            metadata: (exchange?.logged ?? [:]).merging(["error": "\(error.rawValue)"]) { $1 }
        )
        failed(isRepeatable: false, wasReused: true, status: 502)
    }

    private func fail(status: Int, _ reason: String) {
        exchange?.reason = reason
        failed(isRepeatable: false, wasReused: false, status: status)
    }

    private func failed(isRepeatable: Bool, wasReused: Bool, status: Int) {
        guard let exchange, let app = exchange.app else {
            return abort("an upstream failed without an application")
        }
        switch machine.upstreamFailed(isRepeatable: isRepeatable, wasReused: wasReused, status: status) {
        case .retry: connectAfresh(app)
        case .reply(let status):
            let title = exchange.snapshot.routes.apps[app].title
            reply(
                status == 504 ? .gatewayTimeout(app: title) : .badGateway(app: title),
                outcome: .failed,
                reason: exchange.reason ?? "the upstream closed the connection"
            )
            process()
        case .abort: abort("the upstream cut its response off")
        case .ignore: break
        }
    }
}
