import TestSupport
import Testing

@Suite("A proxy in front is believed where it is trusted, and nowhere else")
struct ProxyTrustTests {
    private static func open(trusted: String?, also: [String] = []) async throws -> House {
        var options = TestGateway.Options()
        options.serverLines = trusted.map { ["trusted_proxies: [\($0)]"] } ?? []
        options.alsoListensOn = also
        return try await House.openAudited(options: options) {
            $0.changing(
                "- { path: \"/public/**\", allow: anyone }",
                to: """
                    - { path: "/public/**", allow: anyone }
                          - { path: "/office/**", allow: anyone, networks: ["198.51.100.0/24"] }
                    """
            )
        }
    }

    private static func ask(
        _ house: House,
        _ path: String,
        _ fields: [(String, String)],
        host: String = "crm.gw.localhost"
    ) async throws -> Int {
        let port = house.gateway.port
        return try await ChildProcess.offPool {
            let stream = try ByteStream(port: port)
            let lines = fields.map { "\($0.0): \($0.1)\r\n" }.joined()
            try stream.write("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(lines)Connection: close\r\n\r\n")
            return try stream.readResponse().status
        }
    }

    @Test("From a trusted proxy: address, scheme and host are what it says, for rules, application and audit trail")
    func believed() async throws {
        let house = try await Self.open(trusted: "\"127.0.0.1\", \"203.0.113.0/24\"")
        let forwarded = [
            ("X-Forwarded-For", "10.1.1.1, 198.51.100.7, 203.0.113.9"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "crm.gw.localhost:8443"),
        ]
        #expect(try await Self.ask(house, "/office/x", forwarded, host: "inner.example") == 200)
        #expect(house.crm.lastValues("x-forwarded-for") == ["198.51.100.7"])
        #expect(house.crm.lastValues("x-forwarded-proto") == ["https"])
        #expect(house.crm.lastValues("x-forwarded-host") == ["crm.gw.localhost:8443"])
        #expect(try await Self.ask(house, "/office/x", [("X-Forwarded-For", "198.51.101.7")]) == 403)
        let visitor = house.visitor()
        let (_, page) = try await visitor.follow("\(house.gateway.portal)/login")
        var form = Visitor.hiddenFields(page.body)
        form += [("username", "bob"), ("password", "wrong")]
        let answer = try await visitor.send(
            "POST",
            "\(house.gateway.portal)/login",
            fields: [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Origin", house.gateway.portal),
                ("X-Forwarded-For", "198.51.100.8"),
            ],
            body: form.map { "\($0.0)=\(Visitor.encode($0.1))" }.joined(separator: "&")
        )
        #expect(answer.status == 401)
        try await house.gateway.stop()
        let failed = try await AuditLine.read(house.gateway.auditFile).first { $0.event == "sign_in.failed" }
        #expect(failed?["ip"] == "198.51.100.8")
        #expect(house.gateway.log.contains("\"ip\":\"198.51.100.7\""))
    }

    @Test("From anybody else nothing of it counts")
    func notBelieved() async throws {
        for trusted in [nil, "\"198.51.100.0/24\""] {
            let house = try await Self.open(trusted: trusted)
            let forwarded = [
                ("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "login.gw.localhost"), ("Forwarded", "for=198.51.100.7"),
                ("X-Real-IP", "198.51.100.7"),
            ]
            #expect(try await Self.ask(house, "/office/x", forwarded) == 403)
            #expect(house.crm.byteCount == 0)
            #expect(try await Self.ask(house, "/public/x", forwarded) == 200)
            #expect(house.crm.lastValues("x-forwarded-for") == ["127.0.0.1"])
            #expect(house.crm.lastValues("x-forwarded-proto") == ["http"])
            #expect(house.crm.lastValues("x-forwarded-host") == ["crm.gw.localhost"])
            #expect(!house.crm.bytes.contains("198.51.100.7"))
        }
    }

    @Test("What a trusted proxy says unclearly counts as not said, and opens nothing")
    func hostile() async throws {
        let house = try await Self.open(trusted: "\"127.0.0.1\"")
        let addresses: [[String]] = [
            [""], [","], ["198.51.100.7,"], ["198.51.100.7, unknown"], ["198.51.100.7, _hidden"], ["198.51.100.7 x"],
            ["198.51.100.07"], ["198.51.100.7:0"], ["198.51.100.7:99999"], ["[198.51.100.7]"], ["198.51.100.7/24"],
            ["3325256711"], ["0xC6336407"], ["198.51.100.7", "garbage"], ["::ffff:198.51.100.256"],
            ["198.51.100.7%eth0"], [String(repeating: "198.51.100.7, ", count: 300) + "127.0.0.1"],
            [(0..<200).map { _ in "127.0.0.1" }.joined(separator: ", ")],
        ]
        for values in addresses {
            let status = try await Self.ask(house, "/office/x", values.map { ("X-Forwarded-For", $0) })
            // Whoever is said last and clearly is who it is; nobody else is.
            let isHonest = values.last?.hasSuffix("198.51.100.7, 127.0.0.1") == true
            #expect(status == (isHonest ? 200 : 403), "\(values.map { $0.prefix(60) }): \(status)")
        }
        #expect(try await Self.ask(house, "/office/x", [("X-Forwarded-For", "::ffff:198.51.100.7")]) == 200)
        #expect(try await Self.ask(house, "/office/x", [("X-Forwarded-For", "198.51.100.7:4711")]) == 200)
        #expect(try await Self.ask(house, "/office/x", [("X_Forwarded_For", "198.51.100.7")]) == 403)
        for proto in ["javascript", "https, http", "HTTPS ", "", "https\u{7F}"] {
            _ = try await Self.ask(house, "/public/x", [("X-Forwarded-Proto", proto)])
            let seen = house.crm.lastValues("x-forwarded-proto")
            #expect(seen == ["http"] || seen == ["https"], "\(proto): \(seen)")
        }
        for named in ["evil.example", "login.gw.localhost, crm.gw.localhost", "crm.gw.localhost/x", "@", "[::1"] {
            let status = try await Self.ask(house, "/public/x", [("X-Forwarded-Host", named)])
            #expect([200, 400, 421].contains(status), "\(named): \(status)")
            #expect(house.crm.lastValues("x-forwarded-host") == ["crm.gw.localhost"])
        }
        #expect(try await Self.ask(house, "/public/x", [("X-Forwarded-Host", "evil.example")]) == 421)
        #expect(house.gateway.isRunning)
    }
}
