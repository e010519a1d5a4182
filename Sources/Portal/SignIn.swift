internal import Directory
internal import GatehouseCore
internal import Logging
internal import Sessions
internal import Synchronization

/// `/login`: the form, and what becomes of it.
final class SignIn: Sendable {
    private let environment: PortalEnvironment
    private let authenticate: PortalService.Authenticate
    private let failures = Mutex(FailureMoment())

    init(environment: PortalEnvironment, authenticate: @escaping PortalService.Authenticate) {
        self.environment = environment
        self.authenticate = authenticate
    }

    @Sendable
    func show(_ visit: Visit) async throws -> PortalResponse {
        let onward = Onward(environment: environment, fields: visit.query)
        do {
            let live = try await environment.session(of: visit, touching: true)
            if let live { return try await onward.response(to: visit, for: live.session) }
        } catch {
            return unavailable(visit, SignInForm(onward: onward), error)
        }
        let hasLeft = visit.query.text("signed_out") == "1"
        return form(visit, SignInForm(onward: onward, status: hasLeft ? .signedOut : nil), status: 200)
    }

    @Sendable
    func submit(_ visit: Visit) async throws -> PortalResponse {
        let fields = try await visit.form()
        let onward = Onward(environment: environment, fields: fields)
        let provenance = RequestProvenance(of: visit.request, on: environment.configuration.origin)
        // What another site wrote into a form of its own is not shown on ours.
        let page = SignInForm(onward: onward, userName: provenance == .otherSite ? nil : fields.text("username"))
        do {
            let old = try await environment.session(of: visit, touching: false)
            let secret = visit.cookies.token(environment.cookies.login)
            guard provenance != .otherSite,
                environment.protection.accepts(fields.text("csrf"), for: .signIn, secret: secret)
            else {
                // Back to a form from before the sign-in, and sent again: the person is where they wanted to be.
                if let old, provenance != .otherSite { return try await onward.response(to: visit, for: old.session) }
                return form(visit, page.with(problem: .formStale), status: 403)
            }
            return try await attempt(visit, fields, page, replacing: old)
        } catch let error as CancellationError {
            // Nobody waits for the answer any more; it must not come before its moment.
            throw error
        } catch {
            return unavailable(visit, page, error)
        }
    }

    private func attempt(
        _ visit: Visit,
        _ fields: FormFields,
        _ page: SignInForm,
        replacing old: LiveSession?
    ) async throws -> PortalResponse {
        // Not from the head's arrival on: who sends a body slowly would have the common moment behind them before the
        // directory is asked, and the clock would speak again.
        let start = environment.steadyClock.now()
        let attempt = SignInAttempt(fields)
        guard let name = attempt.name, let password = attempt.password else {
            return try await refuse(visit, page, attempt.name, reason: attempt.reason, .signInRefused, since: start)
        }
        let result: AuthenticationResult
        do {
            result = try await authenticate(name, password)
        } catch let error as CancellationError {
            throw error
        } catch {
            // A directory that fails for one name must not show it by its haste.
            try await wait(since: start, asked: nil)
            return unavailable(visit, page, error)
        }
        switch result {
        case .authenticated(let person) where person.isDisabled:
            // The directory holds the lock and does not enforce it at a bind: it counts all the same.
            let reason = Rejection.Reason.accountLocked.rawValue
            return try await refuse(visit, page, name, reason: reason, .signInRefused, since: start)
        case .authenticated(let person):
            return try await begin(visit, page.onward, name, person, replacing: old)
        case .rejected(let rejection):
            let now = environment.steadyClock.now()
            if rejection.reason == .wrongPassword, let duration = rejection.bindDuration {
                failures.withLock { $0.record(duration, realm: rejection.subject?.realm ?? "", at: now) }
            }
            return try await refuse(
                visit,
                page,
                name,
                reason: rejection.reason.rawValue,
                rejection.message,
                since: start,
                asked: now - (rejection.bindDuration ?? .zero)
            )
        }
    }

    private func begin(
        _ visit: Visit,
        _ onward: Onward,
        _ name: FoldedName,
        _ person: Person,
        replacing old: LiveSession?
    ) async throws -> PortalResponse {
        if let old {
            _ = try await environment.stored(visit) { () async throws in
                try await environment.store.end(old.session.id, cause: .replaced, near: environment.eventLoop)
            }
        }
        // A token that the browser brought never becomes one that is signed in.
        let token = SessionToken.random()
        let beginning = SessionBeginning(
            subject: person.subject,
            authenticationMethods: ["pwd"],
            token: token.digest,
            host: environment.configuration.origin.host,
            lifetime: environment.configuration.lifetime
        )
        let session = try await environment.stored(visit) { () async throws in
            try await environment.store.create(beginning, near: environment.eventLoop)
        }
        log(
            visit,
            name,
            "sign_in.succeeded",
            outcome: "success",
            reason: "password",
            ["subject": "\(JSONText.escaped(session.subject.id.description))", "session": "\(session.id)"]
        )
        return try await onward.response(to: visit, for: session)
            .setting("Set-Cookie", environment.cookies.setCookie(environment.cookies.session, token))
            .setting("Set-Cookie", environment.cookies.clearCookie(environment.cookies.login))
    }

    /// Every refusal passes here: same status, same fields, same moment.
    private func refuse(
        _ visit: Visit,
        _ page: SignInForm,
        _ name: FoldedName?,
        reason: String,
        _ message: MessageKey,
        since start: ContinuousClock.Instant,
        asked: ContinuousClock.Instant? = nil
    ) async throws -> PortalResponse {
        log(visit, name, "sign_in.failed", outcome: "failure", reason: reason)
        try await wait(since: start, asked: asked)
        return form(visit, page.with(problem: message, isInvalid: true), status: 401)
            .setting("WWW-Authenticate", "Gatehouse")
    }

    private func wait(since start: ContinuousClock.Instant, asked: ContinuousClock.Instant?) async throws {
        let moment = failures.withLock { $0.answer(since: start, asked: asked, at: environment.steadyClock.now()) }
        try await environment.steadyClock.sleep(moment + FailureMoment.randomJitter())
    }

    private func unavailable(_ visit: Visit, _ page: SignInForm, _ error: any Error) -> PortalResponse {
        environment.logger.warning(
            "Sign-in is not available",
            metadata: [
                "request_id": "\(visit.request.id)", "error": "\(JSONText.escaped(String(describing: error)))",
            ]
        )
        return form(visit, page.with(problem: .signInUnavailable, reference: visit.request.id), status: 503)
            .setting("Retry-After", "5")
    }

    private func form(_ visit: Visit, _ form: SignInForm, status: Int) -> PortalResponse {
        let known = visit.cookies.token(environment.cookies.login)
        let secret = known ?? .random()
        let csrf = environment.protection.value(for: .signIn, secret: secret)
        let targets = form.onward.place.map { [$0.origin] } ?? []
        let response = environment.respond(form.page(csrf: csrf, visit.messages), status: status, formTargets: targets)
        guard known == nil else { return response }
        return response.setting("Set-Cookie", environment.cookies.setCookie(environment.cookies.login, secret))
    }

    private func log(
        _ visit: Visit,
        _ name: FoldedName?,
        _ event: String,
        outcome: String,
        reason: String,
        _ more: Logger.Metadata = [:]
    ) {
        let metadata: Logger.Metadata = [
            "event": "\(event)", "outcome": "\(outcome)", "reason": "\(reason)",
            "login": "\(JSONText.escaped(name?.description ?? ""))", "ip": "\(visit.request.address)",
            "request_id": "\(visit.request.id)",
        ]
        environment.logger.info("Sign-in", metadata: metadata.merging(more) { $1 })
    }
}
