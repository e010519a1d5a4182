import TestSupport
import Testing

@Suite("Whatever a stranger sends, an event is one line")
struct AuditInputTests {
    /// As the form has them: already percent-encoded.
    private static let names = [
        "%22%2C%22event%22%3A%22forged", "a%0A%7B%22event%22%3A%22forged%22%7D", "a%0D%0Ab", "%E2%80%A8x%E2%80%A9",
        "%FF%FE%C0%AF", "%00", "%1B%5B2J", "%5C%5Cu0000%5C", "%F0%9F%A6%8A", "%ED%A0%80",
        String(repeating: "x", count: 60_000), String(repeating: "%22", count: 100), "%E2%80%AEecila",
    ]

    private static let agents: [[UInt8]] = [
        Array("\"},{\"event\":\"forged\"".utf8), Array("back\\slash\\".utf8), [0xFF, 0xFE, 0xC0, 0xAF, 0x41],
        Array("line\u{2028}paragraph\u{2029}".utf8), Array("tab\there".utf8), Array(repeating: 0x22, count: 50_000),
        Array("🦊 Zoë".utf8),
    ]

    private static let paths = [
        "/admin/%22%2C%22event%22%3A%22forged", "/admin/a%0A%7B%22event%22%7D", "/admin/%E2%80%A8", "/admin/%1B%5B31m",
        "/admin/\"quoted\"", "/admin/{}'<>", "/admin/" + String(repeating: "a%22", count: 12_000),
        "/admin/%F0%9F%A6%8A", "/admin/x?q=%22event%22",
    ]

    @Test(
        "Names, browsers and paths with quotes, line ends, controls and 60,000 bytes: every line is JSON, and the chain holds"
    )
    func hostile() async throws {
        let house = try await House.openAudited { $0 + "limits: { sign_in: { per_network: \"1000/5m\" } }\n" }
        let portal = house.gateway.portal
        let visitor = house.visitor()
        let (_, page) = try await visitor.follow("\(portal)/login")
        let form = Visitor.hiddenFields(page.body).map { "\($0.0)=\(Visitor.encode($0.1))" }.joined(separator: "&")
        for name in Self.names {
            let answer = try await visitor.send(
                "POST",
                "\(portal)/login",
                fields: [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", portal)],
                body: "\(form)&username=\(name)&password=x"
            )
            #expect([400, 401, 413, 429].contains(answer.status), "\(name.prefix(40)): \(answer.status)")
        }
        let alice = try await house.signedIn("alice")
        let cookie = alice.cookies("crm.gw.localhost")["gatehouse"] ?? ""
        let port = house.gateway.port
        let statuses = try await ChildProcess.offPool {
            try Self.paths.flatMap { path in
                try Self.agents.map { agent in
                    let stream = try ByteStream(port: port)
                    let head = "GET \(path) HTTP/1.1\r\nHost: crm.gw.localhost\r\nCookie: gatehouse=\(cookie)\r\n"
                    try stream.write(
                        Array("\(head)Connection: close\r\nUser-Agent: ".utf8) + agent + Array("\r\n\r\n".utf8)
                    )
                    return try stream.readResponse().status
                }
            }
        }
        #expect(statuses.allSatisfy { [400, 403, 414, 431].contains($0) }, "\(statuses)")
        #expect(statuses.count { $0 == 403 } > Self.agents.count * 4)
        try await house.gateway.stop()

        let lines = try await AuditLine.read(house.gateway.auditFile)
        #expect(!lines.contains { $0.event == "forged" })
        let refused = lines.filter { $0.event == "sign_in.failed" }
        let names = refused.compactMap { $0["login"] } + refused.compactMap { $0["logins"] }
        #expect(names.contains { $0.contains("\"event\"") || $0.contains("forged") })
        let denied = lines.filter { $0.event == "access.denied" }
        #expect(denied.reduce(0) { $0 + (Int($1["count"] ?? "1") ?? 0) } == statuses.count { $0 == 403 })
        let verified = try await AuditCommand(gateway: house.gateway).verify(
            [house.gateway.auditFile],
            options: ["--sealed"]
        )
        #expect(verified.status == 0, "\(verified.output)")
        // The logs are held to the same.
        let log = TemporaryFolder()
        _ = try await AuditLine.read(log.write(house.gateway.log, to: "log"))
    }
}
