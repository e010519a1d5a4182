internal import GatehouseCore
package import NIOCore
package import Sessions
internal import Testing

/// What every ``SessionStore`` must do, whatever it keeps its sessions in. A store's tests run each ``Behaviour`` on a
/// store of its own:
///
///     @Test("keeps the promises of a session store", arguments: SessionStoreConformance.Behaviour.allCases)
///     func conforms(behaviour: SessionStoreConformance.Behaviour) async throws {
///         try await SessionStoreConformance(store: store, time: time, eventLoop: eventLoop).check(behaviour)
///     }
package struct SessionStoreConformance: Sendable {
    /// How a check moves time.
    package struct Time: Sendable {
        /// Lets time pass, for the store and all that it relies on.
        package var pass: @Sendable (Duration) async throws -> Void
        /// Puts the gateway's wall clock forward, or back, as an administrator or NTP does. A store that has no other
        /// clock than that may take it for time that passes.
        package var step: @Sendable (Duration) async throws -> Void
        /// How much time passes by itself meanwhile, at most.
        package var tolerance: Duration

        package init(
            pass: @escaping @Sendable (Duration) async throws -> Void,
            step: @escaping @Sendable (Duration) async throws -> Void,
            tolerance: Duration = .zero
        ) {
            self.pass = pass
            self.step = step
            self.tolerance = tolerance
        }

        /// For a store whose only clock is the manual one.
        package init(_ clock: ManualClock) {
            self.init(pass: { clock.move(by: $0) }, step: { clock.move(by: $0) })
        }
    }

    package enum Behaviour: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case beginning = "a session that begins is found by its token, with all that was said of it"
        case unknownToken = "a token that nobody gave out is unknown"
        case hostBinding = "a token stands for its session on its own host alone"
        case idleEnd = "a session without activity ends at its idle end, not before"
        case activity = "activity moves the idle end, and looking without touching does not"
        case absoluteEnd = "no activity moves the absolute end, nor the idle end beyond it"
        case touchAfterEnd = "touching after an end never revives, whichever end it was"
        case touchAfterRevocation = "a revoked session is dead to a thousand touches in parallel"
        case endEverywhere = "a session ends on every host at once, and once"
        case endUnknown = "a session that is not live cannot be ended"
        case causeOfEnd = "who comes late learns why the session ended, on the token's host alone"
        case endAll = "all sessions of a person end at once, and only theirs"
        case endWrongPerson = "a session cannot be ended in another person's name"
        case rotate = "a rotated session has one token, and those of before are worth nothing on any host"
        case rotateEnded = "a session that has ended is not rotated, and the new token stands for nothing"
        case renew = "renewed facts are what is found from now on, and neither end moves"
        case renewOlder = "facts that were asked for earlier do not take the place of later ones"
        case renewEnded = "a session that has ended is not renewed"
        case dropOne = "dropping a token leaves the session alone on the other hosts"
        case dropUnknown = "dropping a token that is unknown, or dropped before, does nothing"
        case ticket = "a ticket makes a token stand for the session on its host"
        case ticketOnce = "a ticket is redeemed once, whatever the number of parallel tries"
        case ticketWrongHost = "a ticket presented for another host is used up"
        case ticketWrongState = "a ticket presented by another browser is used up"
        case ticketExpiry = "a ticket lasts 60 seconds"
        case ticketUnknown = "a ticket that nobody made is refused, and its token stands for nothing"
        case ticketOfEndedSession = "a ticket is worth nothing once its session has ended"
        case ticketForEndedSession = "no ticket is kept for a session that is not live"
        case ticketIsNoActivity = "redeeming a ticket moves neither end of its session"
        case ownSessions = "the sessions of one person are listed, oldest first, and only theirs"
        case endedSessionsNotListed = "a session that has ended in any way is in no list"
        case stepBack = "a clock put back by a day revives nothing that had ended"
        case stepForward = "a clock put forward by a day and back revives nothing that was revoked meanwhile"
        case stepBackAndForth = "a clock put back by a day for a while ends no session in use when it is right again"
        case ticketStepBack = "a clock put back by a day makes no used ticket good again"

        package var testDescription: String { rawValue }
    }

    package let store: any SessionStore
    package let time: Time
    package let eventLoop: any EventLoop

    package static let lifetime = SessionLifetime(idle: .seconds(15 * 60), absolute: .seconds(8 * 3600))
    private static let portal = "login.example.com"
    private static let crm = "crm.example.com"
    private static let wiki = "wiki.example.com"
    private static let day: Duration = .seconds(86_400)

    package init(store: any SessionStore, time: Time, eventLoop: any EventLoop) {
        self.store = store
        self.time = time
        self.eventLoop = eventLoop
    }

    /// Records an issue for each promise that the store breaks. The store must be empty at the start.
    package func check(_ behaviour: Behaviour) async throws {
        switch behaviour {
        case .beginning: try await checkBeginning()
        case .unknownToken: try await expect(SessionToken.random(), .unknown)
        case .hostBinding: try await checkHostBinding()
        case .idleEnd: try await checkIdleEnd()
        case .activity: try await checkActivity()
        case .absoluteEnd: try await checkAbsoluteEnd()
        case .touchAfterEnd: try await checkTouchAfterEnd()
        case .touchAfterRevocation: try await checkTouchAfterRevocation()
        case .endEverywhere: try await checkEndEverywhere()
        case .endUnknown: try await checkEndUnknown()
        case .causeOfEnd: try await checkCauseOfEnd()
        case .endAll: try await checkEndAll()
        case .endWrongPerson: try await checkEndWrongPerson()
        case .rotate: try await checkRotate()
        case .rotateEnded: try await checkRotateEnded()
        case .renew: try await checkRenew()
        case .renewOlder: try await checkRenewOlder()
        case .renewEnded: try await checkRenewEnded()
        case .dropOne: try await checkDropOne()
        case .dropUnknown: try await checkDropUnknown()
        case .ticket: try await checkTicket()
        case .ticketOnce: try await checkTicketOnce()
        case .ticketWrongHost: try await checkWrongTicket(host: Self.wiki)
        case .ticketWrongState: try await checkWrongTicket(state: "another")
        case .ticketExpiry: try await checkTicketExpiry()
        case .ticketUnknown: try await checkTicketUnknown()
        case .ticketOfEndedSession: try await checkTicketOfEndedSession()
        case .ticketForEndedSession: try await checkTicketForEndedSession()
        case .ticketIsNoActivity: try await checkTicketIsNoActivity()
        case .ownSessions: try await checkOwnSessions()
        case .endedSessionsNotListed: try await checkEndedSessionsNotListed()
        case .stepBack: try await checkStepBack()
        case .stepForward: try await checkStepForward()
        case .stepBackAndForth: try await checkStepBackAndForth()
        case .ticketStepBack: try await checkTicketStepBack()
        }
    }
}

// MARK: - Beginnings and ends

extension SessionStoreConformance {
    private func checkBeginning() async throws {
        let (session, token) = try await begin("alice")
        let other = try await begin("alice").session
        #expect(session.id != other.id)
        #expect(session.facts == Self.facts("alice"))
        #expect(session.client == Self.client)
        #expect(session.authenticationMethods == ["pwd", "otp"])
        #expect(session.idleEnd - session.createdAt == Self.lifetime.idle)
        #expect(session.absoluteEnd - session.createdAt == Self.lifetime.absolute)
        let found = try #require(try await live(token))
        #expect(found.id == session.id)
        #expect(found.facts == session.facts)
        #expect(found.client == session.client)
        #expect(found.authenticationMethods == session.authenticationMethods)
        #expect(found.createdAt == session.createdAt)
        #expect(found.absoluteEnd == session.absoluteEnd)
        #expect(found.idleEnd == session.idleEnd)
    }

    private func checkHostBinding() async throws {
        let token = try await begin("alice").token
        for host in [Self.crm, "", "login.example.com.", "xlogin.example.com", "login.example.co"] {
            try await expect(token, .unknown, host: host, touching: true)
        }
        try await expect(token, .live)
    }

    private func checkIdleEnd() async throws {
        let token = try await begin("alice").token
        try await time.pass(Self.lifetime.idle - .seconds(1))
        try await expect(token, .live)
        try await time.pass(.seconds(2))
        try await expect(token, .ended(.idle))
    }

    private func checkActivity() async throws {
        let (session, token) = try await begin("alice")
        try await time.pass(.seconds(600))
        #expect(try await live(token)?.idleEnd == session.idleEnd)
        let touched = try #require(try await live(token, touching: true))
        let moved = touched.idleEnd - session.idleEnd
        #expect(moved >= .seconds(600) && moved <= .seconds(600) + time.tolerance)
        #expect(touched.absoluteEnd == session.absoluteEnd)
        try await time.pass(.seconds(600))
        try await expect(token, .live)
        try await time.pass(.seconds(301))
        try await expect(token, .ended(.idle))
    }

    private func checkAbsoluteEnd() async throws {
        let (session, token) = try await begin("alice")
        for _ in 0..<(8 * 6 - 1) {
            try await time.pass(.seconds(600))
            let touched = try #require(try await live(token, touching: true))
            #expect(touched.absoluteEnd == session.absoluteEnd)
            #expect(touched.idleEnd <= touched.absoluteEnd)
        }
        try await time.pass(.seconds(599))
        try await expect(token, .live, touching: true)
        try await time.pass(.seconds(2))
        try await expect(token, .ended(.absolute), touching: true)
    }

    private func checkTouchAfterEnd() async throws {
        let revoked = try await begin("alice")
        let idle = try await begin("alice").token
        #expect(try await end(revoked.session, .revoked))
        try await time.pass(Self.lifetime.idle + .seconds(1))
        for _ in 0..<5 {
            // Why it ended may be forgotten by now.
            try await expectDead(revoked.token)
            try await expect(idle, .ended(.idle), touching: true)
            try await time.pass(.seconds(2))
        }
    }

    private func checkTouchAfterRevocation() async throws {
        let (session, token) = try await begin("alice")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<1000 {
                group.addTask {
                    if index == 500 {
                        _ = try await end(session, .revoked)
                    } else {
                        _ = try await look(token, touching: true)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await expect(token, .ended(.revoked), touching: true)
        #expect(try await store.sessions(of: nil, near: eventLoop).isEmpty)
    }

    private func checkEndEverywhere() async throws {
        let (session, token) = try await begin("alice")
        let onCRM = try await enter(Self.crm, session)
        let onWiki = try await enter(Self.wiki, session)
        let bystander = try await begin("alice").token
        #expect(try await end(session, .signedOut))
        try await expect(token, .ended(.signedOut))
        try await expect(onCRM, .ended(.signedOut), host: Self.crm)
        try await expect(onWiki, .ended(.signedOut), host: Self.wiki)
        try await expect(bystander, .live)
        #expect(try await !end(session, .revoked))
        try await expect(token, .ended(.signedOut))
    }

    private func checkEndUnknown() async throws {
        let nobody = Self.person("alice").id
        #expect(try await !store.end(.random(), of: nobody, cause: .revoked, near: eventLoop))
        let (session, token) = try await begin("alice")
        try await time.pass(Self.lifetime.idle + .seconds(1))
        #expect(try await !end(session, .revoked))
        // It ended by itself, and who revoked it too late does not change why.
        #expect(Outcome(try await look(token)) != .ended(.revoked))
    }

    private func checkCauseOfEnd() async throws {
        for cause in SessionEnd.allCases {
            let (session, token) = try await begin("alice")
            #expect(try await end(session, cause))
            try await expect(token, .ended(cause))
            try await expect(token, .unknown, host: Self.crm)
        }
    }

    private func checkDropOne() async throws {
        let (session, token) = try await begin("alice")
        let first = try await enter(Self.crm, session)
        let second = try await enter(Self.crm, session)
        try await store.drop(first.digest, near: eventLoop)
        try await expect(first, .ended(.signedOut), host: Self.crm, touching: true)
        try await expect(second, .live, host: Self.crm)
        try await expect(token, .live)
        #expect(try await store.sessions(of: nil, near: eventLoop).map(\.id) == [session.id])
    }

    private func checkDropUnknown() async throws {
        let (session, token) = try await begin("alice")
        try await store.drop(SessionToken.random().digest, near: eventLoop)
        try await expect(token, .live)
        #expect(try await end(session, .revoked))
        try await store.drop(token.digest, near: eventLoop)
        try await store.drop(token.digest, near: eventLoop)
        try await expect(token, .ended(.revoked))
    }
}

// MARK: - Changes

extension SessionStoreConformance {
    private func checkEndAll() async throws {
        let first = try await begin("alice")
        let second = try await begin("alice")
        let onCRM = try await enter(Self.crm, second.session)
        let bystander = try await begin("bob").token
        #expect(try await store.endAll(of: first.session.subject.id, cause: .revoked, near: eventLoop) == 2)
        try await expect(first.token, .ended(.revoked), touching: true)
        try await expect(second.token, .ended(.revoked))
        try await expect(onCRM, .ended(.revoked), host: Self.crm)
        try await expect(bystander, .live)
        #expect(try await store.endAll(of: first.session.subject.id, cause: .revoked, near: eventLoop) == 0)
        try await time.pass(.seconds(1))
        // Whoever signs in afterwards is signed in.
        try await expect(try await begin("alice").token, .live)
    }

    private func checkEndWrongPerson() async throws {
        let (session, token) = try await begin("alice")
        let other = try await begin("bob").session.subject.id
        #expect(try await !store.end(session.id, of: other, cause: .revoked, near: eventLoop))
        try await expect(token, .live)
    }

    private func checkRotate() async throws {
        let (session, token) = try await begin("alice")
        let onCRM = try await enter(Self.crm, session)
        try await expect(onCRM, .live, host: Self.crm)
        let fresh = SessionToken.random()
        let rotated = try #require(try await rotate(session, to: fresh))
        #expect(rotated.id == session.id)
        #expect(rotated.authenticationMethods == ["pwd", "hwk"])
        #expect(rotated.absoluteEnd == session.absoluteEnd)
        try await expect(fresh, .live)
        #expect(try await live(fresh)?.authenticationMethods == ["pwd", "hwk"])
        try await expectDead(token)
        try await expect(onCRM, .ended(.replaced), host: Self.crm, touching: true)
        // The next navigation fetches a token of its own.
        try await expect(try await enter(Self.crm, rotated), .live, host: Self.crm)
    }

    private func checkRotateEnded() async throws {
        let session = try await begin("alice").session
        #expect(try await end(session, .revoked))
        let fresh = SessionToken.random()
        #expect(try await rotate(session, to: fresh) == nil)
        try await expectDead(fresh)
        let idle = try await begin("alice").session
        try await time.pass(Self.lifetime.idle + .seconds(1))
        #expect(try await rotate(idle, to: fresh) == nil)
        try await expectDead(fresh)
    }

    private func checkRenew() async throws {
        let (session, token) = try await begin("alice")
        try await time.pass(.seconds(60))
        let facts = SessionFacts(
            subject: Subject(id: session.subject.id, user: "alice", attributes: ["name": ["New"]], groups: []),
            checkedAt: session.facts.checkedAt + .seconds(60),
            digest: "another"
        )
        #expect(try await store.renew(session.id, facts: facts, near: eventLoop)?.facts == facts)
        let found = try #require(try await live(token))
        #expect(found.facts == facts)
        #expect(found.idleEnd == session.idleEnd)
        #expect(found.absoluteEnd == session.absoluteEnd)
        #expect(found.authenticationMethods == session.authenticationMethods)
    }

    private func checkRenewOlder() async throws {
        let (session, token) = try await begin("alice")
        let older = SessionFacts(
            subject: Subject(id: session.subject.id, user: "alice", attributes: ["name": ["Old"]], groups: []),
            checkedAt: session.facts.checkedAt + .milliseconds(-1),
            digest: "another"
        )
        #expect(try await store.renew(session.id, facts: older, near: eventLoop)?.facts == session.facts)
        #expect(try await live(token)?.facts == session.facts)
    }

    private func checkRenewEnded() async throws {
        let (session, token) = try await begin("alice")
        #expect(try await end(session, .revoked))
        #expect(try await store.renew(session.id, facts: session.facts, near: eventLoop) == nil)
        try await expectDead(token)
        #expect(try await store.sessions(of: nil, near: eventLoop).isEmpty)
    }

    private func rotate(_ session: Session, to token: SessionToken) async throws -> Session? {
        try await store.rotate(
            session.id,
            of: session.subject.id,
            token: token.digest,
            host: Self.portal,
            authenticationMethods: ["pwd", "hwk"],
            near: eventLoop
        )
    }
}

// MARK: - Tickets

extension SessionStoreConformance {
    private func checkTicket() async throws {
        let (session, token) = try await begin("alice")
        let (ticket, secret) = Self.ticket(Self.crm, session)
        #expect(try await store.keep(ticket, near: eventLoop))
        // The ticket itself opens nothing.
        try await expect(secret, .unknown, host: Self.crm)
        let fresh = SessionToken.random()
        let redeemed = try #require(try await redeem(ticket, fresh))
        #expect(redeemed.session.id == session.id)
        #expect(redeemed.destination == ticket.destination)
        try await expect(fresh, .live, host: Self.crm)
        try await expect(fresh, .unknown)
        try await expect(secret, .unknown, host: Self.crm)
        try await expect(token, .live)
        try await expect(token, .unknown, host: Self.crm)
    }

    private func checkTicketOnce() async throws {
        let session = try await begin("alice").session
        let ticket = Self.ticket(Self.crm, session).ticket
        #expect(try await store.keep(ticket, near: eventLoop))
        let tokens = (0..<100).map { _ in SessionToken.random() }
        let winners = try await withThrowingTaskGroup(of: SessionToken?.self) { group in
            for token in tokens {
                group.addTask { try await redeem(ticket, token) == nil ? nil : token }
            }
            return try await group.reduce(into: [SessionToken]()) { if let winner = $1 { $0.append(winner) } }
        }
        #expect(winners.count == 1)
        for token in tokens {
            try await expect(token, winners.contains(token) ? .live : .unknown, host: Self.crm)
        }
        #expect(try await redeem(ticket, .random()) == nil)
    }

    private func checkWrongTicket(host: String? = nil, state: String? = nil) async throws {
        let session = try await begin("alice").session
        let ticket = Self.ticket(Self.crm, session).ticket
        #expect(try await store.keep(ticket, near: eventLoop))
        let token = SessionToken.random()
        #expect(try await redeem(ticket, token, host: host, state: state) == nil)
        try await expect(token, .unknown, host: host ?? Self.crm)
        #expect(try await redeem(ticket, token) == nil)
        try await expect(token, .unknown, host: Self.crm)
    }

    private func checkTicketExpiry() async throws {
        let session = try await begin("alice").session
        let early = Self.ticket(Self.crm, session).ticket
        let late = Self.ticket(Self.crm, session).ticket
        #expect(try await store.keep(early, near: eventLoop))
        #expect(try await store.keep(late, near: eventLoop))
        try await time.pass(Ticket.lifetime - .seconds(1))
        #expect(try await redeem(early, .random()) != nil)
        try await time.pass(.seconds(2))
        #expect(try await redeem(late, .random()) == nil)
    }

    private func checkTicketUnknown() async throws {
        let session = try await begin("alice").session
        let token = SessionToken.random()
        #expect(try await redeem(Self.ticket(Self.crm, session).ticket, token) == nil)
        try await expect(token, .unknown, host: Self.crm)
    }

    private func checkTicketOfEndedSession() async throws {
        let revoked = try await begin("alice").session
        let first = Self.ticket(Self.crm, revoked).ticket
        #expect(try await store.keep(first, near: eventLoop))
        #expect(try await end(revoked, .revoked))
        let token = SessionToken.random()
        #expect(try await redeem(first, token) == nil)
        try await expect(token, .unknown, host: Self.crm)

        let idle = try await begin("alice").session
        try await time.pass(Self.lifetime.idle - .seconds(10))
        let second = Self.ticket(Self.crm, idle).ticket
        #expect(try await store.keep(second, near: eventLoop))
        try await time.pass(.seconds(11))
        #expect(try await redeem(second, token) == nil)
        try await expect(token, .unknown, host: Self.crm)
    }

    private func checkTicketForEndedSession() async throws {
        let (session, _) = try await begin("alice")
        #expect(try await end(session, .revoked))
        let late = Self.ticket(Self.crm, session).ticket
        #expect(try await !store.keep(late, near: eventLoop))
        #expect(try await redeem(late, .random()) == nil)
        let idle = try await begin("alice").session
        try await time.pass(Self.lifetime.idle + .seconds(1))
        #expect(try await !store.keep(Self.ticket(Self.crm, idle).ticket, near: eventLoop))
    }

    private func checkTicketIsNoActivity() async throws {
        let (session, token) = try await begin("alice")
        try await time.pass(.seconds(600))
        _ = try await enter(Self.crm, session)
        let found = try #require(try await live(token))
        #expect(found.idleEnd == session.idleEnd)
        #expect(found.absoluteEnd == session.absoluteEnd)
    }

    private func checkTicketStepBack() async throws {
        let session = try await begin("alice").session
        let used = Self.ticket(Self.crm, session).ticket
        #expect(try await store.keep(used, near: eventLoop))
        #expect(try await redeem(used, .random()) != nil)
        try await time.step(.zero - Self.day)
        #expect(try await redeem(used, .random()) == nil)
        try await time.step(Self.day)
        #expect(try await redeem(used, .random()) == nil)
    }
}

// MARK: - Lists and clocks

extension SessionStoreConformance {
    private func checkOwnSessions() async throws {
        var expected: [String: [SessionID]] = [:]
        var everybody: [SessionID] = []
        for user in ["alice", "bob", "alice", "ALICE", "alice"] {
            let session = try await begin(user).session
            expected[user, default: []].append(session.id)
            everybody.append(session.id)
            try await time.pass(.seconds(1))
        }
        for (user, ids) in expected {
            let listed = try await store.sessions(of: Self.person(user).id, near: eventLoop)
            #expect(listed.map(\.id) == ids)
            #expect(listed.allSatisfy { $0.subject == Self.person(user) })
        }
        #expect(try await store.sessions(of: nil, near: eventLoop).map(\.id) == everybody)
        let stranger = SubjectID(realm: "partners", immutableID: Self.person("alice").id.immutableID)
        #expect(try await store.sessions(of: stranger, near: eventLoop).isEmpty)
    }

    private func checkEndedSessionsNotListed() async throws {
        let revoked = try await begin("alice").session
        _ = try await begin("alice")
        try await time.pass(.seconds(600))
        let kept = try await begin("alice").session
        #expect(try await end(revoked, .revoked))
        try await time.pass(.seconds(301))
        #expect(try await store.sessions(of: nil, near: eventLoop).map(\.id) == [kept.id])
        #expect(try await store.sessions(of: kept.subject.id, near: eventLoop).map(\.id) == [kept.id])
    }

    private func checkStepBack() async throws {
        let revoked = try await begin("alice")
        let idle = try await begin("alice").token
        let dropped = try await begin("alice").token
        #expect(try await end(revoked.session, .revoked))
        try await store.drop(dropped.digest, near: eventLoop)
        try await time.pass(Self.lifetime.idle + .seconds(1))
        try await expect(idle, .ended(.idle))
        try await time.step(.zero - Self.day)
        for token in [revoked.token, idle, dropped] { try await expectDead(token) }
        try await time.step(Self.day)
        for token in [revoked.token, idle, dropped] { try await expectDead(token) }
    }

    private func checkStepForward() async throws {
        let (session, token) = try await begin("alice")
        let other = try await begin("bob").session
        try await time.step(Self.day)
        _ = try await end(session, .revoked)
        try await expectDead(token)
        try await time.step(.zero - Self.day)
        try await expectDead(token)
        #expect(try await store.sessions(of: nil, near: eventLoop).allSatisfy { $0.id == other.id })
        #expect(try await !store.keep(Self.ticket(Self.crm, session).ticket, near: eventLoop))
    }

    private func checkStepBackAndForth() async throws {
        let token = try await begin("alice").token
        try await time.step(.zero - Self.day)
        try await expect(token, .live, touching: true)
        try await time.pass(.seconds(60))
        try await expect(token, .live, touching: true)
        try await time.step(Self.day)
        try await expect(token, .live, touching: true)
        try await time.pass(Self.lifetime.idle + .seconds(1))
        try await expect(token, .ended(.idle), touching: true)
    }
}

// MARK: - Words of the checks

extension SessionStoreConformance {
    private enum Outcome: Equatable {
        case live
        case ended(SessionEnd)
        case unknown

        init(_ lookup: SessionLookup) {
            switch lookup {
            case .live: self = .live
            case .ended(let cause): self = .ended(cause)
            case .unknown: self = .unknown
            }
        }
    }

    private static func person(_ user: String) -> Subject {
        Subject(
            id: SubjectID(realm: "staff", immutableID: "id-of-\(user)"),
            user: user,
            attributes: [
                "name": ["Zoë \(user)"], "mail": ["\(user)@example.com", "second,\"\u{1F512}\""], "empty": [],
            ],
            groups: Set(
                ["cn=sales,dc=example,dc=com", #"cn=R\2CD,dc=example,dc=com"#].compactMap { DistinguishedName($0) }
            )
        )
    }

    private static let client = SessionClient(address: "203.0.113.7", userAgent: "Browser \"1\", ümlaut")

    private static func facts(_ user: String) -> SessionFacts {
        SessionFacts(
            subject: person(user),
            checkedAt: Timestamp(milliseconds: 1_700_000_000_000),
            digest: "digest"
        )
    }

    private func end(_ session: Session, _ cause: SessionEnd) async throws -> Bool {
        try await store.end(session.id, of: session.subject.id, cause: cause, near: eventLoop)
    }

    private static func ticket(_ host: String, _ session: Session) -> (ticket: Ticket, secret: SessionToken) {
        let secret = SessionToken.random()
        let ticket = Ticket(
            digest: secret.digest,
            session: session.id,
            subject: session.subject.id,
            host: host,
            state: "state of the browser",
            destination: "https://\(host)/deep?link=1"
        )
        return (ticket, secret)
    }

    private func begin(_ user: String) async throws -> (session: Session, token: SessionToken) {
        let token = SessionToken.random()
        let beginning = SessionBeginning(
            facts: Self.facts(user),
            authenticationMethods: ["pwd", "otp"],
            token: token.digest,
            host: Self.portal,
            lifetime: Self.lifetime,
            client: Self.client
        )
        return (try await store.create(beginning, near: eventLoop), token)
    }

    private func enter(_ host: String, _ session: Session) async throws -> SessionToken {
        let ticket = Self.ticket(host, session).ticket
        let token = SessionToken.random()
        #expect(try await store.keep(ticket, near: eventLoop))
        #expect(try await redeem(ticket, token) != nil)
        return token
    }

    private func redeem(
        _ ticket: Ticket,
        _ token: SessionToken,
        host: String? = nil,
        state: String? = nil
    ) async throws -> (session: Session, destination: String)? {
        let redemption = try await store.redeem(
            ticket.digest,
            host: host ?? ticket.host,
            state: state ?? ticket.state,
            token: token.digest,
            near: eventLoop
        )
        guard case .redeemed(let session, let destination) = redemption else { return nil }
        return (session, destination)
    }

    private func look(_ token: SessionToken, host: String = portal, touching: Bool = false) async throws
        -> SessionLookup
    {
        try await store.lookUp(token.digest, host: host, touching: touching, near: eventLoop)
    }

    private func live(_ token: SessionToken, touching: Bool = false) async throws -> Session? {
        guard case .live(let session) = try await look(token, touching: touching) else { return nil }
        return session
    }

    private func expect(
        _ token: SessionToken,
        _ outcome: Outcome,
        host: String = portal,
        touching: Bool = false,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let found = Outcome(try await look(token, host: host, touching: touching))
        #expect(found == outcome, sourceLocation: location)
    }

    private func expectDead(_ token: SessionToken, at location: SourceLocation = #_sourceLocation) async throws {
        let found = Outcome(try await look(token, touching: true))
        #expect(found != .live, sourceLocation: location)
    }
}
