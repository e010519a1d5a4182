import Cryptography
import GatehouseCore
import Identity
import TestSupport
import Testing

/// What an application does with an assertion, by libraries that share no code with ours: PyJWT finds the key in our
/// JWK Set and judges the token.
@Suite("Assertions judged by an independent library")
struct AssertionVerificationTests {
    private static let roles = ["sales", "ünïcode", "a\"b\\c", "\u{1}\u{1F}\u{7F}\u{2028}", "田中😀"]
    private let now = WallClock.system.now()
    private let ring: SigningKeyRing

    init() throws {
        let first = try #require(SigningKeyRing().rotated(at: now + (.zero - SigningKeyRing.period)))
        // Two keys are published, so that the `kid` has to say which.
        ring = try #require(first.rotated(at: now))
        try #require(ring.keys.count == 2)
    }

    private func token(audience: String = "crm", at moment: Timestamp, ring: SigningKeyRing? = nil) throws -> String {
        let facts = AssertionFacts(
            subject: Subject(
                id: SubjectID(realm: "staff", immutableID: "4f2c"),
                user: "alice",
                attributes: ["name": ["Zoë \"Z\" \\ O'Neil\t田中"], "email": ["alice@test"]],
                groups: []
            ),
            roles: Self.roles,
            permissions: [],
            authenticationMethods: ["pwd"],
            authenticatedAt: moment,
            checkedAt: moment
        )
        let issuer = AssertionIssuer(issuer: "https://login.example.com", ring: ring ?? self.ring)
        return try #require(issuer.token(for: facts, audience: audience, at: moment))
    }

    /// - Returns: the claims in one line of ASCII, or the name of the library's refusal.
    private func judge(_ token: String, keys: String? = nil) async throws -> String {
        let folder = TemporaryFolder()
        folder.write(token, to: "token")
        folder.write(keys ?? ring.jwks(at: now), to: "keys")
        let script = folder.write(Self.script, to: "judge.py")
        let (status, output) = try await ChildProcess.offPool {
            let log = folder.file("log")
            let arguments = [script, folder.file("token"), folder.file("keys")]
            return (try ChildProcess.run(TestEnvironment.python, arguments, output: log), contents(of: log))
        }
        try #require(status == 0, "\(output)")
        return output.split(separator: "\n").joined()
    }

    private static let script = """
        import json, sys
        import jwt
        token = open(sys.argv[1], encoding="ascii").read()
        keys = jwt.PyJWKSet.from_json(open(sys.argv[2], encoding="utf-8").read())
        try:
            kid = jwt.get_unverified_header(token)["kid"]
            claims = jwt.decode(
                token, keys[kid].key, algorithms=["ES256"], audience="crm", issuer="https://login.example.com",
                options={"require": ["exp", "iat", "sub", "aud", "iss"]})
            print(json.dumps(claims, sort_keys=True))
        except jwt.PyJWTError as error:
            print(type(error).__name__)
        except KeyError:
            print("UnknownKey")
        """

    @Test("a token verifies with a key of the set, and its claims arrive as they were")
    func accepted() async throws {
        let seconds = now.milliseconds / 1000
        let claims = try await judge(token(at: now))
        #expect(
            claims == #"{"amr": ["pwd"], "aud": "crm", "auth_time": \#(seconds), "checked_at": \#(seconds), "#
                + #""email": "alice@test", "exp": \#(seconds + 300), "iat": \#(seconds), "#
                + #""iss": "https://login.example.com", "name": "Zo\u00eb \"Z\" \\ O'Neil\t\u7530\u4e2d", "#
                + #""permissions": [], "preferred_username": "alice", "roles": ["sales", "\u00fcn\u00efcode", "#
                + #""a\"b\\c", "\u0001\u001f\u007f\u2028", "\u7530\u4e2d\ud83d\ude00"], "sub": "staff/4f2c"}"#
        )
    }

    @Test("a token is accepted until its last second and not after it")
    func expiry() async throws {
        #expect(try await judge(token(at: now + .seconds(-240))).hasPrefix("{"))
        #expect(try await judge(token(at: now + .seconds(-301))) == "ExpiredSignatureError")
    }

    @Test("another app's token is refused")
    func audience() async throws {
        #expect(try await judge(token(audience: "wiki", at: now)) == "InvalidAudienceError")
    }

    @Test("a changed payload, a changed signature and no signature are refused")
    func tampering() async throws {
        let parts = try token(at: now).split(separator: ".").map(String.init)
        let payload = try #require(Base64URL.decode(parts[1].utf8))
        let text = String(decoding: payload, as: UTF8.self)
        let risen = Base64URL.encode(text.replacing("\"sales\"", with: "\"admin\"").utf8)
        try #require(risen != parts[1])
        #expect(try await judge("\(parts[0]).\(risen).\(parts[2])") == "InvalidSignatureError")
        var signature = try #require(Base64URL.decode(parts[2].utf8))
        signature[40] ^= 0x10
        #expect(
            try await judge("\(parts[0]).\(parts[1]).\(Base64URL.encode(signature))") == "InvalidSignatureError"
        )
        #expect(try await judge("\(parts[0]).\(parts[1]).") == "InvalidSignatureError")
    }

    @Test("a token that names no algorithm, or another, is refused", arguments: ["none", "HS256"])
    func otherAlgorithm(name: String) async throws {
        let parts = try token(at: now).split(separator: ".").map(String.init)
        let header = String(decoding: try #require(Base64URL.decode(parts[0].utf8)), as: UTF8.self)
        let forged = Base64URL.encode(header.replacing("ES256", with: name).utf8)
        #expect(try await judge("\(forged).\(parts[1]).\(parts[2])") == "InvalidAlgorithmError")
        #expect(try await judge("\(forged).\(parts[1]).") == "InvalidAlgorithmError")
    }

    @Test("a token of a key that is not published is refused, even under a published name")
    func foreignKey() async throws {
        let foreign = try #require(SigningKeyRing().rotated(at: now))
        let token = try token(at: now, ring: foreign)
        #expect(try await judge(token) == "UnknownKey")
        let (ours, theirs) = (try #require(ring.current(at: now)).id, try #require(foreign.keys.first).id)
        let keys = ring.jwks(at: now).replacing(ours, with: theirs)
        #expect(try await judge(token, keys: keys) == "InvalidSignatureError")
    }
}
