internal import Directory
internal import GatehouseCore
internal import NIOCore
internal import Sessions

/// Judges an attempt to sign in: the limits of network and name, then the directory, which asks for those of the person
/// before it looks at the password (docs/security-rules.md, rules 15, 16 and 22).
struct SignInJudge: Sendable {
    let environment: PortalEnvironment

    private var services: PortalServices { environment.services }

    /// - Throws: when limits or directory cannot answer. Against a directory that cannot answer nothing is counted.
    func judge(_ attempt: SignInAttempt, _ visit: Visit) async throws -> SignInVerdict {
        let admission = try await environment.stored(visit) { () async throws in
            let limiter = services.limiter
            return try await limiter.reserve(
                name: attempt.name,
                address: visit.request.address,
                on: services.eventLoop
            ).get()
        }
        let place: SignInPlace
        switch admission {
        case .refused(let refusal): return .locked(refusal)
        case .admitted(let reservation): place = SignInPlace(reservation, visit, environment)
        }
        let verdict: SignInVerdict
        do {
            verdict = try await ask(attempt, place)
            try place.check()
        } catch {
            await place.giveBack()
            throw error
        }
        // A success waits for nothing; a failure is counted when it is answered.
        if case .admitted = verdict { try await place.succeed() }
        return verdict
    }

    private func ask(_ attempt: SignInAttempt, _ place: SignInPlace) async throws -> SignInVerdict {
        guard let name = attempt.name, let password = attempt.password else {
            return .refused(SignInFailure(reason: attempt.reason), place)
        }
        switch try await services.authenticate(name, password, { await place.admit($0) }) {
        case .authenticated(let person) where person.isDisabled:
            // The directory holds the lock and does not enforce it at a bind: it counts all the same.
            return .refused(
                SignInFailure(reason: Rejection.Reason.accountLocked.rawValue, subject: person.subject.id),
                place
            )
        case .authenticated(let person): return .admitted(person)
        case .rejected(let rejection):
            let now = environment.steadyClock.now()
            let cost = place.admission + (rejection.bindDuration ?? .zero)
            if rejection.reason == .wrongPassword, rejection.bindDuration != nil {
                services.memory.record(cost, realm: rejection.subject?.realm ?? "", at: now)
            }
            return .refused(
                SignInFailure(
                    reason: rejection.reason.rawValue,
                    subject: rejection.subject,
                    message: rejection.message,
                    asked: now - cost
                ),
                place
            )
        }
    }
}
