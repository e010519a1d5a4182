import GatehouseCore
import NIOCore
import Sessions

/// A store that does something of its own before the one in memory answers. A look-up has to be waited for, unless the
/// store says otherwise.
protocol WrappingStore: SessionStore {
    var inner: MemorySessionStore { get }
}

extension WrappingStore {
    var clock: WallClock { inner.clock }

    func lookUp(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        inner.lookUp(token, host: host, touching: touching, on: eventLoop)
    }

    func create(_ beginning: SessionBeginning, on eventLoop: any EventLoop) -> EventLoopFuture<Session> {
        inner.create(beginning, on: eventLoop)
    }

    func keep(_ ticket: Ticket, on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        inner.keep(ticket, on: eventLoop)
    }

    func redeem(
        _ ticket: TokenDigest,
        host: String,
        state: String,
        token: TokenDigest,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<TicketRedemption> {
        inner.redeem(ticket, host: host, state: state, token: token, on: eventLoop)
    }

    func end(
        _ session: SessionID,
        of subject: SubjectID,
        cause: SessionEnd,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        inner.end(session, of: subject, cause: cause, on: eventLoop)
    }

    func endAll(of subject: SubjectID, cause: SessionEnd, on eventLoop: any EventLoop) -> EventLoopFuture<Int> {
        inner.endAll(of: subject, cause: cause, on: eventLoop)
    }

    func rotate(
        _ session: SessionID,
        of subject: SubjectID,
        token: TokenDigest,
        host: String,
        authenticationMethods: [String],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Session?> {
        inner.rotate(
            session,
            of: subject,
            token: token,
            host: host,
            authenticationMethods: authenticationMethods,
            on: eventLoop
        )
    }

    func renew(_ session: SessionID, facts: SessionFacts, on eventLoop: any EventLoop) -> EventLoopFuture<Session?> {
        inner.renew(session, facts: facts, on: eventLoop)
    }

    func drop(_ token: TokenDigest, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        inner.drop(token, on: eventLoop)
    }

    func sessions(of subject: SubjectID?, on eventLoop: any EventLoop) -> EventLoopFuture<[Session]> {
        inner.sessions(of: subject, on: eventLoop)
    }
}

/// Holds each look-up until the test lets it go.
struct HoldingStore: WrappingStore {
    let inner: MemorySessionStore
    let held: Observed<[@Sendable () -> Void]>
    var fails = false

    struct Broken: Error {}

    func lookUp(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        let promise = eventLoop.makePromise(of: SessionLookup.self)
        let (inner, fails) = (inner, fails)
        held.update {
            $0.append {
                if fails { return promise.fail(Broken()) }
                eventLoop.execute {
                    inner.lookUp(token, host: host, touching: touching, on: eventLoop).cascade(to: promise)
                }
            }
        }
        return promise.futureResult
    }
}

/// Notes of each look-up whether it is activity.
struct TouchNotingStore: WrappingStore {
    let inner: MemorySessionStore
    let touches: Observed<[Bool]>
    /// Whether it has its answers at hand.
    let answersAtOnce: Bool

    func lookUpAtOnce(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> SessionLookup? {
        guard answersAtOnce else { return nil }
        touches.update { $0.append(touching) }
        return inner.lookUpAtOnce(token, host: host, touching: touching, on: eventLoop)
    }

    func lookUp(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup> {
        touches.update { $0.append(touching) }
        return inner.lookUp(token, host: host, touching: touching, on: eventLoop)
    }
}
