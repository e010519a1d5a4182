import GatehouseCore
import Policy
import Testing

@testable import Portal

@Suite("Launcher")
struct LauncherTests {
    private let portal: TestPortal

    init() throws {
        portal = try TestPortal()
    }

    private func groups(_ subject: Subject) -> [Tiles.Group] {
        Tiles(Destinations(portal.routes)).groups(
            for: Principal(subject: subject, table: portal.routes.roles),
            address: SourceAddress("192.0.2.1")!,
            general: "General"
        )
    }

    @Test("People without a session are sent to sign in")
    func anonymous() async {
        var browser = Browser(portal)
        let answer = await browser.get("https://login.example.com/")
        #expect(answer.status == 303)
        #expect(answer.location == "https://login.example.com/login")
    }

    @Test("Tiles are the apps that the person's roles open, by relation in the order of the roles")
    func tiles() {
        let subject = TestPortal.subject(
            "alice",
            groups: ["sales", "partners"],
            attributes: ["organization": ["Müller & Söhne"]]
        )
        #expect(
            groups(subject) == [
                Tiles.Group(
                    title: "Customers",
                    tiles: [
                        .init(
                            title: "Customer <Relations>",
                            url: "https://crm.example.com/",
                            address: "crm.example.com"
                        )
                    ]
                ),
                Tiles.Group(
                    title: "Partner Care",
                    tiles: [
                        .init(
                            title: "Partner Reports",
                            url: "https://partners.example.com/of/M%C3%BCller%20%26%20S%C3%B6hne/start?view=all",
                            address: "partners.example.com/of/M%C3%BCller%20%26%20S%C3%B6hne/start"
                        )
                    ]
                ),
                Tiles.Group(
                    title: "General",
                    tiles: [
                        .init(title: "Wiki", url: "https://wiki.example.com:8443/", address: "wiki.example.com"),
                        .init(
                            title: "Status",
                            url: "https://tools.example.com/status/",
                            address: "tools.example.com/status/"
                        ),
                    ]
                ),
            ]
        )
    }

    @Test("An app whose launch page needs an attribute that the person lacks has no tile")
    func missingAttribute() {
        let titles = groups(TestPortal.subject("x", groups: ["partners"])).flatMap(\.tiles).map(\.title)
        #expect(titles == ["Wiki", "Status"])
    }

    @Test("A value with a slash cannot make a path of its own")
    func slash() {
        let subject = TestPortal.subject("x", groups: ["partners"], attributes: ["organization": ["a/../../b?c"]])
        #expect(!groups(subject).flatMap(\.tiles).contains { $0.title == "Partner Reports" })
    }

    @Test("A role without a relation puts its app under General")
    func noRelation() {
        let groups = groups(TestPortal.subject("bob", groups: ["auditors"]))
        #expect(groups.map(\.title) == ["General"])
        #expect(groups[0].tiles.map(\.title) == ["Wiki", "Audit Trail", "Status"])
    }

    @Test("The page shows the person and the tiles, escaped, and a sign-out form")
    func page() async {
        var browser = Browser(portal)
        _ = await browser.signIn()
        let page = await browser.get("https://login.example.com/")
        #expect(page.status == 200)
        #expect(page.text.contains("Alice &lt;b&gt;Öz&lt;/b&gt;"))
        #expect(page.text.contains("Customer &lt;Relations&gt;"))
        #expect(!page.text.contains("<b>"))
        #expect(page.text.contains("<form method=\"post\" action=\"/logout\">"))
        #expect(page.text.contains("<a class=\"skip\" href=\"#main\">"))
        #expect(page.hidden("csrf")?.count == 43)
        #expect(!page.text.contains("No applications yet"))
    }

    @Test("Who has no application reads whom to ask")
    func empty() async throws {
        let routes = RouteTable(apps: [], roles: RoleTable([]), portal: TestPortal.portal)
        let portal = try TestPortal(routes: routes)
        var browser = Browser(portal)
        _ = await browser.signIn("nobody")
        let page = await browser.get("https://login.example.com/")
        #expect(page.text.contains("No applications yet"))
        #expect(page.text.contains("ask your manager or the service desk"))
    }

    @Test(
        "A relation is written as a heading",
        arguments: [("customers", "Customers"), ("partner-desk", "Partner Desk"), ("a_b.c", "A B C")]
    )
    func titles(relation: String, title: String) {
        #expect(Tiles.titleCased(relation) == title)
    }
}
