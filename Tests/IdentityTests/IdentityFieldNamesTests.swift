import GatehouseCore
import Identity
import Testing

@Suite("Names of identity fields")
struct IdentityFieldNamesTests {
    /// What applications take for somebody's identity: the names of every profile and of what is always sent, and those
    /// that other proxies set.
    private static let names = [
        "Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "Remote-Anything", "X-Remote-User",
        "X-Remote-Groups", "X-XRM-User",
        "X-XRM-Roles", "X-XRM-Permissions", "X-XRM-Relations", "X-XRM-Organization", "X-XRM-Realm",
        "X-XRM-Invented-Tomorrow",
        "X-Gatehouse-Assertion", "X-Gatehouse-Anything", "X-Request-ID", "X-Forwarded-For", "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
        "X-Forwarded-Access-Token",
        "X-Forwarded-Uri", "X-Forwarded-Prefix", "X-Forwarded-Method", "X-Original-URL", "X-Original-URI",
        "X-Rewrite-URL", "Forwarded",
        "X-Real-IP", "X-Client-IP", "True-Client-IP", "X-Auth-Request-User", "X-Auth-Request-Email",
        "X-Authentik-Username", "Auth-User",
        "X-WebAuth-User", "X-Auth-User", "X-Proxy-User", "SM-User", "IV-User", "X-Ldap-User",
        "X-Pomerium-Jwt-Assertion", "SSL-Client-Cert",
        "Cf-Access-Jwt-Assertion", "X-Goog-Authenticated-User-Email", "X-Amzn-Oidc-Data", "OIDC-Claim-sub",
        "OIDC-Access-Token",
    ]

    private static let spellings: [@Sendable (String) -> String] = [
        { $0 }, { $0.lowercased() }, { $0.uppercased() }, { $0.replacing("-", with: "_") },
        { $0.replacing("-", with: ".") },
        { $0.uppercased().replacing("-", with: "_") }, { $0.lowercased().replacing("-", with: ".") },
        { name in String(name.enumerated().map { $1 == "-" ? Array("_.-")[$0 % 3] : $1 }) },
        { name in
            String(name.enumerated().map { $0 % 2 == 0 ? Character($1.uppercased()) : Character($1.lowercased()) })
        },
    ]

    private func verdict(_ name: String, _ headers: HeaderConfiguration = HeaderConfiguration())
        -> IdentityFieldNames.Verdict
    {
        IdentityFieldNames(headers: headers).verdict(on: Array(name.utf8).span)
    }

    @Test("every identity field of every profile is stripped in every spelling", arguments: names)
    func stripped(name: String) {
        for spelling in Self.spellings {
            #expect(verdict(spelling(name)) == .strip, "\(spelling(name))")
            #expect(IdentityFieldNames.isIdentity(spelling(name)))
        }
    }

    @Test("letting one pass does not let it pass", arguments: names)
    func passIsNoWayRound(name: String) {
        let spellings = Self.spellings.map { $0(name) }
        let headers = HeaderConfiguration(pass: spellings)
        for spelling in spellings { #expect(verdict(spelling, headers) == .strip) }
    }

    @Test("whatever the gateway sends to an app, no client can send")
    func sentAndStripped() {
        let facts = IdentityFacts(
            subject: Subject(
                id: SubjectID(realm: "staff", immutableID: "1"),
                user: "alice",
                attributes: ["name": ["A"], "email": ["a@test"], "organization": ["acme"]],
                groups: []
            ),
            roles: ["r"],
            permissions: ["p"],
            relations: ["c"]
        )
        for profile in HeaderProfile.allCases {
            let fields = IdentityRenderer(headers: HeaderConfiguration(profile: profile)).fields(for: facts)
            #expect(fields.count >= 10)
            for (name, _) in fields {
                for spelling in Self.spellings { #expect(verdict(spelling(name)) == .strip) }
            }
        }
    }

    @Test("the names of the app's own fields are stripped for that app, in every spelling")
    func ownNames() throws {
        let headers = HeaderConfiguration(
            set: [.init(name: "X-Company_Code", value: try Template("{o}"))],
            pass: ["x_company_code", "X.Company.Code"]
        )
        for spelling in Self.spellings {
            #expect(verdict(spelling("X-Company-Code"), headers) == .strip)
        }
        #expect(verdict("X-Company-Code") == .forward)
        #expect(verdict("X-Company-Codes", headers) == .forward)
    }

    @Test(
        "ordinary fields go through",
        arguments: [
            "Accept", "Content-Type", "Cookie", "Authorization", "X-Requested-With", "User-Agent", "Origin", "Referer",
            "Remote", "RemoteUser",
            "X-Remote", "XRM-User", "SMTP", "Ivory", "Authority", "X-Forward", "If-None-Match", "Sec-Fetch-Mode",
            "X-CSRF-Token", "DNT", "TE",
        ]
    )
    func ordinary(name: String) {
        #expect(verdict(name) == .forward)
        #expect(verdict(name.uppercased()) == .forward)
        #expect(!IdentityFieldNames.isIdentity(name))
    }

    @Test(
        "names with other characters are dropped, unless the app lists them",
        arguments: [
            "X_Custom", "X.Custom", "X Custom", "X~Custom", "X!", "X$Y", "é", "X\u{0}", "a:b", "Content_Length",
            "Transfer.Encoding",
        ]
    )
    func strange(name: String) {
        #expect(verdict(name) == .drop)
        #expect(verdict(name, HeaderConfiguration(pass: [name.uppercased()])) == .forward)
        #expect(verdict(name, HeaderConfiguration(pass: ["other_name", name + "x"])) == .drop)
    }

    @Test("passing one spelling does not pass another")
    func passIsExact() {
        let headers = HeaderConfiguration(pass: ["X_Custom"])
        #expect(verdict("x_custom", headers) == .forward)
        #expect(verdict("X.Custom", headers) == .drop)
        #expect(verdict("X-Custom", headers) == .forward)
    }

    @Test("a name is folded to small letters and hyphens")
    func folding() {
        #expect(IdentityFieldNames.fold("X_Remote.USER-Name") == "x-remote-user-name")
        #expect(IdentityFieldNames.fold("\u{212A}") == "\u{212A}")
    }
}
