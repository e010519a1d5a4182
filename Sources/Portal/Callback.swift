internal import GatehouseCore
internal import Sessions

/// `/.gatehouse/callback` on an app's host: turns a ticket into the host's own cookie. It is the one GET that changes
/// something, which is why it takes the ticket and the return cookie together (docs/security-rules.md, rule 25).
struct Callback: Sendable {
    let environment: PortalEnvironment

    @Sendable
    func redeem(_ visit: Visit) async throws -> PortalResponse {
        let host = visit.request.host
        let secret = visit.cookies.token(environment.cookies.returning)
        guard let ticket = visit.query.bytes("ticket").flatMap({ SessionToken($0) }), let secret else {
            return try await refuse(visit)
        }
        let token = SessionToken.random()
        let state = environment.returnState.state(of: secret, host: host)
        let redemption = try await environment.stored(visit) { () async throws in
            try await environment.store.redeem(
                ticket.digest,
                host: host,
                state: state,
                token: token.digest,
                near: environment.eventLoop
            )
        }
        guard case .redeemed(_, let destination) = redemption else { return try await refuse(visit) }
        return .seeOther(location(destination, host))
            .setting("Set-Cookie", environment.cookies.setCookie(environment.cookies.session, token))
    }

    /// What the store kept is looked at once more: it was written under an earlier configuration, perhaps.
    private func location(_ destination: String, _ host: String) -> String {
        guard case .app(let place) = environment.destinations.resolve(destination), place.origin.host == host else {
            return environment.destinations.root(of: host)
        }
        return place.url
    }

    /// Starts the visit anew, once: a browser that keeps no cookies would go round for ever, so a visit that comes here
    /// a second time is told instead.
    private func refuse(_ visit: Visit) async throws -> PortalResponse {
        let host = visit.request.host
        let root = environment.destinations.root(of: host)
        // Back or reload after a sign-in that worked: the ticket is used, its session is there.
        if try await environment.session(of: visit, touching: true) != nil { return .seeOther(root) }
        let entry = "\(environment.origin(of: visit.request))\(root)"
        guard !visit.query.has("retry", "1") else { throw PageFailure(.linkRefused(startAgain: root)) }
        let known = visit.cookies.token(environment.cookies.returning)
        let secret = known ?? .random()
        let state = environment.returnState.state(of: secret, host: host)
        let response = PortalResponse.seeOther(
            environment.loginURL("?rd=\(percentEncoded(entry))&state=\(state)&retry=1")
        )
        guard known == nil else { return response }
        return response.setting("Set-Cookie", environment.cookies.setCookie(environment.cookies.returning, secret))
    }
}
