import TestSupport
import Testing

/// What an application learns of a person, judged by PyJWT, which shares no code with ours.
@Suite("The assertion reaches the application, and any node's keys prove it")
struct SharedAssertionTests {
    private static let judge = """
        import json, sys, time
        import jwt
        token, keys, audience, issuer = (open(path, encoding="utf-8").read() for path in sys.argv[1:5])
        keys = jwt.PyJWKSet.from_json(keys)
        head = jwt.get_unverified_header(token)
        assert head["alg"] == "ES256", head
        try:
            claims = jwt.decode(
                token, keys[head["kid"]].key, algorithms=["ES256"], audience=audience, issuer=issuer,
                options={"require": ["exp", "iat", "sub", "aud", "iss", "auth_time", "checked_at"]})
        except jwt.PyJWTError as error:
            print(type(error).__name__)
            sys.exit(0)
        now = time.time()
        assert 0 < claims["exp"] - claims["iat"] <= 300, claims
        assert now - 60 < claims["auth_time"] <= now and now - 60 < claims["checked_at"] <= now, claims
        for name in ("exp", "iat", "auth_time", "checked_at"):
            del claims[name]
        print(json.dumps(claims, sort_keys=True))
        """

    private func judge(_ token: String, _ keys: String, audience: String, _ issuer: String) async throws -> String {
        try await HouseOfNodes.python(Self.judge, [token, keys, audience, issuer])
            .split(separator: "\n").joined()
    }

    @Test("Either node's keys verify what either node sent, for this application and no other")
    func verified() async throws {
        let house = try await House.openShared()
        let alice = try await house.signedIn("alice", 0)
        let first = try #require(house.house.crm.lastValues("x-gatehouse-assertion").first)
        #expect(try await house.moved(alice, to: 1).get("\(house.crmURL)/").status == 200)
        let second = try #require(house.house.crm.lastValues("x-gatehouse-assertion").first)
        let pia = house.visitor(1)
        let (_, page) = try await pia.signIn(
            "\(house.partnersURL)/partners/brightline/",
            portal: house.portal,
            name: "pia",
            password: House.password
        )
        #expect(page.status == 200)
        let third = try #require(house.house.partners.lastValues("x-gatehouse-assertion").first)
        let subject = try #require(
            try await house.sessions("list", "--user", "alice", "--json").output
                .firstMatch(of: #/"subject":"([^"]+)"/#)?.output.1
        )
        for node in house.gateways.indices {
            let answer = try await house.visitor(node).get("\(house.portal)/.well-known/jwks.json")
            #expect(answer.status == 200)
            #expect(!answer.body.contains("\"d\""))
            for token in [first, second] {
                #expect(
                    try await judge(token, answer.body, audience: "crm", house.portal)
                        == #"{"amr": ["pwd"], "aud": "crm", "email": "alice@nordwind.example", "#
                        + #""iss": "\#(house.portal)", "name": "Alice Adams", "organization": "Nordwind", "#
                        + #""permissions": ["leads.read"], "preferred_username": "alice", "roles": ["sales"], "#
                        + #""sub": "\#(subject)"}"#
                )
                #expect(
                    try await judge(token, answer.body, audience: "partners", house.portal) == "InvalidAudienceError"
                )
            }
            #expect(
                try await judge(third, answer.body, audience: "partners", house.portal).contains(#""aud": "partners""#)
            )
            #expect(try await judge(third, answer.body, audience: "crm", house.portal) == "InvalidAudienceError")
        }
    }

    @Test("A client's own assertion never arrives, in whatever spelling, signed in or not")
    func forged() async throws {
        let own = try await House.openShared(nodes: 1)
        let alice = try await own.signedIn("alice")
        let spellings = [
            "X-Gatehouse-Assertion", "x-gatehouse-assertion", "X_Gatehouse_Assertion", "X.Gatehouse-Assertion",
        ]
        let fields = spellings.map { ($0, "forged.by.me") } + [("Connection", "x-gatehouse-assertion, close")]
        #expect(try await alice.send("GET", "\(own.crmURL)/", fields: fields).status == 200)
        let values = own.house.crm.lastValues("x-gatehouse-assertion")
        #expect(values.count == 1)
        #expect(values.allSatisfy { $0.split(separator: ".").count == 3 && $0 != "forged.by.me" })
        #expect(try await own.visitor().send("GET", "\(own.crmURL)/public/x", fields: fields).status == 200)
        #expect(own.house.crm.lastValues("x-gatehouse-assertion").isEmpty)
        #expect(!own.house.crm.bytes.contains("forged.by.me"))
    }

    @Test("An application's own pages learn who is there from whoami, and anonymous ones that nobody is")
    func whoAmI() async throws {
        let house = try await HouseOfNodes.shared()
        let zoe = try await house.signedIn("zoe", 0)
        for node in house.gateways.indices {
            let answer = try await house.moved(zoe, to: node).get("\(house.crmURL)/.gatehouse/whoami")
            #expect(answer.status == 200)
            #expect(answer.value("content-type") == "application/json")
            #expect(answer.value("cache-control")?.contains("no-store") == true)
            let members = try await HouseOfNodes.python(
                """
                import json, sys
                found = json.load(open(sys.argv[1], encoding="utf-8"))
                assert 0 < found.pop("idle_seconds") <= 900
                assert 28000 < found.pop("absolute_seconds") <= 28800
                assert found.pop("checked_at").endswith("Z")
                print(json.dumps(found, sort_keys=True))
                """,
                [answer.body]
            )
            #expect(
                members
                    == #"{"email": "zoe@nordwind.example", "factors": ["pwd"], "#
                    + #""name": "Zo\u00eb M\u00fcller-\u00d1\u00fa\u00f1ez", "#
                    + #""organization": "Nordwind", "permissions": ["leads.read"], "realm": "staff", "#
                    + #""relations": ["customers"], "roles": ["sales"], "user": "zoe"}"# + "\n"
            )
        }
        let nobody = try await house.visitor(1).get("\(house.crmURL)/.gatehouse/whoami")
        #expect(nobody.status == 401)
        #expect(!nobody.body.contains("zoe"))
    }
}
