internal import GatehouseCore
internal import HTTPWire
internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// From a head to a decision.
extension ExchangeHandler {
    func begin(_ head: RequestHead) {
        machine.headReceived(keepsAlive: head.keepsAlive && !loop.isDraining, hasBody: head.framing.hasBody)
        decoder = BodyDecoder(head.framing)
        let snapshot = loop.snapshot
        let request: CanonicalRequest
        do throws(CanonicalRequest.Refusal) {
            request = try CanonicalRequest(head, snapshot.routes)
        } catch {
            return refuse(head, error)
        }
        exchange = Exchange(
            id: loop.nextRequestID(),
            snapshot: snapshot,
            cookies: loop.cookies,
            head: head,
            request: request,
            startedAt: .now(),
        )
        switch request.owner {
        case .portal, .gateway: beginLocal(head)
        case .app(let index): identify(head, request, index)
        }
    }

    /// Finds out who is asking.
    private func identify(_ head: RequestHead, _ request: CanonicalRequest, _ app: RouteTable.AppIndex) {
        switch loop.cookies.session(in: head) {
        case .none:
            decide(app, session: nil)
        case .malformed:
            exchange?.clearsSessionCookie = true
            decide(app, session: nil)
        case .several:
            exchange?.clearsSessionCookie = true
            exchange?.hasSeveralSessionCookies = true
            decide(app, session: nil)
        case .token(let token):
            let digest = token.digest
            if let found = loop.store.lookUpAtOnce(digest, host: request.host.name, touching: true) {
                return sessionFound(found, app)
            }
            machine.lookUp()
            deadline(.seconds(5))
            let number = machine.exchange
            loop.store.lookUp(digest, host: request.host.name, touching: true, on: loop.eventLoop)
                .assumeIsolated().whenComplete { result in self.sessionAnswered(result, app, number) }
        }
    }

    private func sessionAnswered(
        _ result: Result<SessionLookup, any Error>,
        _ app: RouteTable.AppIndex,
        _ number: UInt64
    ) {
        guard machine.phase == .lookingUp, machine.exchange == number else { return }
        switch result {
        case .success(let found): sessionFound(found, app)
        case .failure(let error):
            loop.logger.error("session store failed", metadata: ["error": "\(error)"])
            reply(.unavailable, outcome: .failed, reason: "the session store failed")
        }
        process()
    }

    private func sessionFound(_ found: SessionLookup, _ app: RouteTable.AppIndex) {
        switch found {
        case .live(let session): decide(app, session: session)
        case .ended, .unknown:
            exchange?.clearsSessionCookie = true
            decide(app, session: nil)
        }
    }

    private func decide(_ app: RouteTable.AppIndex, session: Session?) {
        guard let exchange else { return }
        let principal = session.map { loop.principal(of: $0, under: exchange.snapshot) }
        self.exchange?.session = session
        let question = Question(method: exchange.request.method, address: address, principal: principal)
        let decision = exchange.request.withPath(exchange.head) { path in
            exchange.snapshot.authorizer.decide(app: app, on: exchange.request.host, path: path, question: question)
        }
        switch consume decision {
        case .permit(let permit):
            let directories = exchange.snapshot.routes.apps[app].directories
            let isKnownHere = session.map { directories?.contains($0.subject.id.realm) ?? true } ?? false
            if let session, let principal, isKnownHere {
                let block = loop.identityBlock(
                    of: session,
                    principal: principal,
                    app: app,
                    under: exchange.snapshot
                )
                guard let block else {
                    loop.logger.error(
                        "a person has no usable user value",
                        metadata: ["subject": "\(session.subject.id)"]
                    )
                    return reply(.unavailable, outcome: .failed, reason: "no usable user value")
                }
                self.exchange?.identity = block
            }
            self.exchange?.rule = permit.rule
            self.permit = consume permit
            connect(app)
        case .challenge(let rule):
            self.exchange?.rule = rule
            challenge(exchange.snapshot.routes.apps[app])
        case .deny(let denial):
            self.exchange?.rule = denial.rule
            reply(
                .denied(app: app, denial, user: session?.subject.name ?? session?.subject.user),
                outcome: .denied,
                reason: denial.reason.code
            )
        }
    }

    private func challenge(_ app: AppPolicy) {
        guard let exchange else { return }
        let challenge = Challenge(
            exchange.request,
            exchange.head,
            app: app,
            routes: exchange.snapshot.routes,
            cookies: exchange.cookies,
            returnState: loop.returnState
        )
        var fields: [(name: String, value: String)] = [("Location", challenge.location)]
        if let cookie = challenge.setCookie { fields.append(("Set-Cookie", cookie)) }
        switch challenge.form {
        case .redirect(let status):
            fields.append(("Cache-Control", "no-store"))
            send(status: status, fields: fields, body: ByteBuffer(), outcome: .challenged, reason: "sign-in needed")
        case .unauthorized:
            fields.append(("WWW-Authenticate", "Gatehouse"))
            reply(
                .signInNeeded(url: challenge.location),
                outcome: .challenged,
                reason: "sign-in needed",
                fields: fields
            )
        }
    }

    // MARK: Refusals before any decision

    private func refuse(_ head: RequestHead, _ refusal: CanonicalRequest.Refusal) {
        let kind: LocalPage.Kind =
            switch refusal {
            case .methodNotAllowed: .methodNotAllowed
            case .unknownHost: .unknownHost
            case .bad(let detail): .badRequest(status: 400, detail: detail)
            }
        // What could not be read as a request is no ground to read a further one from.
        machine.endAfterThisExchange()
        let id = loop.nextRequestID()
        let (status, bytes) = sendPage(kind, id: id, head: head, fields: [])
        recordRefusal(id, head, status: status, responseBytes: bytes, reason: "\(refusal)")
        proceed(machine.responseEnded())
    }

    func refuseMalformed(_ error: WireError) {
        machine.linger()
        let id = loop.nextRequestID()
        let (status, bytes) = sendPage(
            .badRequest(status: error.status, detail: error.rawValue),
            id: id,
            head: nil,
            fields: []
        )
        recordRefusal(id, nil, status: status, responseBytes: bytes, reason: error.rawValue)
        linger()
    }

    func refuseUnfinishedHead() {
        machine.linger()
        let id = loop.nextRequestID()
        let (status, bytes) = sendPage(.requestTimeout, id: id, head: nil, fields: [])
        recordRefusal(id, nil, status: status, responseBytes: bytes, reason: "the head did not arrive in time")
        linger()
    }

    /// A request that never became an exchange has its line in the access log too; what could not be read is empty in it.
    private func recordRefusal(_ id: RequestID, _ head: RequestHead?, status: Int, responseBytes: Int, reason: String) {
        guard let accessLog = loop.accessLog else { return }
        let target = head.map { $0.text($0.target) } ?? ""
        accessLog.record(
            ExchangeRecord(
                requestID: id,
                address: address,
                method: head.map { $0.text($0.method) } ?? "",
                host: head.map { $0.text($0.host.prefix(255)) } ?? "",
                // An absolute form may hold a name and a password; it is no path.
                path: target.utf8.first == 0x2F ? String(target.prefix { $0 != "?" }) : "",
                status: status,
                outcome: .refused,
                reason: reason,
                requestBytes: 0,
                responseBytes: responseBytes,
                duration: 0,
                droppedFields: 0
            )
        )
    }
}
