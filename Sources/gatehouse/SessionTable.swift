internal import GatehouseCore
internal import Sessions

/// Sessions for an administrator to read.
struct SessionTable {
    private static let heading = [
        "SESSION", "USER", "DIRECTORY", "SIGNED IN", "IDLE END", "ABSOLUTE END", "ADDRESS", "FACTORS",
    ]

    let text: String

    init(_ sessions: [Session], at now: Timestamp) {
        let rows = sessions.map { session in
            [
                session.id.description, session.subject.user, session.subject.id.realm, session.createdAt.rfc3339,
                Self.left(session.idleEnd - now), Self.left(session.absoluteEnd - now), session.client.address,
                session.authenticationMethods.joined(separator: "+"),
            ].map(Self.printable)
        }
        let all = [Self.heading] + rows
        let widths = Self.heading.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        text = all.map { row in
            zip(row, widths).map { $0.padding(to: $1 + 2) }.joined().trimmingEnd()
        }.joined(separator: "\n")
    }

    private static func left(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        return seconds >= 3600 ? "in \(seconds / 3600)h\(seconds % 3600 / 60)m" : "in \(seconds / 60)m\(seconds % 60)s"
    }

    /// What a browser or a directory said must not steer a terminal.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "?"
                    default: scalar
                    }
                }
            )
        )
    }
}

extension Session {
    /// One JSON object with its line's end; no token and no digest is in it, because a session has none.
    func line(at now: Timestamp) -> [UInt8] {
        var line = JSONLine()
        line.add("session", id.description)
        line.add("subject", subject.id.description)
        line.add("user", subject.user)
        line.add("name", subject.name)
        line.add("directory", subject.id.realm)
        line.add("factors", authenticationMethods.joined(separator: "+"))
        line.add("created_at", createdAt)
        line.add("checked_at", facts.checkedAt)
        line.add("idle_seconds", max(0, (idleEnd - now).components.seconds))
        line.add("absolute_seconds", max(0, (absoluteEnd - now).components.seconds))
        line.add("ip", client.address)
        line.add("user_agent", client.userAgent)
        return line.finish()
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
