import TestSupport
import Testing

@Suite("A ticket carries a session to one application, once, in one browser")
struct TicketTests {
    /// Signs in at the portal and stops before the callback.
    private func ticket(_ house: House, _ visitor: Visitor) async throws -> String {
        let (_, page) = try await visitor.follow("\(house.crmURL)/leads")
        let answer = try await visitor.submitSignIn(
            page,
            portal: house.gateway.portal,
            name: "alice",
            password: House.password
        )
        let location = try #require(answer.value("location"))
        #expect(location.hasPrefix("\(house.crmURL)/.gatehouse/callback?ticket="))
        return location
    }

    @Test("It works once")
    func once() async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        let url = try await ticket(house, visitor)
        let first = try await visitor.get(url)
        #expect(first.status == 303)
        #expect(first.value("location") == "\(house.crmURL)/leads")
        let token = visitor.cookies("crm.gw.localhost")["gatehouse"]
        #expect(token != nil)
        visitor.setCookie("crm.gw.localhost", "gatehouse", nil)
        _ = try await visitor.get(url)
        #expect(visitor.cookies("crm.gw.localhost")["gatehouse"] == nil)
    }

    @Test("In another browser it signs nobody in")
    func otherBrowser() async throws {
        let house = try await SharedHouse.house()
        let url = try await ticket(house, house.visitor())
        let victim = house.visitor()
        _ = try await victim.get("\(house.crmURL)/")
        _ = try await victim.get(url)
        #expect(victim.cookies("crm.gw.localhost")["gatehouse"] == nil)
        let bare = house.visitor()
        _ = try await bare.get(url)
        #expect(bare.cookies("crm.gw.localhost")["gatehouse"] == nil)
    }

    @Test("A browser that keeps no cookies gets a page, not an endless walk")
    func noCookies() async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        var url = try await ticket(house, visitor)
        for _ in 0..<10 {
            visitor.setCookie("crm.gw.localhost", "gatehouse", nil)
            visitor.setCookie("crm.gw.localhost", "gatehouse-return", nil)
            let response = try await visitor.get(url)
            guard (300..<400).contains(response.status), let next = response.value("location") else {
                #expect(response.status == 400)
                return
            }
            url = Visitor.resolve(next, against: url)
        }
        Issue.record("still walking after ten redirects")
    }

    @Test(
        "A return address is followed to a known application alone",
        arguments: [
            "//evil.example/", "/\\evil.example", "https:evil.example", "http://evil.example/",
            "https://crm.gw.localhost/",
            "javascript:alert(1)", "http://crm.gw.localhost@evil.example/", "http://crm.gw.localhost.evil.example/",
            "http://evil.example/%0d%0aSet-Cookie:a=b", "\thttp://evil.example", "http:/\\evil.example", "",
        ]
    )
    func openRedirect(target: String) async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        let page = try await visitor.get("\(house.gateway.portal)/login?rd=\(Visitor.encode(target))")
        #expect(page.status == 200)
        let answer = try await visitor.submitSignIn(
            page,
            portal: house.gateway.portal,
            name: "alice",
            password: House.password
        )
        #expect(answer.status == 303)
        let location = Visitor.resolve(answer.value("location") ?? "", against: house.gateway.portal)
        #expect(location == "\(house.gateway.portal)/")
    }

    @Test("A cookie planted before sign-in never becomes the session")
    func fixation() async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        let planted = String(repeating: "A", count: 43)
        visitor.setCookie("login.gw.localhost", "gatehouse", planted)
        visitor.setCookie("login.gw.localhost", "gatehouse-login", planted)
        let url = try await ticket(house, visitor)
        _ = try await visitor.get(url)
        #expect(visitor.cookies("login.gw.localhost")["gatehouse"] != planted)
        #expect(
            visitor.cookies("login.gw.localhost")["gatehouse-login"]
                != visitor.cookies("login.gw.localhost")["gatehouse"]
        )
        let thief = house.visitor()
        thief.setCookie("login.gw.localhost", "gatehouse", planted)
        #expect(try await thief.get("\(house.gateway.portal)/").status == 303)
    }
}
