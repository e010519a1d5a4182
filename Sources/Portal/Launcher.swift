internal import GatehouseCore
internal import Policy
internal import Sessions

/// `/`: the applications that are open to a person, by the relation that opens them.
struct Launcher: Sendable {
    let environment: PortalEnvironment

    @Sendable
    func show(_ visit: Visit) async throws -> PortalResponse {
        guard let live = try await environment.session(of: visit, touching: true) else {
            return .seeOther(environment.loginURL())
        }
        return environment.respond(page(live, address: visit.request.address, visit.messages))
    }

    func page(_ live: LiveSession, address: SourceAddress, _ messages: Messages) -> Page {
        let subject = live.session.subject
        let principal = Principal(subject: subject, table: environment.routes.roles)
        let groups = Tiles(environment.destinations)
            .groups(for: principal, address: address, general: messages.text(.generalGroup))
        return Page(
            template: .launcher,
            title: messages.text(.launcherTitle),
            messages: messages,
            values: [
                "person": subject.name ?? subject.user,
                "csrf": environment.protection.value(for: .signOut, secret: live.token),
                "groups": groups.enumerated().map { index, group in
                    ["id": "group\(index)", "title": group.title, "tiles": group.tiles.map(values)] as [String: Any]
                },
            ]
        )
    }

    private func values(_ tile: Tiles.Tile) -> [String: Any] {
        [
            "name": tile.title,
            "url": tile.url,
            "host": tile.address,
            "monogram": tile.title.first { $0.isLetter || $0.isNumber }.map { String($0).uppercased() } ?? "·",
            "hue": String(tile.title.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) % 6_000_011 } % 6),
        ]
    }
}
