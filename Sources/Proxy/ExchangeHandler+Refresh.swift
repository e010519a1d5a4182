internal import Logging
internal import NIOCore
internal import Policy
internal import Sessions

/// People whose facts are not those that the configuration speaks of: the directory is asked before they are judged. Where
/// it cannot answer, they are judged by what it said before: a session of before a reload is no worse for an outage.
extension ExchangeHandler {
    func refresh(_ person: Person, _ app: RouteTable.AppIndex) {
        guard let exchange else { return }
        if let moment = person.asksAgainAt, exchange.startedAt < moment { return decide(app, person) }
        exchange.session = person.session
        machine.refresh()
        deadline(FactsRefreshes.limit)
        let number = machine.exchange
        loop.refreshes.refresh(person.session).assumeIsolated().whenComplete { result in
            self.refreshAnswered(result, app, number)
        }
    }

    private func refreshAnswered(
        _ result: Result<Session?, any Error>,
        _ app: RouteTable.AppIndex,
        _ number: UInt64
    ) {
        guard machine.phase == .refreshing, machine.exchange == number, let exchange else { return }
        switch result {
        case .success(nil): sessionIsOver(app)
        // Whatever digest it has now: there is nothing newer to be had.
        case .success(let session?): decide(app, loop.person(of: session, under: exchange.snapshot))
        case .failure(let error): refreshFailed("\(error)")
        }
        process()
    }

    func refreshFailed(_ error: String) {
        guard let exchange, let session = exchange.session, let app = exchange.app else { return }
        let person = loop.person(of: session, under: exchange.snapshot)
        person.asksAgainAt = .now() + FactsRefreshes.pause
        reportUnrefreshed(error)
        decide(app, person)
    }

    func reportUnrefreshed(_ error: String) {
        guard let count = loop.outages.failed(at: .now()) else { return }
        loop.logger.warning(
            "people could not be read anew; they are judged by what the directory said before",
            metadata: ["error": "\(error)", "count": "\(count)"]
        )
    }
}
