package import GatehouseCore
package import NIOCore

/// Where sessions live. Every method takes the caller's event loop and answers on it, so that the data plane never hops;
/// portal and commands use the `async` forms of the extension. Every implementation passes the conformance suite
/// `SessionStoreConformance`.
///
/// A future fails only when the store cannot answer; "no such session" is an answer.
package protocol SessionStore: Sendable {
    /// The clock by which the times of its sessions are, whatever the clock of this machine says.
    var clock: WallClock { get }

    /// Begins a session and its first token, on the host that signed the person in.
    func create(_ beginning: SessionBeginning, on eventLoop: any EventLoop) -> EventLoopFuture<Session>

    /// Finds the session that a token stands for on this host.
    /// - Parameter touching: whether this is activity, which moves the idle end. Never brings an ended session back.
    func lookUp(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLookup>

    /// The same, for a store that has the answer at hand: no future is made. `nil` where it has to be waited for.
    /// Called on the loop.
    func lookUpAtOnce(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> SessionLookup?

    /// Keeps a ticket until it is redeemed or 60 seconds have passed. `false` when its session is not live.
    func keep(_ ticket: Ticket, on eventLoop: any EventLoop) -> EventLoopFuture<Bool>

    /// Takes a ticket, once whatever the number of tries, and makes `token` stand for its session on its host. A ticket
    /// presented with another host or state is used up all the same.
    func redeem(
        _ ticket: TokenDigest,
        host: String,
        state: String,
        token: TokenDigest,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<TicketRedemption>

    /// Ends a session on every host. `false` when it was not live.
    func end(
        _ session: SessionID,
        of subject: SubjectID,
        cause: SessionEnd,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool>

    /// Ends every session of a person, those that are being made at this moment included.
    /// - Returns: how many were live.
    func endAll(of subject: SubjectID, cause: SessionEnd, on eventLoop: any EventLoop) -> EventLoopFuture<Int>

    /// A change of privilege: the session goes on with a new token on this host, and every token of before, on whichever
    /// host, is worth nothing. `nil` when it was not live.
    func rotate(
        _ session: SessionID,
        of subject: SubjectID,
        token: TokenDigest,
        host: String,
        authenticationMethods: [String],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Session?>

    /// Puts what the directory says now in the place of what it said before; neither end moves. `nil` when the session is
    /// not live.
    func renew(_ session: SessionID, facts: SessionFacts, on eventLoop: any EventLoop) -> EventLoopFuture<Session?>

    /// Makes one token worthless and leaves its session alone: sign-out of one app.
    func drop(_ token: TokenDigest, on eventLoop: any EventLoop) -> EventLoopFuture<Void>

    /// The live sessions of one person, or of everybody, oldest first.
    func sessions(of subject: SubjectID?, on eventLoop: any EventLoop) -> EventLoopFuture<[Session]>
}

extension SessionStore {
    package func lookUpAtOnce(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        on eventLoop: any EventLoop
    ) -> SessionLookup? { nil }
}

/// What a new session is made of.
package struct SessionBeginning: Sendable {
    package let facts: SessionFacts
    package let authenticationMethods: [String]
    package let token: TokenDigest
    package let host: String
    package let lifetime: SessionLifetime
    package let client: SessionClient

    package init(
        facts: SessionFacts,
        authenticationMethods: [String],
        token: TokenDigest,
        host: String,
        lifetime: SessionLifetime,
        client: SessionClient = SessionClient()
    ) {
        self.facts = facts
        self.authenticationMethods = authenticationMethods
        self.token = token
        self.host = host
        self.lifetime = lifetime
        self.client = client
    }
}

extension SessionStore {
    package func create(_ beginning: SessionBeginning, near eventLoop: any EventLoop) async throws -> Session {
        try await create(beginning, on: eventLoop).get()
    }

    package func lookUp(
        _ token: TokenDigest,
        host: String,
        touching: Bool,
        near eventLoop: any EventLoop
    ) async throws -> SessionLookup {
        try await lookUp(token, host: host, touching: touching, on: eventLoop).get()
    }

    package func keep(_ ticket: Ticket, near eventLoop: any EventLoop) async throws -> Bool {
        try await keep(ticket, on: eventLoop).get()
    }

    package func redeem(
        _ ticket: TokenDigest,
        host: String,
        state: String,
        token: TokenDigest,
        near eventLoop: any EventLoop
    ) async throws -> TicketRedemption {
        try await redeem(ticket, host: host, state: state, token: token, on: eventLoop).get()
    }

    package func end(
        _ session: SessionID,
        of subject: SubjectID,
        cause: SessionEnd,
        near eventLoop: any EventLoop
    ) async throws -> Bool {
        try await end(session, of: subject, cause: cause, on: eventLoop).get()
    }

    package func endAll(
        of subject: SubjectID,
        cause: SessionEnd,
        near eventLoop: any EventLoop
    ) async throws -> Int {
        try await endAll(of: subject, cause: cause, on: eventLoop).get()
    }

    package func rotate(
        _ session: SessionID,
        of subject: SubjectID,
        token: TokenDigest,
        host: String,
        authenticationMethods: [String],
        near eventLoop: any EventLoop
    ) async throws -> Session? {
        try await rotate(
            session,
            of: subject,
            token: token,
            host: host,
            authenticationMethods: authenticationMethods,
            on: eventLoop
        ).get()
    }

    package func renew(
        _ session: SessionID,
        facts: SessionFacts,
        near eventLoop: any EventLoop
    ) async throws -> Session? {
        try await renew(session, facts: facts, on: eventLoop).get()
    }

    package func drop(_ token: TokenDigest, near eventLoop: any EventLoop) async throws {
        try await drop(token, on: eventLoop).get()
    }

    package func sessions(of subject: SubjectID?, near eventLoop: any EventLoop) async throws -> [Session] {
        try await sessions(of: subject, on: eventLoop).get()
    }
}
