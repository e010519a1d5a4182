import Cryptography
import GatehouseCore
import Identity
import Testing

@Suite("Signed assertions")
struct AssertionIssuerTests {
    private static let now = Timestamp(milliseconds: 1_795_338_904_999)
    private let ring: SigningKeyRing
    private let issuer: AssertionIssuer

    init() throws {
        ring = try #require(SigningKeyRing().rotated(at: Self.now))
        issuer = AssertionIssuer(issuer: "https://login.example.com", ring: ring)
    }

    private func facts(
        user: String = "alice",
        id: String = "4f2c",
        _ attributes: [String: [String]] = ["name": ["Alice"], "email": ["alice@test"], "organization": ["acme"]],
        roles: [String] = ["user", "admin"],
        permissions: [String] = ["leads.read"],
        methods: [String] = ["pwd", "otp"]
    ) -> AssertionFacts {
        AssertionFacts(
            subject: Subject(
                id: SubjectID(realm: "staff", immutableID: id),
                user: user,
                attributes: attributes,
                groups: []
            ),
            roles: roles,
            permissions: permissions,
            authenticationMethods: methods,
            authenticatedAt: Timestamp(milliseconds: 1_795_338_000_500),
            checkedAt: Timestamp(milliseconds: 1_795_338_900_700)
        )
    }

    private func parts(_ token: String) throws -> (header: String, claims: String, signature: [UInt8], signed: [UInt8])
    {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        try #require(parts.count == 3)
        return (
            String(decoding: try #require(Base64URL.decode(parts[0].utf8)), as: UTF8.self),
            String(decoding: try #require(Base64URL.decode(parts[1].utf8)), as: UTF8.self),
            try #require(Base64URL.decode(parts[2].utf8)), Array("\(parts[0]).\(parts[1])".utf8)
        )
    }

    private func claims(_ facts: AssertionFacts) throws -> String {
        try parts(try #require(issuer.token(for: facts, audience: "crm", at: Self.now))).claims
    }

    @Test("a token has the claims of the contract, seconds as whole numbers, and lasts five minutes")
    func contract() throws {
        let token = try parts(try #require(issuer.token(for: facts(), audience: "crm", at: Self.now)))
        let kid = try #require(ring.keys.first).id
        #expect(token.header == "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"\(kid)\"}")
        #expect(
            token.claims == "{\"iss\":\"https://login.example.com\",\"aud\":\"crm\",\"sub\":\"staff/4f2c\","
                + "\"preferred_username\":\"alice\",\"name\":\"Alice\",\"email\":\"alice@test\","
                + "\"organization\":\"acme\",\"roles\":[\"user\",\"admin\"],\"permissions\":[\"leads.read\"],"
                + "\"amr\":[\"pwd\",\"otp\"],\"auth_time\":1795338000,\"checked_at\":1795338900,"
                + "\"iat\":1795338904,\"exp\":1795339204}"
        )
        let key = try #require(ring.keys.first).publicKey
        #expect(key.verify(signature: token.signature, message: token.signed))
    }

    @Test("what is not known is left out, and lists are there without members")
    func absent() throws {
        let claims = try claims(facts(["name": [""], "email": []], roles: [], permissions: [], methods: []))
        for name in ["\"name\"", "\"email\"", "\"organization\"", "null", "\"\""] { #expect(!claims.contains(name)) }
        #expect(claims.contains("\"roles\":[],\"permissions\":[],\"amr\":[]"))
    }

    @Test("nobody gets a token: without a user value, without an immutable id, without a key")
    func nobody() {
        #expect(issuer.token(for: facts(user: ""), audience: "crm", at: Self.now) == nil)
        #expect(issuer.token(for: facts(id: ""), audience: "crm", at: Self.now) == nil)
        let keyless = AssertionIssuer(issuer: "https://login.example.com", ring: SigningKeyRing())
        #expect(keyless.token(for: facts(), audience: "crm", at: Self.now) == nil)
    }

    @Test("a token is safe in a header field, whatever the directory says")
    func fieldValue() throws {
        let hostile = "a\r\nX-XRM-Roles: admin\0\u{85}\u{2028}😀"
        let token = try #require(
            issuer.token(for: facts(user: hostile, ["name": [hostile]]), audience: "crm", at: Self.now)
        )
        #expect(token.utf8.allSatisfy { (0x21...0x7E).contains($0) })
    }

    @Test("no value can become another claim")
    func injection() throws {
        let hostile = "x\",\"roles\":[\"admin\"],\"y\":\"\\"
        let claims = try claims(facts(["name": [hostile]], roles: []))
        #expect(claims.contains("\"name\":\"x\\\",\\\"roles\\\":[\\\"admin\\\"],\\\"y\\\":\\\"\\\\\""))
        #expect(claims.contains("\"roles\":[],"))
    }

    @Test("a change of any byte of a token breaks its signature")
    func tampering() throws {
        let token = try parts(try #require(issuer.token(for: facts(), audience: "crm", at: Self.now)))
        let key = try #require(ring.keys.first).publicKey
        for index in token.signed.indices {
            var signed = token.signed
            signed[index] ^= 1
            #expect(!key.verify(signature: token.signature, message: signed))
        }
        for index in token.signature.indices {
            var signature = token.signature
            signature[index] ^= 1
            #expect(!key.verify(signature: signature, message: token.signed))
        }
    }

    @Test("after a rotation the new key signs from its hour on, and its name stands in the token")
    func rotation() throws {
        let later = Self.now + SigningKeyRing.period
        let next = try #require(ring.rotated(at: later))
        let issuer = AssertionIssuer(issuer: "https://login.example.com", ring: next)
        for (moment, key) in [(later, next.keys[0]), (later + SigningKeyRing.lead, next.keys[1])] {
            let token = try parts(try #require(issuer.token(for: facts(), audience: "crm", at: moment)))
            #expect(token.header.contains("\"kid\":\"\(key.id)\""))
            #expect(key.publicKey.verify(signature: token.signature, message: token.signed))
        }
        #expect(next.keys[0].id != next.keys[1].id)
    }

    @Test("hundreds of roles make a long token, not a broken one")
    func manyRoles() throws {
        let roles = (0..<500).map { "role-number-\($0)" }
        let token = try #require(issuer.token(for: facts(roles: roles), audience: "crm", at: Self.now))
        #expect(token.utf8.count > 8192)
        #expect(try parts(token).claims.contains("\"role-number-499\"]"))
    }

    @Test("the published keys are a JWK Set with nothing private in it")
    func keySet() throws {
        let next = try #require(ring.rotated(at: Self.now + SigningKeyRing.period))
        let set = next.jwks(at: Self.now + SigningKeyRing.period)
        let members = next.keys.map { key in
            let point = key.publicKey
            return "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"\(Base64URL.encode(point.x))\","
                + "\"y\":\"\(Base64URL.encode(point.y))\",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"\(key.id)\"}"
        }
        #expect(members.count == 2)
        #expect(set == "{\"keys\":[\(members.joined(separator: ","))]}")
        for key in next.keys { #expect(!set.contains(Base64URL.encode(key.privateKey.rawScalar))) }
        #expect(!set.contains("\"d\""))
        #expect(SigningKeyRing().jwks(at: Self.now) == "{\"keys\":[]}")
    }
}
