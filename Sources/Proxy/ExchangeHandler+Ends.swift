internal import Glibc
internal import HTTPWire
internal import NIOCore

/// How exchanges and connections end: in good order, late, or in the middle.
extension ExchangeHandler {
    /// Goes on after a response that was written to its end.
    func proceed(_ continuation: ExchangeStateMachine.Continuation) {
        if let exchange, let accessLog = loop.accessLog { accessLog.record(exchange.record()) }
        exchange = nil
        permit = nil
        switch continuation {
        case .nextRequest: deadline(loop.stage == .stopping ? Self.farewell : limits.idleTimeout)
        case .drain:
            bodyProgress = 0
            deadline(limits.bodyTimeout)
        case .linger: linger()
        }
        process()
    }

    /// Closes our direction behind what is still to be written, so that the client can read the answer before the
    /// connection goes.
    func linger() {
        guard let context else { return }
        context.flush()
        unwrittenBefore = .max
        if isInputClosed {
            // To NIO closing the second direction is closing all, at once: here it has to wait for what is written before.
            let written = loop.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenComplete { _ in self.closeNow() }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
        } else {
            context.close(mode: .output, promise: nil)
        }
        deadline(.seconds(2))
    }

    /// Closes, and lets a client that reads slowly have the answer that it was given.
    func closeWhenWritten() {
        guard unwritten > 0 else { return closeNow() }
        if machine.phase != .lingering {
            machine.linger()
            linger()
        }
    }

    /// Bytes that the client has not taken yet.
    private var unwritten: Int {
        guard let options = context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Whether a client that should long be done is still reading its last answer, at a bearable pace.
    private func isStillReading() -> Bool {
        let left = unwritten
        guard left > 0, left <= unwrittenBefore - min(limits.bodyPiece, unwrittenBefore) else { return false }
        unwrittenBefore = left
        deadline(limits.writeTimeout)
        return true
    }

    /// Ends the connection in the middle: the client must not take what it has for the whole.
    func abort(_ reason: String) {
        unsentHead = nil
        exchange?.outcome = .failed
        exchange?.reason = reason
        if let exchange, let accessLog = loop.accessLog { accessLog.record(exchange.record()) }
        exchange = nil
        if isCloseDelimited { resetOnClose() }
        closeNow()
    }

    /// Where the connection's end is the response's, a plain close would make a part of it look like the whole.
    private func resetOnClose() {
        guard let channel = context?.channel as? any SocketOptionProvider else { return }
        channel.setSoLinger(Glibc.linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
    }

    func closeNow() {
        machine.close()
        permit = nil
        upstream?.close()
        upstream = nil
        context?.close(promise: nil)
    }

    /// The server will stop: an answer that is still to be begun says that it is the last. Behind one that is on its way
    /// the client may send another request, which is served; requests that are here already are served first.
    func drain() {
        if machine.owesHead, !hasFurtherRequest { machine.endAfterThisExchange() }
    }

    /// Whether bytes of a request behind the present one have arrived.
    var hasFurtherRequest: Bool { machine.isRequestComplete && inbound.readableBytes > 0 }

    /// The server is stopping.
    func stop() {
        if machine.isBetweenRequests, !hasPartialHead { deadline(Self.farewell) } else { drain() }
    }

    /// The server's patience is over: what is under way is cut off, and on record.
    func stopNow() {
        if exchange != nil, machine.phase != .lingering { abort("the gateway stopped") } else { closeNow() }
    }

    func clientGone() {
        guard machine.phase != .closed else { return }
        if exchange != nil, machine.phase != .lingering {
            abort("the client closed the connection")
        } else {
            closeNow()
        }
    }

    /// The client has said its last word; what it said before is still answered.
    func inputClosed() {
        isInputClosed = true
        switch machine.phase {
        case .awaitingHead: if takesResponse { closeWhenWritten() }
        case .lingering: closeWhenWritten()
        case .closed: closeNow()
        case .lookingUp, .refreshing, .connecting, .responding: break
        case .forwarding, .collecting, .draining: awaitContent()
        }
    }

    func deadlinePassed() {
        switch machine.phase {
        case .awaitingHead:
            if hasPartialHead, takesResponse {
                refuseUnfinishedHead()
            } else if loop.stage == .stopping {
                closeWhenWritten()
            } else if !isStillReading() {
                closeNow()
            }
        case .lookingUp: storeFailed("the session store did not answer in time")
        case .refreshing: refreshFailed("no answer in time")
        case .connecting: upstreamTimedOut()
        case .forwarding(.awaitingHead):
            let isUpstreamToBlame = machine.isRequestComplete || upstream?.isWritable == false
            if isUpstreamToBlame { upstreamTimedOut() } else { requestBodyTimedOut() }
        case .forwarding(.streaming): abort("the response stood still")
        case .collecting: requestBodyTimedOut()
        case .responding: reply(.unavailable, outcome: .failed, reason: "the portal did not answer in time")
        case .draining: closeWhenWritten()
        case .lingering: if !isStillReading() { closeNow() }
        case .closed: closeNow()
        }
    }
}
