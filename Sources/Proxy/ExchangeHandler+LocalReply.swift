internal import GatehouseCore
internal import HTTPWire
internal import NIOCore
internal import Policy
internal import Sessions

/// Answers of our own: pages of the data plane, and requests for the portal.
extension ExchangeHandler {
    /// Content of a request for the portal; no form of it is larger.
    private static var localBodyLimit: Int { 64 * 1024 }

    func reply(
        _ kind: LocalPage.Kind,
        outcome: ExchangeRecord.Outcome,
        reason: String,
        fields: [(name: String, value: String)] = []
    ) {
        guard let exchange else { return }
        self.exchange?.outcome = outcome
        self.exchange?.reason = reason
        var fields = fields
        if exchange.clearsSessionCookie {
            fields.append(("Set-Cookie", exchange.cookies.names.clearCookie(exchange.cookies.names.session)))
        }
        finishExpectation()
        let (status, bytes) = sendPage(kind, id: exchange.id, head: exchange.head, fields: fields)
        self.exchange?.status = status
        self.exchange?.responseBytes = bytes
        proceed(machine.responseEnded())
    }

    func send(
        status: Int,
        fields: [(name: String, value: String)],
        body: ByteBuffer,
        outcome: ExchangeRecord.Outcome,
        reason: String?
    ) {
        guard let exchange else { return }
        self.exchange?.outcome = outcome
        self.exchange?.reason = reason
        self.exchange?.status = status
        self.exchange?.responseBytes = body.readableBytes
        var fields = fields
        if exchange.clearsSessionCookie, outcome == .challenged {
            fields.append(("Set-Cookie", exchange.cookies.names.clearCookie(exchange.cookies.names.session)))
        }
        finishExpectation()
        write(status: status, fields: fields, body: body, isHead: exchange.request.method == .head)
        proceed(machine.responseEnded())
    }

    /// Renders and writes one of the data plane's pages.
    @discardableResult
    func sendPage(
        _ kind: LocalPage.Kind,
        id: RequestID,
        head: RequestHead?,
        fields: [(name: String, value: String)]
    ) -> (status: Int, bytes: Int) {
        let language = head.flatMap { head in
            head.fields.first { FieldText.isEqual(head.bytes.readableBytesUInt8Span, $0.name, "accept-language") }
                .map { head.text($0.value) }
        }
        let page = LocalPage(
            kind: kind,
            requestID: id,
            acceptsHTML: head.map(Challenge.acceptsHTML) ?? false,
            acceptLanguage: language
        )
        let rendered = loop.responder.render(page)
        var all = fields + rendered.fields
        if page.status == 405 { all.append(("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH")) }
        let isHead = head.map { FieldText.isEqual($0.bytes.readableBytesUInt8Span, $0.method, "head") } ?? false
        write(status: page.status, fields: all, body: rendered.body, isHead: isHead)
        return (page.status, rendered.body.readableBytes)
    }

    /// A client that waits for 100 and gets its answer instead may or may not send its content: nobody can tell what the
    /// next bytes are.
    private func finishExpectation() {
        if exchange?.head.expectsContinue == true, !machine.isRequestComplete { machine.endAfterThisExchange() }
    }

    private func write(status: Int, fields: [(name: String, value: String)], body: ByteBuffer, isHead: Bool) {
        guard let context else { return }
        var head = context.channel.allocator.buffer(capacity: 512)
        head.writeString("HTTP/1.1 \(status) \(ReasonPhrase.of(status))\r\n")
        for (name, value) in fields where !Self.breaksLine(name) && !Self.breaksLine(value) {
            head.writeString(name)
            head.writeStaticString(": ")
            head.writeString(value)
            head.writeStaticString("\r\n")
        }
        head.writeString("Date: \(HTTPDate.format(loop.clock.now()))\r\n")
        let hasContent = status != 204 && status != 304
        if hasContent { head.writeString("Content-Length: \(body.readableBytes)\r\n") }
        if !machine.mayKeepConnection { head.writeStaticString("Connection: close\r\n") }
        head.writeStaticString("\r\n")
        context.write(wrapOutboundOut(head), promise: nil)
        if !isHead, hasContent, body.readableBytes > 0 { context.write(wrapOutboundOut(body), promise: nil) }
        context.flush()
    }

    /// No field of the portal's ends its line and begins another, whatever went into it (docs/security-rules.md, rule 13).
    private static func breaksLine(_ text: String) -> Bool {
        text.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0x00 }
    }

    // MARK: The portal

    func beginLocal(_ head: RequestHead) {
        exchange?.outcome = .local
        guard head.framing.hasBody else { return submitLocal() }
        if case .length(let length) = head.framing, length > Self.localBodyLimit { return refuseLargeContent() }
        machine.collect()
        collected = ByteBuffer()
        if head.expectsContinue { sendContinue() }
        deadline(limits.bodyTimeout)
    }

    /// `false` when more has to arrive.
    func collectBody() -> Bool {
        do throws(WireError) {
            while let part = try decoder.next(&inbound) {
                switch part {
                case .data(var data):
                    guard collected.readableBytes + data.readableBytes <= Self.localBodyLimit else {
                        refuseLargeContent()
                        return true
                    }
                    collected.writeBuffer(&data)
                case .end:
                    machine.requestBodyEnded()
                    exchange?.requestBytes = collected.readableBytes
                    submitLocal()
                    return true
                }
            }
            return false
        } catch {
            machine.endAfterThisExchange()
            reply(.badRequest(status: error.status, detail: error.rawValue), outcome: .refused, reason: error.rawValue)
            return true
        }
    }

    private func refuseLargeContent() {
        machine.endAfterThisExchange()
        reply(.contentTooLarge, outcome: .refused, reason: "the request's content is too large")
    }

    private func submitLocal() {
        guard let exchange else { return }
        machine.respond()
        deadline(.seconds(30))
        let number = machine.exchange
        let head = exchange.head
        var isPortalHost = false
        if case .portal = exchange.request.owner { isPortalHost = true }
        let request = LocalRequest(
            id: exchange.id,
            method: head.text(head.method),
            host: exchange.request.host.name,
            isPortalHost: isPortalHost,
            path: exchange.request.pathText(head),
            query: exchange.request.queryText(head),
            fields: head.fields.map { (head.text($0.name), head.text($0.value)) },
            address: exchange.client.address,
            body: collected
        )
        collected = ByteBuffer()
        let promise = loop.eventLoop.makePromise(of: LocalResponse.self)
        promise.futureResult.assumeIsolated().whenComplete { result in self.portalAnswered(result, number) }
        guard loop.responder.submit(request, promise) else {
            promise.fail(ChannelError.ioOnClosedChannel)
            return
        }
    }

    private func portalAnswered(_ result: Result<LocalResponse, any Error>, _ number: UInt64) {
        guard machine.phase == .responding, machine.exchange == number else { return }
        switch result {
        case .success(let response):
            send(status: response.status, fields: response.fields, body: response.body, outcome: .local, reason: nil)
        case .failure:
            reply(.unavailable, outcome: .failed, reason: "the portal has no room for another request")
        }
        process()
    }
}
