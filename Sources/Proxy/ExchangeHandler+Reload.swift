internal import GatehouseCore
internal import HTTPWire
internal import NIOCore
internal import Policy
internal import Sessions

/// What a reload means for an exchange that is running: it keeps its snapshot, and ends if the new one does not permit it.
extension ExchangeHandler {
    /// Judges what is being forwarded by the snapshot in force, with the session that it has.
    /// - Returns: whether it has to be looked at again, because it is not forwarded yet.
    func judgeAnew() -> Bool {
        guard isAdmitted else {
            if exchange == nil || machine.phase == .lingering { closeWhenWritten() } else { abort(Self.verdict) }
            return false
        }
        guard let exchange, exchange.app != nil, (exchange.judgedUnder ?? exchange.snapshot) !== loop.snapshot else {
            return false
        }
        switch machine.phase {
        case .lookingUp, .refreshing, .connecting: return true
        case .forwarding: break
        case .awaitingHead, .collecting, .responding, .draining, .lingering, .closed: return false
        }
        exchange.judgedUnder = loop.snapshot
        guard let session = exchange.session else {
            judge(exchange, nil)
            return false
        }
        let person = loop.person(of: session, under: loop.snapshot)
        switch person.standing {
        case .current: judge(exchange, person)
        case .foreign: judge(exchange, nil)
        case .outdated: judgeRefreshed(exchange, person)
        }
        return false
    }

    private static var verdict: String { "no longer permitted" }

    private func judgeRefreshed(_ exchange: Exchange, _ person: Person) {
        let snapshot = loop.snapshot
        loop.refreshes.refresh(person.session).assumeIsolated().whenComplete { result in
            // Over meanwhile, or a further reload has asked anew.
            guard self.exchange === exchange, case .forwarding = self.machine.phase, self.loop.snapshot === snapshot
            else { return }
            switch result {
            case .success(nil): self.judge(exchange, nil)
            case .success(let session?):
                exchange.session = session
                self.judge(exchange, self.loop.person(of: session, under: snapshot))
            case .failure(let error):
                self.reportUnrefreshed("\(error)")
                self.judge(exchange, person)
            }
        }
    }

    private func judge(_ exchange: Exchange, _ person: Person?) {
        if !isPermitted(exchange, person, under: loop.snapshot) { abort(Self.verdict) }
    }

    /// The path that was sent is what is judged: where the new configuration would send another one, or send it to another
    /// app, the request is not the one that it permits.
    private func isPermitted(_ exchange: Exchange, _ person: Person?, under snapshot: ProxySnapshot) -> Bool {
        let head = exchange.head
        let testimony = testimony(head, under: snapshot)
        let authority = head.bytes.readableBytesUInt8Span.extracting(testimony.host ?? head.host)
        guard let served = exchange.app, let host = snapshot.routes.host(of: authority) else { return false }
        let question = Question(
            method: exchange.request.method,
            address: client(testimony).address,
            principal: person?.principal
        )
        return exchange.request.withPath(head) { path in
            guard let place = try? snapshot.routes.place(on: host, path: path), case .unchanged = place.form,
                case .app(let app) = place.owner,
                snapshot.routes.apps[app].name == exchange.snapshot.routes.apps[served].name
            else { return false }
            let decision = snapshot.authorizer.decide(app: app, on: host, path: path, question: question)
            if case .permit = consume decision { return true }
            return false
        }
    }
}
