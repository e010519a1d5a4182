import GatehouseCore
import Identity
import NIOCore
import Testing

@Suite("Rendering of identity")
struct IdentityRendererTests {
    private func facts(
        user: String = "alice",
        _ attributes: [String: [String]] = ["name": ["Alice"], "email": ["alice@test"], "organization": ["acme"]],
        roles: [String] = ["user", "admin"],
        permissions: [String] = ["write", "read"],
        relations: [String] = ["customers"]
    ) -> IdentityFacts {
        IdentityFacts(
            subject: Subject(
                id: SubjectID(realm: "staff", immutableID: "1"),
                user: user,
                attributes: attributes,
                groups: []
            ),
            roles: roles,
            permissions: permissions,
            relations: relations
        )
    }

    private func fields(_ facts: IdentityFacts, _ headers: HeaderConfiguration = HeaderConfiguration()) -> [String:
        String]
    {
        Dictionary(IdentityRenderer(headers: headers).fields(for: facts)) { "twice: \($0) and \($1)" }
    }

    private func set(_ fields: [(String, String)]) throws -> HeaderConfiguration {
        HeaderConfiguration(set: try fields.map { .init(name: $0.0, value: try Template($0.1)) })
    }

    @Test("an app is told the fields of its profile and of the gateway, each once, roles in their order")
    func profile() {
        #expect(
            fields(facts()) == [
                "Remote-User": "alice", "Remote-Name": "Alice", "Remote-Email": "alice@test",
                "Remote-Groups": "user,admin",
                "X-XRM-User": "alice", "X-XRM-Roles": "user,admin", "X-XRM-Permissions": "write,read",
                "X-XRM-Relations": "customers",
                "X-XRM-Organization": "acme", "X-XRM-Realm": "staff",
            ]
        )
    }

    @Test("what is absent or empty sends no field, never an empty one")
    func absent() {
        let sent = fields(facts(["name": [""], "email": []], roles: [], permissions: [], relations: []))
        #expect(sent == ["Remote-User": "alice", "X-XRM-User": "alice", "X-XRM-Realm": "staff"])
    }

    @Test("an empty first value is passed over, and further values are not sent")
    func firstValue() {
        #expect(fields(facts(["email": ["", "a@test", "b@test"]]))["Remote-Email"] == "a@test")
    }

    @Test("the app's own field replaces the one of that name, however it is spelt")
    func ownFields() throws {
        let headers = try set([
            ("remote_user", "{uid}@partners"), ("X-Roles", "{roles}|{permissions}|{relations}|{realm}|{user}"),
        ])
        let sent = fields(facts(["uid": ["al"]]), headers)
        #expect(sent["remote_user"] == "al@partners")
        #expect(sent["Remote-User"] == nil)
        #expect(sent["X-Roles"] == "user,admin|write,read|customers|staff|alice")
        #expect(sent["X-XRM-User"] == "alice")
    }

    @Test("an own field without a value does not bring the replaced one back")
    func ownFieldWithoutValue() throws {
        let sent = fields(facts(), try set([("Remote-Email", "{workMail}")]))
        #expect(!sent.keys.contains("Remote-Email"))
    }

    @Test(
        "a value with a control character is not sent",
        arguments: [
            "a\r\nRemote-User: bob", "a\nb", "a\rb", "a\0b", "a\tb", "\u{1B}[31m", "a\u{7F}", "a\u{85}b", "\u{9F}",
            " a", "a ", " ",
        ]
    )
    func controls(value: String) throws {
        let sent = fields(facts(["name": [value], "email": ["a@test"]]), try set([("X-Own", "{name}")]))
        #expect(sent["Remote-Name"] == nil)
        #expect(sent["X-Own"] == nil)
        #expect(sent["Remote-Email"] == "a@test")
        #expect(IdentityRenderer(headers: HeaderConfiguration()).block(for: facts(user: value)) == nil)
        let block = IdentityRenderer(headers: HeaderConfiguration()).block(for: facts(["name": [value]]))
        #expect(block.map { String(buffer: $0) }?.contains("bob") == false)
    }

    @Test(
        "UTF-8 leaves as it came",
        arguments: ["Zoë", "Müller", "Mu\u{308}ller", "田中", "😀", "a, b; \"c\" <d>", "naïve ﬁ"]
    )
    func unicode(name: String) throws {
        let block = try #require(IdentityRenderer(headers: HeaderConfiguration()).block(for: facts(["name": [name]])))
        let line = Array("\r\nRemote-Name: \(name)\r\n".utf8)
        let bytes = Array(block.readableBytesView)
        #expect(bytes.indices.contains { bytes[$0...].starts(with: line) })
    }

    @Test("the block holds each field as one line")
    func block() throws {
        let renderer = IdentityRenderer(headers: HeaderConfiguration())
        let text = String(buffer: try #require(renderer.block(for: facts())))
        let expected = renderer.fields(for: facts()).map { "\($0.name): \($0.value)\r\n" }.joined()
        #expect(text == expected)
        #expect(text.hasSuffix("\r\n") && !text.contains("\r\n\r\n"))
    }

    @Test("without a user there is no block, whatever else is known")
    func noUser() throws {
        for headers in [HeaderConfiguration(), try set([("Remote-User", "somebody")])] {
            #expect(IdentityRenderer(headers: headers).block(for: facts(user: "")) == nil)
        }
    }

    @Test("braces in an attribute are no template")
    func noSecondRendering() throws {
        let sent = fields(facts(["name": ["{email}"], "email": ["secret@test"]]), try set([("X-Own", "{name}")]))
        #expect(sent["X-Own"] == "{email}")
    }
}
