import GatehouseCore
import Policy
import Testing

@Suite("Route table")
struct RouteTableTests {
    private func table() throws -> RouteTable {
        let rules = [try PolicyFixture.rule("/**", nil, .anyone)]
        return PolicyFixture.table([
            try PolicyFixture.app("rest", hosts: ["app.test", "[2001:db8::1]"], rules),
            try PolicyFixture.app("crm", hosts: ["app.test"], paths: ["/crm", "/sales"], rules),
            try PolicyFixture.app("reports", hosts: ["app.test"], paths: ["/crm/reports"], rules),
            try PolicyFixture.app("only", hosts: ["only.test"], paths: ["/here"], rules),
            try PolicyFixture.app("thief", hosts: ["login.test"], rules),
        ])
    }

    private func name(_ authority: String) throws -> String? {
        try table().host(authority)?.name
    }

    @Test(
        "a configured host is found whatever its case, final dot and port",
        arguments: [
            "app.test", "APP.Test", "app.test.", "aPP.tESt", "app.test:443", "app.test:80", "app.test:65535",
            "APP.test.:8443",
        ]
    )
    func found(authority: String) throws {
        #expect(try name(authority) == "app.test")
    }

    @Test(
        "anything else is no host of ours",
        arguments: [
            "", ".", ":", ":443", "app.test:", "app.test:0", "app.test:0443", "app.test:65536", "app.test:100000",
            "app.test:4 43", "app.test:443:443",
            "app.test..", "app.test.:", "app.test:443.", ".app.test", "xapp.test", "app.tes", "app.testx",
            "app.test.evil", "app.test,evil",
            "evil,app.test", "app.test evil", "app.test@evil", "evil@app.test", "app.test/", "app.test\0", "app.test\t",
            " app.test", "app.test ",
            "http://app.test", "app%2etest", "app。test", "ａpp.test", "app.test:４43", "app.test#", "app.test?",
            #"app.test\"#, "[app.test]",
            "2001:db8::1", "[2001:db8::1", "[2001:db8::1]x", "[2001:db8:0::1]", "127.0.0.1", "*", "unix:/x",
            String(repeating: "a", count: 300),
        ]
    )
    func unknown(authority: String) throws {
        #expect(try name(authority) == nil)
    }

    @Test("an IPv6 address is found in brackets")
    func addresses() throws {
        #expect(try name("[2001:DB8::1]") == "[2001:db8::1]")
        #expect(try name("[2001:db8::1]:8443") == "[2001:db8::1]")
    }

    @Test("the portal's host is the portal's, even where an app claims it")
    func portal() throws {
        let table = try table()
        let host = try #require(table.host("LOGIN.test.:443"))
        #expect(host.site == .portal)
        #expect(table.app(on: host, path: "/") == nil)
        #expect(try #require(table.host("app.test")).site == .apps)
    }

    @Test(
        "the longest prefix of whole segments wins",
        arguments: [
            ("/", 0), ("/x", 0), ("/crm", 1), ("/crm/", 1), ("/crm/x", 1), ("/crmx", 0), ("/crm/reports", 2),
            ("/crm/reports/x", 2),
            ("/crm/reportsx", 1), ("/sales", 1), ("/CRM", 0), ("/crm;x", 0), ("/crm%20", 0),
        ]
    )
    func prefixes(path: String, app: Int) throws {
        let table = try table()
        let host = try #require(table.host("app.test"))
        #expect(table.app(on: host, path: path) == app)
    }

    @Test("a path that no app of the host has belongs to none", arguments: ["/", "/her", "/herex", "/x/here"])
    func noApp(path: String) throws {
        let table = try table()
        let host = try #require(table.host("only.test"))
        #expect(table.app(on: host, path: path) == nil)
        #expect(table.app(on: host, path: "/here/x") == 3)
    }
}
