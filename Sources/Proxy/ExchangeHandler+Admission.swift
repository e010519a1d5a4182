internal import GatehouseCore
internal import HTTPWire
internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// From a head to a decision.
extension ExchangeHandler {
    func begin(_ head: RequestHead) {
        // A request that is here already is not left behind because the server will stop.
        let isLast = loop.stage != .serving && (head.framing.hasBody || inbound.readableBytes == 0)
        machine.headReceived(keepsAlive: head.keepsAlive && !isLast, hasBody: head.framing.hasBody)
        decoder = BodyDecoder(head.framing)
        let snapshot = loop.snapshot
        let testimony = testimony(head, under: snapshot)
        let request: CanonicalRequest
        do throws(CanonicalRequest.Refusal) {
            request = try CanonicalRequest(head, snapshot.routes, forwardedHost: testimony.host)
        } catch {
            return refuse(head, testimony, error)
        }
        exchange = Exchange(
            id: loop.nextRequestID(),
            snapshot: snapshot,
            cookies: loop.cookies,
            head: head,
            request: request,
            client: client(testimony),
            scheme: testimony.scheme,
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
            decide(app, nil)
        case .malformed:
            exchange?.clearsSessionCookie = true
            decide(app, nil)
        case .several:
            exchange?.clearsSessionCookie = true
            exchange?.hasSeveralSessionCookies = true
            decide(app, nil)
        case .token(let token):
            let digest = token.digest
            let host = request.host.name
            let touches = !isPassive(head, request, app)
            if let found = loop.store.lookUpAtOnce(digest, host: host, touching: touches, on: loop.eventLoop) {
                return sessionFound(found, app)
            }
            machine.lookUp()
            deadline(.seconds(5))
            let number = machine.exchange
            loop.store.lookUp(digest, host: host, touching: touches, on: loop.eventLoop)
                .assumeIsolated().whenComplete { result in self.sessionAnswered(result, app, number) }
        }
    }

    /// Whether the request is none that a person makes.
    private func isPassive(_ head: RequestHead, _ request: CanonicalRequest, _ app: RouteTable.AppIndex) -> Bool {
        guard let exchange, !exchange.snapshot.forwarding[app].passive.isEmpty else { return false }
        return request.withPath(head) { path in
            exchange.snapshot.forwarding[app].passive.contains { $0.matches(path, caseFolded: false) }
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
            if let count = loop.outages.failed(at: .now()) {
                loop.logger.error("session store failed", metadata: ["error": "\(error)", "count": "\(count)"])
            }
            storeFailed("the session store failed")
        }
        process()
    }

    /// Who asks is not known, which is neither "nobody" nor "signed out": the cookie stays.
    func storeFailed(_ reason: String) {
        reply(.unavailable, outcome: .failed, reason: reason, fields: [("Retry-After", "2")])
    }

    private func sessionFound(_ found: SessionLookup, _ app: RouteTable.AppIndex) {
        guard let exchange else { return }
        guard case .live(let session) = found else { return sessionIsOver(app) }
        let person = loop.person(of: session, under: exchange.snapshot)
        switch person.standing {
        case .current: decide(app, person)
        case .outdated: refresh(person, app)
        case .foreign: sessionIsOver(app)
        }
    }

    func sessionIsOver(_ app: RouteTable.AppIndex) {
        exchange?.clearsSessionCookie = true
        decide(app, nil)
    }

    func decide(_ app: RouteTable.AppIndex, _ person: Person?) {
        guard let exchange else { return }
        exchange.session = person?.session
        let question = Question(
            method: exchange.request.method,
            address: exchange.client.address,
            principal: person?.principal
        )
        let decision = exchange.request.withPath(exchange.head) { path in
            exchange.snapshot.authorizer.decide(app: app, on: exchange.request.host, path: path, question: question)
        }
        switch consume decision {
        case .permit(let permit):
            if let person, isKnown(person, to: exchange.snapshot.routes.apps[app].directories) {
                guard let block = loop.identityBlock(of: person, for: app, under: exchange.snapshot) else {
                    loop.logger.error(
                        "a person has no usable user value",
                        metadata: exchange.logged.merging(["subject": "\(person.session.subject.id)"]) { $1 }
                    )
                    return reply(.unavailable, outcome: .failed, reason: "no usable user value")
                }
                exchange.identity = block
            }
            exchange.rule = permit.rule
            self.permit = consume permit
            connect(app)
        case .challenge(let rule):
            exchange.rule = rule
            challenge(exchange.snapshot.routes.apps[app])
        case .deny(let denial):
            exchange.rule = denial.rule
            let subject = person?.session.subject
            reply(
                .denied(
                    app: exchange.snapshot.routes.apps[app].title,
                    denial,
                    user: subject?.name ?? subject?.user
                ),
                outcome: .denied,
                reason: denial.reason.code
            )
        }
    }

    private func isKnown(_ person: Person, to directories: Set<String>?) -> Bool {
        directories?.contains(person.session.subject.id.realm) ?? true
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

    private func refuse(_ head: RequestHead, _ testimony: ProxyTestimony, _ refusal: CanonicalRequest.Refusal) {
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
        recordRefusal(id, head, testimony, status: status, responseBytes: bytes, reason: "\(refusal)")
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
    private func recordRefusal(
        _ id: RequestID,
        _ head: RequestHead?,
        _ testimony: ProxyTestimony = ProxyTestimony(),
        status: Int,
        responseBytes: Int,
        reason: String
    ) {
        guard let accessLog = loop.accessLog else { return }
        let target = head.map { $0.text($0.target) } ?? ""
        accessLog.record(
            ExchangeRecord(
                requestID: id,
                address: client(testimony).address,
                method: head.map { $0.text($0.method) } ?? "",
                methodName: head.flatMap { RequestMethod(rawValue: $0.text($0.method)) } ?? .other,
                host: head.map { $0.text((testimony.host ?? $0.host).prefix(255)) } ?? "",
                // An absolute form may hold a name and a password; it is no path.
                path: target.utf8.first == 0x2F ? String(target.prefix { $0 != "?" }) : "",
                status: status,
                outcome: .refused,
                reason: reason,
                auditsPermitted: false,
                requestBytes: 0,
                responseBytes: responseBytes,
                duration: 0,
                droppedFields: 0
            )
        )
    }
}
