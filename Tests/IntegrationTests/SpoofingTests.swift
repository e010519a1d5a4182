import TestSupport
import Testing

@Suite("No client decides who it is")
struct SpoofingTests {
    private static let lies = [
        "Remote-User", "remote-user", "REMOTE_USER", "Remote.User", "Remote_User", "X-XRM-Roles", "x_xrm_roles",
        "X.XRM.Roles",
        "X-Remote-User", "X_Remote_User", "X-Forwarded-User", "X-Auth-Request-User", "X-authentik-username",
        "Auth-User",
        "SM_USER", "iv-user", "X-Gatehouse-Assertion", "X-WEBAUTH-USER", "X-Forwarded-For", "X-Forwarded-Proto",
        "X-Real-IP",
        "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-Request-ID",
    ]

    @Test(
        "Identity fields of every profile and spelling are stripped, on protected and on public paths",
        arguments: [
            ("GET", "/leads"), ("GET", "/public/page"), ("OPTIONS", "/leads"), ("POST", "/public/form"),
        ]
    )
    func stripped(method: String, path: String) async throws {
        let house = try await House.open()
        let alice = try await house.signedIn("alice")
        var fields = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Upgrade", "websocket")]
        for lie in Self.lies { fields += [(lie, "mallory"), (lie, "admin")] }
        let response = try await alice.send(
            method,
            house.crmURL + path,
            fields: fields,
            body: method == "POST" ? "" : nil
        )
        #expect(response.status == 200)
        let head = house.crm.heads.last ?? ""
        #expect(!head.contains("mallory"))
        #expect(!head.lowercased().contains("upgrade"))
        #expect(house.crm.lastValues("remote-user") == ["alice"])
        #expect(house.crm.lastValues("x-xrm-roles") == ["sales"])
        #expect(house.crm.lastValues("x-forwarded-for") == ["127.0.0.1"])
    }

    @Test("An anonymous visitor of a public path is nobody to the application")
    func anonymous() async throws {
        let house = try await House.open()
        let fields = Self.lies.map { ($0, "mallory") }
        #expect(try await house.visitor().send("GET", "\(house.crmURL)/public/x", fields: fields).status == 200)
        #expect(!house.crm.bytes.contains("mallory"))
        for name in ["remote-user", "remote-groups", "x-xrm-user", "x-xrm-roles"] {
            #expect(house.crm.lastValues(name).isEmpty, "\(name)")
        }
    }

    @Test("A method in small letters is no method, and no field makes one out of another")
    func methods() async throws {
        let house = try await House.open()
        let alice = try await house.signedIn("alice")
        let reached = house.crm.heads.count
        for method in ["get", "Post", "options", "dElEtE"] {
            #expect(try await alice.send(method, "\(house.crmURL)/leads").status == 400, "\(method)")
        }
        #expect(house.crm.heads.count == reached)
        let fields = [
            ("X-HTTP-Method-Override", "DELETE"), ("X_HTTP_Method", "DELETE"), ("X-Method-Override", "DELETE"),
        ]
        #expect(try await alice.send("POST", "\(house.crmURL)/leads", fields: fields, body: "").status == 200)
        #expect(!(house.crm.heads.last ?? "").contains("DELETE"))
    }

    @Test("A character that equals a semicolon to some does not split a cookie")
    func cookieSeparators() async throws {
        let house = try await SharedHouse.house()
        let alice = try await house.signedIn("alice")
        let token = alice.cookies("login.gw.localhost")["gatehouse"] ?? ""
        for separator in ["\u{37E}", "\u{FF1B}", "\u{1F}", ";\u{301}"] {
            let fields = [("Accept", "text/html"), ("Cookie", "x=1\(separator) gatehouse=\(token)")]
            let answer = try await house.visitor().send("GET", "\(house.gateway.portal)/", fields: fields)
            #expect(answer.status == 303 || answer.status == 400, "\(separator.unicodeScalars.map(\.value))")
        }
    }

    @Test("Connection tokens remove nothing that the gateway sets")
    func connectionTokens() async throws {
        let house = try await House.open()
        let alice = try await house.signedIn("alice")
        let token = alice.cookies("crm.gw.localhost")["gatehouse"] ?? ""
        let port = house.gateway.port
        let response = try await ChildProcess.offPool {
            let stream = try ByteStream(port: port)
            try stream.write(
                "GET / HTTP/1.1\r\nHost: crm.gw.localhost:\(port)\r\nCookie: gatehouse=\(token)\r\n"
                    + "Connection: close, Remote-User, X-XRM-Roles, X-Forwarded-For, Cookie, X-Custom\r\nX-Custom: 1\r\n\r\n"
            )
            return try stream.readResponse()
        }
        #expect(response.status == 200)
        #expect(house.crm.lastValues("remote-user") == ["alice"])
        #expect(house.crm.lastValues("x-xrm-roles") == ["sales"])
        #expect(house.crm.lastValues("x-forwarded-for") == ["127.0.0.1"])
        #expect(house.crm.lastValues("x-custom").isEmpty)
    }

    @Test("The gateway's cookies stay with the gateway, the application's own go through")
    func cookies() async throws {
        let house = try await House.open()
        let alice = try await house.signedIn("alice")
        alice.setCookie("crm.gw.localhost", "theme", "dark")
        _ = try await alice.get("\(house.crmURL)/")
        #expect(house.crm.lastValues("cookie") == ["theme=dark"])
    }

    @Test(
        "Before sign-in the application is not contacted at all",
        arguments: [
            ("GET", "navigate", 302), ("POST", "navigate", 303), ("GET", "cors", 401), ("PROPFIND", "", 401),
            ("PUT", "", 401),
        ]
    )
    func challenge(method: String, mode: String, status: Int) async throws {
        let house = try await House.open()
        var fields = [("Accept", "text/html")]
        if !mode.isEmpty { fields.append(("Sec-Fetch-Mode", mode)) }
        let response = try await house.visitor().send(
            method,
            "\(house.crmURL)/leads",
            fields: fields,
            body: method == "POST" ? "a=b" : nil
        )
        #expect(response.status == status)
        #expect(response.value("location")?.hasPrefix("\(house.gateway.portal)/login?rd=") == true)
        if status == 401 { #expect(response.value("www-authenticate") == "Gatehouse") }
        #expect(house.crm.byteCount == 0)
    }

    @Test("Two session cookies are no session, and the answer deletes them")
    func twoCookies() async throws {
        let house = try await SharedHouse.house()
        let alice = try await house.signedIn("alice")
        let token = alice.cookies("crm.gw.localhost")["gatehouse"] ?? ""
        let response = try await house.visitor().send(
            "GET",
            "\(house.crmURL)/",
            fields: [("Accept", "text/html"), ("Cookie", "gatehouse=\(token); gatehouse=\(token)")]
        )
        #expect(response.status == 302)
        #expect(response.values("set-cookie").contains { $0.hasPrefix("gatehouse=;") && $0.contains("Max-Age=0") })
    }

    @Test("A token cut, lengthened, changed or used on another host is no session")
    func tokens() async throws {
        let house = try await SharedHouse.house()
        let alice = try await house.signedIn("alice")
        let token = alice.cookies("crm.gw.localhost")["gatehouse"] ?? ""
        let portalToken = alice.cookies("login.gw.localhost")["gatehouse"] ?? ""
        let swapped = String(token.map { $0.isUppercase ? Character($0.lowercased()) : Character($0.uppercased()) })
        for bad in [
            String(token.dropLast()), token + "A", token + "=", swapped, String(token.reversed()), portalToken, "", "x",
        ] {
            let response = try await house.visitor().send(
                "GET",
                "\(house.crmURL)/",
                fields: [("Accept", "text/html"), ("Cookie", "gatehouse=\(bad)")]
            )
            #expect(response.status == 302, "\(bad)")
        }
        #expect(try await alice.get("\(house.crmURL)/").status == 200)
    }
}
