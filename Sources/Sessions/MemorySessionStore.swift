package import GatehouseCore
package import NIOCore
internal import Synchronization

/// Sessions of a single node, gone with its process. Serves the first try and the smallest installations.
package final class MemorySessionStore: SessionStore {
    /// Tickets that may wait at once; over that the oldest goes. One sign-in makes one.
    private static let ticketLimit = 100_000
    /// Tokens that one session may have on one host: one a tab that came back at the same moment.
    private static let tokensPerHost = 8
    /// How long an ended session is remembered, so that a late request learns why.
    private static let memoryOfEnds: Duration = .seconds(600)

    private struct Record {
        var session: Session
        let idle: Duration
        var tokens: [(digest: TokenDigest, host: String)]
    }

    private struct WaitingTicket {
        let ticket: Ticket
        let end: Timestamp
    }

    private struct Storage {
        var records: [SessionID: Record] = [:]
        var sessionByToken: [TokenDigest: SessionID] = [:]
        var tickets: [TokenDigest: WaitingTicket] = [:]
        var ended: [TokenDigest: (cause: SessionEnd, at: Timestamp)] = [:]
        var nextSweep = Timestamp(milliseconds: 0)
    }

    private let clock: WallClock
    private let storage = Mutex(Storage())

    package init(clock: WallClock = .system) {
        self.clock = clock
    }

    package func create(_ beginning: SessionBeginning, on eventLoop: any EventLoop) -> EventLoopFuture<Session> {
        let now = clock.now()
        let absoluteEnd = now + beginning.lifetime.absolute
        let session = Session(
            id: .random(),
            subject: beginning.subject,
            authenticationMethods: beginning.authenticationMethods,
            createdAt: now,
            absoluteEnd: absoluteEnd,
            idleEnd: min(absoluteEnd, now + beginning.lifetime.idle)
        )
        storage.withLock { storage in
            sweep(&storage, now)
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
        let now = clock.now()
        let result = storage.withLock { storage -> SessionLookup in
            sweep(&storage, now)
            guard let id = storage.sessionByToken[token] else {
                return storage.ended[token].map { .ended($0.cause) } ?? .unknown
            }
            guard let record = storage.records[id], record.tokens.contains(where: { $0.digest == token && $0.host == host })
            else { return .unknown }
            if let cause = Self.end(of: record.session, at: now) {
                Self.remove(id, cause: cause, at: now, from: &storage)
                return .ended(cause)
            }
            if touching {
                storage.records[id]?.session.idleEnd = min(record.session.absoluteEnd, now + record.idle)
            }
            return .live(storage.records[id]?.session ?? record.session)
        }
        return eventLoop.makeSucceededFuture(result)
    }

    package func keep(_ ticket: Ticket, on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        let now = clock.now()
        let isKept = storage.withLock { storage -> Bool in
            sweep(&storage, now)
            guard let record = storage.records[ticket.session], Self.end(of: record.session, at: now) == nil else {
                return false
            }
            if storage.tickets.count >= Self.ticketLimit,
                let oldest = storage.tickets.min(by: { $0.value.end < $1.value.end })
            {
                storage.tickets[oldest.key] = nil
            }
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

    package func end(_ session: SessionID, cause: SessionEnd, on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        let now = clock.now()
        let wasLive = storage.withLock { storage -> Bool in
            guard let record = storage.records[session] else { return false }
            let isLive = Self.end(of: record.session, at: now) == nil
            Self.remove(session, cause: cause, at: now, from: &storage)
            return isLive
        }
        return eventLoop.makeSucceededFuture(wasLive)
    }

    package func drop(_ token: TokenDigest, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let now = clock.now()
        storage.withLock { storage in
            guard let id = storage.sessionByToken.removeValue(forKey: token) else { return }
            storage.records[id]?.tokens.removeAll { $0.digest == token }
            storage.ended[token] = (.signedOut, now)
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

    private static func remove(_ id: SessionID, cause: SessionEnd, at now: Timestamp, from storage: inout Storage) {
        guard let record = storage.records.removeValue(forKey: id) else { return }
        for token in record.tokens {
            storage.sessionByToken[token.digest] = nil
            storage.ended[token.digest] = (cause, now)
        }
    }

    /// Once a second at most, so that what nobody asks for again goes too.
    private func sweep(_ storage: inout Storage, _ now: Timestamp) {
        guard now >= storage.nextSweep else { return }
        storage.nextSweep = now + .seconds(1)
        for (id, record) in storage.records {
            if let cause = Self.end(of: record.session, at: now) { Self.remove(id, cause: cause, at: now, from: &storage) }
        }
        storage.tickets = storage.tickets.filter { now < $0.value.end }
        storage.ended = storage.ended.filter { now - $0.value.at < Self.memoryOfEnds }
    }
}
