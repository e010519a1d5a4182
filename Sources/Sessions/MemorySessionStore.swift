package import GatehouseCore
package import NIOCore
internal import Synchronization

/// Sessions of a single node, gone with its process. Serves the first try and the smallest installations.
package final class MemorySessionStore: SessionStore {
    /// Tickets of one session that may wait at once; over that its oldest goes. A visit makes one.
    private static let ticketsPerSession = 16
    /// Sessions that one person may have at once; over that the oldest ends.
    private static let sessionsPerPerson = 64
    /// Tokens that one session may have on one host: one a tab that came back at the same moment.
    private static let tokensPerHost = 8
    /// How long an ended session is remembered, so that a late request learns why.
    private static let memoryOfEnds: Duration = .seconds(600)

    private struct Record {
        var session: Session
        let idle: Duration
        var tokens: [(digest: TokenDigest, host: String)]
        /// Oldest first.
        var tickets: [TokenDigest] = []
    }

    private struct WaitingTicket {
        let ticket: Ticket
        let end: Timestamp
    }

    private struct Storage {
        var records: [SessionID: Record] = [:]
        var sessionByToken: [TokenDigest: SessionID] = [:]
        /// Oldest first.
        var sessionsByPerson: [SubjectID: [SessionID]] = [:]
        var tickets: [TokenDigest: WaitingTicket] = [:]
        var ended: [TokenDigest: (cause: SessionEnd, host: String, at: Timestamp)] = [:]
        var nextSweep = Timestamp(milliseconds: 0)
    }

    package let clock: WallClock
    private let ended: @Sendable (SessionEnd, Int) -> Void
    private let storage = Mutex(Storage())

    /// - Parameter ended: told how many sessions were ended before their time.
    package init(
        clock: WallClock = .steady,
        ended: @escaping @Sendable (SessionEnd, Int) -> Void = { _, _ in }
    ) {
        self.clock = clock
        self.ended = ended
    }

    package func create(_ beginning: SessionBeginning, on eventLoop: any EventLoop) -> EventLoopFuture<Session> {
        let now = clock.now()
        let absoluteEnd = now + beginning.lifetime.absolute
        let session = Session(
            id: .random(),
            facts: beginning.facts,
            authenticationMethods: beginning.authenticationMethods,
            client: beginning.client,
            createdAt: now,
            absoluteEnd: absoluteEnd,
            idleEnd: min(absoluteEnd, now + beginning.lifetime.idle)
        )
        storage.withLock { storage in
            sweep(&storage, now)
            let held = storage.sessionsByPerson[session.subject.id] ?? []
            if held.count >= Self.sessionsPerPerson, let oldest = held.first {
                Self.remove(oldest, cause: .replaced, at: now, from: &storage)
            }
            storage.sessionsByPerson[session.subject.id, default: []].append(session.id)
            storage.records[session.id] = Record(
                session: session,
                idle: beginning.lifetime.idle,
                tokens: [(beginning.token, beginning.host)]
            )
            storage.sessionByToken[beginning.token] = session.id
        }
        return eventLoop.makeSucceededFuture(session)
    }

    package func lookUp(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        eventLoop.makeSucceededFuture(find(token, host: host, touching: touching))
    }

    package func lookUpAtOnce(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> SessionLookup? {
        find(token, host: host, touching: touching)
    }

    private func find(_ token: TokenDigest, host: String, touching: Bool) -> SessionLookup {
        let now = clock.now()
        return storage.withLock { storage -> SessionLookup in
            sweep(&storage, now)
            guard let id = storage.sessionByToken[token] else {
                guard let past = storage.ended[token], past.host == host, now - past.at < Self.memoryOfEnds else {
                    return .unknown
                }
                return .ended(past.cause)
            }
            guard let place = storage.records.index(forKey: id),
                storage.records.values[place].tokens.contains(where: { $0.digest == token && $0.host == host })
            else { return .unknown }
            let session = storage.records.values[place].session
            if let cause = Self.end(of: session, at: now) {
                Self.remove(id, cause: cause, at: now, from: &storage)
                return .ended(cause)
            }
            if touching {
                // Never earlier than it was: a clock that is put back and forth ends nobody's session.
                let idleEnd = min(session.absoluteEnd, now + storage.records.values[place].idle)
                if idleEnd - session.idleEnd >= SessionTouch.least(of: storage.records.values[place].idle) {
                    let touched = session.with(idleEnd: idleEnd)
                    storage.records.values[place].session = touched
                    return .live(touched)
                }
            }
            return .live(session)
        }
    }

    package func keep(_ ticket: Ticket, on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        let now = clock.now()
        let isKept = storage.withLock { storage -> Bool in
            sweep(&storage, now)
            guard var record = storage.records[ticket.session], Self.end(of: record.session, at: now) == nil else {
                return false
            }
            record.tickets.removeAll { storage.tickets[$0] == nil }
            if record.tickets.count >= Self.ticketsPerSession {
                storage.tickets[record.tickets.removeFirst()] = nil
            }
            record.tickets.append(ticket.digest)
            storage.records[ticket.session] = record
            storage.tickets[ticket.digest] = WaitingTicket(ticket: ticket, end: now + Ticket.lifetime)
            return true
        }
        return eventLoop.makeSucceededFuture(isKept)
    }

    package func redeem(
        _ ticket: TokenDigest,
        host: String,
        state: String,
        token: TokenDigest,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<TicketRedemption> {
        let now = clock.now()
        let result = storage.withLock { storage -> TicketRedemption in
            sweep(&storage, now)
            guard let waiting = storage.tickets.removeValue(forKey: ticket), now < waiting.end,
                waiting.ticket.host == host, waiting.ticket.state == state,
                var record = storage.records[waiting.ticket.session]
            else { return .refused }
            if let cause = Self.end(of: record.session, at: now) {
                Self.remove(waiting.ticket.session, cause: cause, at: now, from: &storage)
                return .refused
            }
            let onHost = record.tokens.filter { $0.host == host }
            if onHost.count >= Self.tokensPerHost, let oldest = onHost.first {
                record.tokens.removeAll { $0.digest == oldest.digest }
                storage.sessionByToken[oldest.digest] = nil
            }
            record.tokens.append((token, host))
            storage.records[waiting.ticket.session] = record
            storage.sessionByToken[token] = waiting.ticket.session
            return .redeemed(session: record.session, destination: waiting.ticket.destination)
        }
        return eventLoop.makeSucceededFuture(result)
    }

    package func end(
        _ session: SessionID,
        of subject: SubjectID,
        cause: SessionEnd,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        let now = clock.now()
        let wasLive = storage.withLock { storage -> Bool in
            guard storage.records[session]?.session.subject.id == subject else { return false }
            return Self.remove(session, cause: cause, at: now, from: &storage)
        }
        if wasLive { ended(cause, 1) }
        return eventLoop.makeSucceededFuture(wasLive)
    }

    package func endAll(
        of subject: SubjectID,
        cause: SessionEnd,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Int> {
        let now = clock.now()
        let count = storage.withLock { storage in
            (storage.sessionsByPerson[subject] ?? []).reduce(0) { count, id in
                count + (Self.remove(id, cause: cause, at: now, from: &storage) ? 1 : 0)
            }
        }
        if count > 0 { ended(cause, count) }
        return eventLoop.makeSucceededFuture(count)
    }

    package func rotate(
        _ session: SessionID,
        of subject: SubjectID,
        token: TokenDigest,
        host: String,
        authenticationMethods: [String],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Session?> {
        let now = clock.now()
        let rotated = change(session, of: subject, at: now) { record, storage in
            for old in record.tokens {
                storage.sessionByToken[old.digest] = nil
                storage.ended[old.digest] = (.replaced, old.host, now)
            }
            record.tokens = [(token, host)]
            storage.sessionByToken[token] = session
            record.session = record.session.with(authenticationMethods: authenticationMethods)
        }
        return eventLoop.makeSucceededFuture(rotated)
    }

    package func renew(
        _ session: SessionID,
        facts: SessionFacts,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Session?> {
        let renewed = change(session, of: facts.subject.id, at: clock.now()) { record, _ in
            // What was asked later stays.
            if facts.checkedAt >= record.session.facts.checkedAt { record.session = record.session.with(facts: facts) }
        }
        return eventLoop.makeSucceededFuture(renewed)
    }

    /// - Returns: the session as the body left it; `nil` where it is not live.
    private func change(
        _ session: SessionID,
        of subject: SubjectID,
        at now: Timestamp,
        _ body: (inout Record, inout Storage) -> Void
    ) -> Session? {
        storage.withLock { storage in
            guard var record = storage.records[session], record.session.subject.id == subject,
                Self.end(of: record.session, at: now) == nil
            else { return nil }
            body(&record, &storage)
            storage.records[session] = record
            return record.session
        }
    }

    package func drop(_ token: TokenDigest, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let now = clock.now()
        storage.withLock { storage in
            guard let id = storage.sessionByToken.removeValue(forKey: token) else { return }
            let held = storage.records[id]?.tokens.first { $0.digest == token }
            storage.records[id]?.tokens.removeAll { $0.digest == token }
            if let held { storage.ended[token] = (.signedOut, held.host, now) }
        }
        return eventLoop.makeSucceededVoidFuture()
    }

    package func sessions(of subject: SubjectID?, on eventLoop: any EventLoop) -> EventLoopFuture<[Session]> {
        let now = clock.now()
        let live = storage.withLock { storage in
            storage.records.values.map(\.session).filter { session in
                (subject == nil || session.subject.id == subject) && Self.end(of: session, at: now) == nil
            }
        }
        return eventLoop.makeSucceededFuture(live.sorted { $0.createdAt < $1.createdAt })
    }

    private static func end(of session: Session, at now: Timestamp) -> SessionEnd? {
        if now >= session.absoluteEnd { return .absolute }
        return now >= session.idleEnd ? .idle : nil
    }

    /// - Returns: whether it was live; one that was over already keeps the cause of that.
    @discardableResult
    private static func remove(
        _ id: SessionID,
        cause: SessionEnd,
        at now: Timestamp,
        from storage: inout Storage
    ) -> Bool {
        guard let record = storage.records.removeValue(forKey: id) else { return false }
        let past = Self.end(of: record.session, at: now)
        let person = record.session.subject.id
        storage.sessionsByPerson[person]?.removeAll { $0 == id }
        if storage.sessionsByPerson[person]?.isEmpty == true { storage.sessionsByPerson[person] = nil }
        for ticket in record.tickets { storage.tickets[ticket] = nil }
        for token in record.tokens {
            storage.sessionByToken[token.digest] = nil
            storage.ended[token.digest] = (past ?? cause, token.host, now)
        }
        return past == nil
    }

    /// Now and then, so that what nobody asks for again goes too. It walks everything under the lock: rarely, therefore;
    /// each answer judges its own record by the clock anyway.
    private func sweep(_ storage: inout Storage, _ now: Timestamp) {
        guard now >= storage.nextSweep else { return }
        storage.nextSweep = now + .seconds(15)
        for (id, record) in storage.records {
            if let cause = Self.end(of: record.session, at: now) {
                Self.remove(id, cause: cause, at: now, from: &storage)
            }
        }
        storage.tickets = storage.tickets.filter { now < $0.value.end }
        storage.ended = storage.ended.filter { now - $0.value.at < Self.memoryOfEnds }
    }
}
