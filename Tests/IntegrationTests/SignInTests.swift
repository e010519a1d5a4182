import TestSupport
import Testing

@Suite("A person signs in and reaches the applications of their roles")
struct SignInTests {
    @Test(
        "By user name, by e-mail address, in another case and with blanks",
        arguments: [
            "alice", "alice@nordwind.example", "ALICE", " alice ", "ａｌｉｃｅ",
        ]
    )
    func everySpelling(name: String) async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        let (url, response) = try await visitor.signIn(
            "\(house.crmURL)/leads?id=7&b=2",
            portal: house.gateway.portal,
            name: name,
            password: House.password
        )
        #expect(url == "\(house.crmURL)/leads?id=7&b=2")
        #expect(response.status == 200)
        #expect(response.body == "hello\n")
    }

    @Test("The application receives the identity, each field once")
    func identityHeaders() async throws {
        let house = try await House.open()
        _ = try await house.signedIn("bob")
        #expect(house.crm.lastValues("remote-user") == ["bob"])
        #expect(house.crm.lastValues("remote-name") == ["Bob Brown"])
        #expect(house.crm.lastValues("remote-email") == ["bob@nordwind.example"])
        #expect(house.crm.lastValues("remote-groups") == ["sales,sales-manager"])
        #expect(house.crm.lastValues("x-xrm-user") == ["bob"])
        #expect(house.crm.lastValues("x-xrm-roles") == ["sales,sales-manager"])
        #expect(house.crm.lastValues("x-xrm-permissions") == ["leads.read,leads.write"])
        #expect(house.crm.lastValues("x-xrm-relations") == ["customers"])
        #expect(house.crm.lastValues("x-xrm-organization") == ["Nordwind"])
        #expect(house.crm.lastValues("x-xrm-realm") == ["staff"])
        #expect(house.crm.lastValues("x-organization") == ["Nordwind"])
        #expect(house.crm.lastValues("x-remote-user") == ["bob"])
        #expect(house.crm.lastValues("x-request-id").count == 1)
        #expect(house.crm.lastValues("x-forwarded-for") == ["127.0.0.1"])
        #expect(house.crm.lastValues("x-forwarded-proto") == ["http"])
        #expect(house.crm.lastValues("cookie").isEmpty)
    }

    @Test("A name outside ASCII arrives as UTF-8")
    func nonASCIINames() async throws {
        let house = try await House.open()
        _ = try await house.signedIn("zoe")
        #expect(house.crm.lastValues("remote-name") == ["Zoë Müller-Ñúñez"])
    }

    @Test("A second application asks for no password, and a person without the role is refused")
    func secondApplication() async throws {
        let house = try await SharedHouse.house()
        let visitor = try await house.signedIn("alice")
        let (url, refused) = try await visitor.follow("\(house.partnersURL)/partners/brightline/")
        #expect(url == "\(house.partnersURL)/partners/brightline/")
        #expect(refused.status == 403)
        #expect(refused.body.contains("Partner Portal"))
        #expect(refused.body.contains("Reference"))
        #expect(try await visitor.get("\(house.crmURL)/admin/users").status == 403)
    }

    @Test("A partner reaches the pages of the own organisation, and of no other")
    func boundSegment() async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        let (_, own) = try await visitor.signIn(
            "\(house.partnersURL)/partners/brightline/reports",
            portal: house.gateway.portal,
            name: "pia",
            password: House.password
        )
        #expect(own.status == 200)
        let reached = house.partners.heads.count
        for path in ["/partners/kessler/reports", "/partners/", "/partners", "/", "/partners/BRIGHTLINE/../kessler/x"] {
            #expect(try await visitor.get(house.partnersURL + path).status == 403, "\(path)")
        }
        #expect(house.partners.heads.count == reached)
    }

    @Test("The launcher shows the applications that the roles open, by relation")
    func launcher() async throws {
        let house = try await SharedHouse.house()
        let alice = try await house.signedIn("alice")
        let page = try await alice.get("\(house.gateway.portal)/")
        #expect(page.status == 200)
        #expect(page.body.contains("Customer Relations"))
        #expect(page.body.contains("Customers"))
        #expect(!page.body.contains("Partner Portal"))
        let pia = house.visitor()
        let (_, own) = try await pia.signIn(
            "\(house.gateway.portal)/",
            portal: house.gateway.portal,
            name: "pia",
            password: House.password
        )
        #expect(own.body.contains("Partner Portal"))
        #expect(own.body.contains("/partners/brightline/"))
        #expect(!own.body.contains("Customer Relations"))
    }

    @Test("With a live session the sign-in page goes on by itself")
    func signedInAlready() async throws {
        let house = try await SharedHouse.house()
        let visitor = try await house.signedIn("alice")
        let page = try await visitor.get("\(house.gateway.portal)/login")
        #expect(page.status == 303)
        #expect(
            Visitor.resolve(page.value("location") ?? "", against: house.gateway.portal) == "\(house.gateway.portal)/"
        )
    }

    @Test("Sign-out ends it everywhere: no old cookie is worth anything")
    func signOut() async throws {
        let house = try await SharedHouse.house()
        let visitor = try await house.signedIn("alice")
        let portalCookie = visitor.cookies("login.gw.localhost")
        let crmCookie = visitor.cookies("crm.gw.localhost")
        #expect(crmCookie["gatehouse"] != nil && portalCookie["gatehouse"] != nil)
        #expect(crmCookie["gatehouse"] != portalCookie["gatehouse"])
        let asked = try await visitor.get("\(house.gateway.portal)/logout")
        #expect(asked.status == 200)
        let answer = try await visitor.post(
            "\(house.gateway.portal)/logout",
            form: Visitor.hiddenFields(asked.body),
            origin: house.gateway.portal
        )
        #expect(answer.status == 303)
        visitor.setCookie("crm.gw.localhost", "gatehouse", crmCookie["gatehouse"])
        visitor.setCookie("login.gw.localhost", "gatehouse", portalCookie["gatehouse"])
        let again = try await visitor.get("\(house.crmURL)/")
        #expect(again.status == 302)
        #expect(try await visitor.get("\(house.gateway.portal)/").status == 303)
    }

    @Test("Signing out at an application asks first, and acts on a POST of that application alone")
    func signOutAtApplication() async throws {
        let house = try await SharedHouse.house()
        let visitor = try await house.signedIn("alice")
        let url = "\(house.crmURL)/.gatehouse/sign-out"
        #expect(try await visitor.get(url).status == 200)
        #expect(try await visitor.get("\(house.crmURL)/").status == 200)
        let stranger = try await visitor.send(
            "POST",
            url,
            fields: [
                ("Origin", "http://evil.localhost"), ("Sec-Fetch-Site", "cross-site"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            body: ""
        )
        #expect(stranger.status == 403)
    }

    @Test("HEAD is answered wherever GET is", arguments: ["/login", "/logout", "/robots.txt", "/favicon.ico"])
    func head(path: String) async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        let get = try await visitor.get(house.gateway.portal + path)
        let head = try await visitor.send("HEAD", house.gateway.portal + path)
        #expect(head.status == get.status)
        #expect(head.body.isEmpty)
    }
}

/// One house for all tests that leave it as they found it.
enum SharedHouse {
    private static let opening = Task { try await House.open() }

    static func house() async throws -> House { try await opening.value }
}
