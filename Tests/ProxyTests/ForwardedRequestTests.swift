import GatehouseCore
import HTTPWire
import Identity
import NIOCore
import Policy
import Sessions
import Testing

@testable import Proxy

@Suite("Forwarded requests")
struct ForwardedRequestTests {
    private static func forward(
        _ text: String,
        user: String? = "alice",
        set: [String: [String]] = ["mail": ["a@b"], "language": ["de"]]
    )
        throws -> ForwardedRequest
    {
        let snapshot = try World.snapshot(upstreams: [1])
        let head = try Wire.request(text)
        let request = try CanonicalRequest(head, snapshot.routes)
        let subject = user.map { World.subject($0, role: "user", set) }
        let principal = subject.map { Principal(subject: $0, table: snapshot.routes.roles) }
        let decision = request.withPath(head) { path in
            snapshot.authorizer.decide(
                app: 0,
                on: request.host,
                path: path,
                question: Question(method: request.method, address: SourceAddress(ipv4: 1), principal: principal)
            )
        }
        guard case .permit(let permit) = consume decision else { throw WireError.malformedTarget }
        let block = principal.flatMap {
            snapshot.renderers[0].block(
                for: IdentityFacts(
                    subject: $0.subject,
                    roles: $0.grants.roles,
                    permissions: $0.grants.permissions,
                    relations: $0.grants.relations
                )
            )
        }
        return ForwardedRequest(
            permit: permit,
            request,
            head,
            .init(
                snapshot: snapshot,
                cookies: Wire.cookies,
                identity: block,
                requestID: .random(),
                address: "192.0.2.7"
            ),
            allocator: ByteBufferAllocator()
        )
    }

    private static func get(_ fields: String, path: String = "/a", host: String = "app.test") -> String {
        "GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(fields)\r\n"
    }

    /// Names by which applications learn who is there, in the spellings that fold to them.
    static let spoofs: [String] = [
        "Remote-User", "remote_user", "REMOTE.USER", "Remote_User", "Remote-Email", "Remote_Groups", "X-XRM-Roles",
        "X-XRM_Roles",
        "x.xrm.roles", "X_XRM_User", "X-XRM-Anything", "X-Gatehouse-Assertion", "X_Gatehouse_Assertion",
        "X-Forwarded-For",
        "X_Forwarded_For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-URL", "X-Original_URI", "Forwarded",
        "X-Real-IP",
        "X-Request-ID", "X-Auth-Request-User", "X-Authentik-Username", "X-WebAuth-User", "Auth-User", "SM-User",
        "SM_USER", "iv-user",
        "IV_GROUPS", "X-Remote-User", "X-Rewrite-URL", "X-Crm-Mail", "x_crm.mail", "X-Ldap-User",
    ]

    @Test(
        "NTLM and Negotiate sign the connection in, not the request: it serves nobody after",
        arguments: [
            ("NTLM TlRM", true), ("negotiate YII", true), ("Negotiate", true), ("Basic YTpi", false),
            ("Bearer ntlm", false),
        ]
    )
    func boundConnection(_ credentials: String, _ binds: Bool) throws {
        #expect(try Self.forward(Self.get("Authorization: \(credentials)\r\n")).bindsConnection == binds)
    }

    @Test("an identity field of the client's never passes", arguments: spoofs)
    func spoofed(_ name: String) throws {
        for path in ["/a", "/public/a"] {
            let forwarded = try Self.forward(
                Self.get("\(name): evil\r\nX-Other: kept\r\n\(name): evil\r\n", path: path)
            )
            let fields = Wire.fields(forwarded.head)
            #expect(!fields.contains { $0.value.contains("evil") })
            #expect(fields.values("x-other") == ["kept"])
            for expected in [
                ("remote-user", "alice"), ("x-xrm-user", "alice"), ("x-crm-mail", "a@b"),
                ("x-forwarded-for", "192.0.2.7"),
            ] {
                #expect(fields.foldedValues(expected.0) == [expected.1])
            }
        }
    }

    @Test("without a value of ours, none of the client's stands in")
    func nobody() throws {
        let forged = Self.spoofs.map { "\($0): evil\r\n" }.joined()
        let forwarded = try Self.forward(Self.get(forged, path: "/public/a"), user: nil)
        let fields = Wire.fields(forwarded.head)
        #expect(!fields.contains { $0.value.contains("evil") })
        #expect(fields.values("remote-user").isEmpty)
        let partly = try Self.forward(Self.get("X-Crm-Mail: evil\r\nAccept-Language: evil\r\n"), set: [:])
        #expect(Wire.fields(partly.head).values("x-crm-mail").isEmpty)
        #expect(Wire.fields(partly.head).values("accept-language").isEmpty)
    }

    @Test("a well-known field that the app is set replaces the client's")
    func knownFieldThatIsSet() throws {
        let forwarded = try Self.forward(Self.get("Accept-Language: evil\r\nAccept: text/html\r\n"))
        let fields = Wire.fields(forwarded.head)
        #expect(fields.values("accept-language") == ["de"])
        #expect(fields.values("accept") == ["text/html"])
    }

    @Test("names outside letters, digits and hyphens are dropped and counted, unless the app lists them")
    func oddNames() throws {
        let forwarded = try Self.forward(
            Self.get("X_Other: a\r\nX.Other: b\r\nTransfer_Encoding: chunked\r\nX_Legacy: c\r\n")
        )
        #expect(forwarded.droppedFields == 3)
        let fields = Wire.fields(forwarded.head)
        #expect(fields.values("x_legacy") == ["c"])
        #expect(fields.values("x_other").isEmpty)
        #expect(fields.values("transfer_encoding").isEmpty)
    }

    @Test("Connection removes the client's own fields and none of the gateway's")
    func nominated() throws {
        let forwarded = try Self.forward(
            Self.get(
                "Connection: close, remote-user, X-XRM-Roles\r\nConnection: X-Forwarded-For, x-mine, HOST, cookie\r\nX-Mine: a\r\n"
                    + "X-Other: b\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: websocket\r\nProxy-Connection: x\r\n"
                    + "HTTP2-Settings: AAA\r\nProxy-Authorization: Basic x\r\nExpect: 100-continue\r\n"
            )
        )
        let fields = Wire.fields(forwarded.head)
        for name in ["remote-user", "x-xrm-roles", "x-xrm-user", "x-forwarded-for", "host", "x-request-id", "x-other"] {
            #expect(fields.values(name).count == 1, "\(name)")
        }
        for name in [
            "x-mine", "connection", "keep-alive", "te", "trailer", "upgrade", "proxy-connection", "http2-settings",
            "proxy-authorization", "expect",
        ] { #expect(fields.values(name).isEmpty, "\(name)") }
    }

    @Test("the framing is written anew")
    func framing() throws {
        let plain = try Self.forward(Self.get(""))
        #expect(Wire.fields(plain.head).values("content-length").isEmpty)
        let length = try Self.forward("POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0003\r\n\r\n")
        #expect(Wire.fields(length.head).values("content-length") == ["3"])
        let chunked = try Self.forward("POST /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: CHUNKED\r\n\r\n")
        #expect(Wire.fields(chunked.head).values("transfer-encoding") == ["chunked"])
        let old = try Self.forward("GET /a HTTP/1.0\r\nHost: app.test\r\n\r\n")
        #expect(String(buffer: old.head).hasPrefix("GET /a HTTP/1.1\r\n"))
    }

    @Test(
        "what is judged is what is sent",
        arguments: [
            (
                "GET /x/../%61//b?c=%2e%2e//d HTTP/1.1\r\nHost: app.test\r\n\r\n",
                "GET /a/b?c=%2e%2e//d HTTP/1.1\r\nHost: app.test\r\n"
            ),
            (
                "GET http://APP.test.:8080/a HTTP/1.1\r\nHost: app.TEST.:8080\r\n\r\n",
                "GET /a HTTP/1.1\r\nHost: app.test:8080\r\n"
            ),
            ("PROPFIND / HTTP/1.0\r\nHost: app.test\r\n\r\n", "PROPFIND / HTTP/1.1\r\nHost: app.test\r\n"),
        ]
    )
    func startLine(_ text: String, _ expected: String) throws {
        let forwarded = try Self.forward(text)
        #expect(String(buffer: forwarded.head).hasPrefix(expected), "\(String(buffer: forwarded.head))")
        #expect(String(buffer: forwarded.head).hasSuffix("\r\n\r\n"))
    }

    @Test(
        "only what may be asked twice is repeatable",
        arguments: [
            ("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n", true), ("HEAD /a HTTP/1.1\r\nHost: app.test\r\n\r\n", true),
            ("DELETE /a HTTP/1.1\r\nHost: app.test\r\n\r\n", true),
            ("POST /a HTTP/1.1\r\nHost: app.test\r\n\r\n", false),
            ("PATCH /a HTTP/1.1\r\nHost: app.test\r\n\r\n", false),
            ("LOCK /a HTTP/1.1\r\nHost: app.test\r\n\r\n", false),
            ("PUT /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\n", false),
            ("GET /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n", false),
            ("GET /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\n\r\n", true),
        ]
    )
    func repeatable(_ text: String, _ expected: Bool) throws {
        #expect(try Self.forward(text).isRepeatable == expected)
    }
}
