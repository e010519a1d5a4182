import Testing

@testable import Portal

@Suite("Destinations")
struct DestinationTests {
    private let destinations: Destinations

    init() throws {
        destinations = Destinations(try TestPortal.routes())
    }

    @Test(
        "A place of an app is reached as it was asked for",
        arguments: [
            ("https://crm.example.com/a/b?x=1&y=%2F", "https://crm.example.com/a/b?x=1&y=%2F"),
            ("https://crm.example.com", "https://crm.example.com/"),
            ("https://crm.example.com?x=//evil.example", "https://crm.example.com/?x=//evil.example"),
            ("HTTPS://CRM.example.com:443/a", "https://crm.example.com/a"),
            ("https://crm.example.com./a", "https://crm.example.com/a"),
            ("https://wiki.example.com:8443/a%2Fb", "https://wiki.example.com:8443/a%2Fb"),
            ("https://crm.example.com/a/../b%7e", "https://crm.example.com/b~"),
            ("https://crm.example.com//evil.example", "https://crm.example.com/evil.example"),
            ("https://tools.example.com/trail/x", "https://tools.example.com/trail/x"),
        ]
    )
    func known(address: String, url: String) {
        guard case .app(let place) = destinations.resolve(address) else {
            Issue.record("\(address) led to the launcher")
            return
        }
        #expect(place.url == url)
    }

    @Test(
        "Everything else leads to the launcher",
        arguments: [
            "", "/", "/a", "//evil.example", "//evil.example/https://crm.example.com", "/\\evil.example",
            "\\\\evil.example",
            "https:evil.example", "https:/crm.example.com", "https:///crm.example.com",
            "https://evil.example/", "https://crm.example.com.evil.example/",
            "https://evil.example#https://crm.example.com",
            "https://crm.example.com@evil.example/", "https://user:pw@crm.example.com/", "https://@crm.example.com/",
            "https://crm.example.com\\@evil.example/", "https://crm.example.com\\.evil.example/",
            "http://crm.example.com/", "https://crm.example.com:8443/", "https://wiki.example.com/",
            "https://crm.example.com:443:443/", "https://crm.example.com:/", "https://crm.example.com:0443/",
            "javascript:alert(1)", "JavaScript://crm.example.com/%0aalert(1)", "data:text/html,x", "vbscript:x",
            "ftp://crm.example.com/", "https://crm.example.com/a\r\nSet-Cookie: x=1", "https://crm.example.com/\u{9}a",
            "\thttps://crm.example.com/", " https://crm.example.com/", "https://crm.example.com/ a",
            "https://crm.example.com/a#b", "https://crm.example.com/%00", "https://crm.example.com/%09",
            "https://crm.example.com/%0d%0aLocation:", "https://crm.example.com/%5Cevil.example",
            "https://crm.example.com/a%2Fb", "https://crm.example.com/%", "https://crm.example.com/%C0%AF",
            "https://crm.example.com/ä", "https://crm%2eexample.com/", "https://tools.example.com/",
            "https://tools.example.com/trailer", "https://tools.example.com/trail/../",
            "https://crm.example.com/.gatehouse/callback?ticket=x", "https://crm.example.com/x/../.gatehouse/sign-out",
            "https://login.example.com/", "https://login.example.com/logout", "https://login.example.com/login?rd=x",
            "https://[::1]/", "https://crm.example.com/" + String(repeating: "a", count: 5000),
        ]
    )
    func unknown(address: String) {
        #expect(destinations.resolve(address) == .launcher)
    }

    @Test("A host's root is the app's prefix where apps share the host")
    func root() {
        #expect(destinations.root(of: "crm.example.com") == "/")
        #expect(destinations.root(of: "tools.example.com") == "/trail/")
        #expect(destinations.title(of: "crm.example.com") == "Customer <Relations>")
        #expect(destinations.title(of: "tools.example.com") == "tools.example.com")
    }
}
