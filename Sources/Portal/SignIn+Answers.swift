internal import Audit
internal import Directory
internal import GatehouseCore
internal import Sessions

extension SignIn {
    /// The right password: what was before in this browser ends, a session begins, and that is on record before the person
    /// has it.
    /// - Parameter checkedAt: when the directory was asked, or a little before, by the store's clock.
    func begin(
        _ visit: Visit,
        _ onward: Onward,
        _ name: FoldedName?,
        _ person: Person,
        checkedAt: Timestamp,
        replacing old: LiveSession?
    ) async throws -> PortalResponse {
        if let old { try await replace(old.session, visit) }
        // A token that the browser brought never becomes one that is signed in.
        let token = SessionToken.random()
        let realm = person.subject.id.realm
        let beginning = SessionBeginning(
            facts: SessionFacts(
                subject: person.subject,
                checkedAt: checkedAt,
                digest: environment.configuration.factsDigests[realm] ?? ""
            ),
            authenticationMethods: ["pwd"],
            token: token.digest,
            host: environment.configuration.origin.host,
            lifetime: environment.configuration.lifetime,
            client: visit.client
        )
        let session = try await environment.stored(visit) { () async throws in
            try await environment.store.create(beginning, near: environment.eventLoop)
        }
        var event = AuditEvent(.signInSucceeded, reason: "password", session: session, of: visit)
        event.login = name?.description
        do {
            try await environment.commit(event, visit)
        } catch {
            // Nobody has its token. Where it cannot be ended either, it ends by itself.
            _ = try? await end(session, cause: .revoked, visit)
            throw error
        }
        environment.audit.record(AuditEvent(.sessionCreated, reason: nil, session: session, of: visit))
        let response = try await onward.response(to: visit, for: session)
        count(session.subject.id, "succeeded")
        return
            response
            .setting("Set-Cookie", environment.cookies.setCookie(environment.cookies.session, token))
            .setting("Set-Cookie", environment.cookies.clearCookie(environment.cookies.login))
    }

    /// 401. Every refusal passes here: same status, same fields, same moment.
    ///
    /// It is counted at that moment too, and not when the directory has spoken: whether the places of a name are still
    /// taken or are failures already, and when its lock began, would tell others who ask meanwhile how long the directory
    /// was busy with it.
    func refuse(
        _ visit: Visit,
        _ page: SignInForm,
        _ name: FoldedName?,
        _ failure: SignInFailure,
        _ place: SignInPlace,
        since start: SignInStart
    ) async throws -> PortalResponse {
        record(.signInFailed, failure.reason, failure.subject, name, visit)
        do {
            try await wait(since: start, asked: failure.asked)
        } catch {
            // Nobody waits for the answer any more: it was a failure all the same.
            _ = try? await place.fail()
            throw error
        }
        if let refusal = try await place.fail() { return lock(visit, page, name, refusal, failure.subject) }
        count(failure.subject, "failed")
        let isThrottled = failure.reason == Rejection.Reason.throttled.rawValue
        if isThrottled { environment.services.onLimited(failure.reason) }
        return form(visit, page.with(problem: failure.message, isInvalid: true), status: 401)
            .setting("WWW-Authenticate", "Gatehouse")
    }

    /// 429: the name that was typed is locked, or the network throttled. The words are the same for every name and every
    /// limit, and whether or not the password was right. The common moment is the caller's duty.
    func lock(
        _ visit: Visit,
        _ page: SignInForm,
        _ name: FoldedName?,
        _ refusal: SignInRefusal,
        _ subject: SubjectID?
    ) -> PortalResponse {
        record(.signInLocked, refusal.reason.rawValue, subject, name, visit)
        count(subject, "locked")
        environment.services.onLimited(refusal.reason.rawValue)
        let pause = SignInPause(refusal.retryAfter, from: environment.clock.now())
        return form(visit, page.with(pause: pause), status: 429).setting("Retry-After", String(pause.seconds))
    }

    func wait(since start: SignInStart, asked: ContinuousClock.Instant?) async throws {
        let clock = environment.steadyClock
        let moment = environment.services.memory.answer(since: start.instant, asked: asked, at: clock.now())
        try await clock.sleep(moment + start.jitter)
    }

    /// - Parameter subject: names the directory; where nobody is known and there is but one, it is that.
    func count(_ subject: SubjectID?, _ outcome: String) {
        let directories = environment.configuration.factsDigests.keys
        let only = directories.count == 1 ? directories.first : nil
        environment.services.onSignIn(subject?.realm ?? only ?? PortalServices.unknownDirectory, outcome)
    }

    private func replace(_ session: Session, _ visit: Visit) async throws {
        guard try await end(session, cause: .replaced, visit) else { return }
        environment.audit.record(
            AuditEvent(.sessionEnded, reason: SessionEnd.replaced.rawValue, session: session, of: visit)
        )
    }

    private func end(_ session: Session, cause: SessionEnd, _ visit: Visit) async throws -> Bool {
        try await environment.stored(visit) { () async throws in
            try await environment.store.end(
                session.id,
                of: session.subject.id,
                cause: cause,
                near: environment.eventLoop
            )
        }
    }

    private func record(
        _ event: AuditEvent.Name,
        _ reason: String,
        _ subject: SubjectID?,
        _ name: FoldedName?,
        _ visit: Visit
    ) {
        var event = AuditEvent(event, outcome: .failure, reason: reason, of: visit)
        event.subject = subject
        event.directory = subject?.realm
        event.login = name?.description
        environment.audit.record(event)
    }
}
