internal import GatehouseCore
internal import Logging
internal import Sessions

/// `/login`: the form, and what becomes of it.
struct SignIn: Sendable {
    let environment: PortalEnvironment

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
            count(nil, "unavailable")
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
        let start = SignInStart(environment.steadyClock.now())
        let checkedAt = environment.store.clock.now()
        do {
            guard environment.audit.isWritable() else {
                environment.logger.error(
                    "Nobody can sign in while the audit trail cannot be written",
                    metadata: ["request_id": "\(visit.request.id)"]
                )
                throw PageFailure(.unavailable)
            }
            let attempt = SignInAttempt(fields)
            switch try await SignInJudge(environment: environment).judge(attempt, visit) {
            case .admitted(let person):
                return try await begin(visit, page.onward, attempt.name, person, checkedAt: checkedAt, replacing: old)
            case .refused(let failure, let place):
                return try await refuse(visit, page, attempt.name, failure, place, since: start)
            case .locked(let refusal):
                let answer = lock(visit, page, attempt.name, refusal, nil)
                try await wait(since: start, asked: nil)
                return answer
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            // What fails for one name must not show it by its haste.
            try await wait(since: start, asked: nil)
            throw error
        }
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

    func form(_ visit: Visit, _ form: SignInForm, status: Int) -> PortalResponse {
        let known = visit.cookies.token(environment.cookies.login)
        let secret = known ?? .random()
        let csrf = environment.protection.value(for: .signIn, secret: secret)
        let targets = form.onward.place.map { [$0.origin] } ?? []
        let response = environment.respond(form.page(csrf: csrf, visit.messages), status: status, formTargets: targets)
        guard known == nil else { return response }
        return response.setting("Set-Cookie", environment.cookies.setCookie(environment.cookies.login, secret))
    }
}
