import Cryptography
import GatehouseCore
import Identity
import NIOCore
import NIOPosix
import Sessions
import Synchronization
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Assertions")
    struct Assertions {
        private static let start = Timestamp(milliseconds: 1_800_000_000_000)

        /// A clock that a test sets.
        private final class SetClock: Sendable {
            private let milliseconds = Atomic<Int64>(Assertions.start.milliseconds)
            var wall: WallClock { WallClock { Timestamp(milliseconds: self.milliseconds.load(ordering: .relaxed)) } }
            func advance(seconds: Int64) { milliseconds.add(seconds * 1000, ordering: .relaxed) }
        }

        private struct Signer {
            let issuer: AssertionIssuer
            let key: ES256PublicKey

            init() throws {
                let ring = try #require(SigningKeyRing().rotated(at: Assertions.start))
                issuer = AssertionIssuer(issuer: "https://login.test", ring: ring)
                key = ring.keys[0].publicKey
            }

            /// The claims as text, if the token is this signer's.
            func claims(_ token: String?) throws -> String? {
                let parts = try #require(token).split(separator: ".", omittingEmptySubsequences: false)
                guard parts.count == 3, let signature = Base64URL.decode(parts[2].utf8),
                    key.verify(signature: signature, message: Array("\(parts[0]).\(parts[1])".utf8))
                else { return nil }
                return Base64URL.decode(parts[1].utf8).map { String(decoding: $0, as: UTF8.self) }
            }
        }

        private static func conditions(_ signer: Signer?, _ clock: SetClock) -> Conditions {
            var conditions = Conditions()
            conditions.assertions = signer?.issuer
            conditions.clock = clock.wall
            return conditions
        }

        /// The assertion that the app gets with one request more.
        private static func next(
            _ gateway: Gateway,
            _ client: RawConnection,
            _ backend: RecordingBackend,
            cookie: String? = nil
        ) async throws -> [String] {
            let count = backend.state.value.requests.count
            #expect(
                try await client.exchange(
                    gateway.request(
                        "GET /a",
                        fields: "X-Gatehouse-Assertion: evil\r\nX_Gatehouse_Assertion: evil\r\n",
                        cookie: cookie
                    )
                )?.status == 200
            )
            return try await backend.requests(count + 1)[count].fields.foldedValues("x-gatehouse-assertion")
        }

        @Test("an app is sent one, ours, for itself, with the person and the session in it")
        func content() async throws {
            let backend = try await RecordingBackend.start()
            let signer = try Signer()
            try await withGateway(backend, conditions: Self.conditions(signer, SetClock())) { gateway in
                let client = try await gateway.connect()
                let sent = try await Self.next(gateway, client, backend)
                #expect(sent.count == 1)
                let claims = try #require(try signer.claims(sent.first))
                let session = try #require(try await gateway.session(of: "alice"))
                for part in [
                    #""iss":"https://login.test""#, #""aud":"app""#, #""sub":"staff/id-of-alice""#,
                    #""preferred_username":"alice""#, #""name":"The alice""#, #""roles":["user"]"#,
                    #""permissions":["leads.read"]"#, #""amr":["pwd"]"#, #""checked_at":1800000000"#,
                    #""auth_time":\#(session.createdAt.milliseconds / 1000)"#, #""iat":1800000000"#,
                    #""exp":1800000300"#,
                ] { #expect(claims.contains(part), "\(part) in \(claims)") }
                #expect(try await client.exchange(gateway.request("GET /public/a", cookie: "a=b"))?.status == 200)
                #expect(backend.state.value.requests.last?.values("X-Gatehouse-Assertion") == [])
            }
        }

        @Test("it is made once and serves for two minutes, by a clock that may be put back")
        func caching() async throws {
            let backend = try await RecordingBackend.start()
            let signer = try Signer()
            let clock = SetClock()
            try await withGateway(backend, conditions: Self.conditions(signer, clock)) { gateway in
                let client = try await gateway.connect()
                let first = try await Self.next(gateway, client, backend)
                clock.advance(seconds: 119)
                #expect(try await Self.next(gateway, client, backend) == first)
                // Another person's is another one.
                #expect(try await Self.next(gateway, client, backend, cookie: gateway.bob) != first)
                clock.advance(seconds: 1)
                let second = try await Self.next(gateway, client, backend)
                #expect(try signer.claims(second.first)?.contains(#""iat":1800000120"#) == true)
                clock.advance(seconds: -86_400)
                let third = try await Self.next(gateway, client, backend)
                #expect(try signer.claims(third.first)?.contains(#""iat":1799913720"#) == true)
            }
        }

        @Test("a new issuer's counts from the next request on, on every loop")
        func exchanged() async throws {
            let backend = try await RecordingBackend.start()
            let (first, second) = (try Signer(), try Signer())
            try await withGateway(backend, threads: 2, conditions: Self.conditions(nil, SetClock())) { gateway in
                // The loops take connections in turn.
                let clients = [try await gateway.connect(), try await gateway.connect()]
                for client in clients { #expect(try await Self.next(gateway, client, backend) == []) }
                for signer in [first, second] {
                    await gateway.server.install(assertions: signer.issuer)
                    for client in clients {
                        let sent = try await Self.next(gateway, client, backend)
                        #expect(try signer.claims(sent.first) != nil)
                        #expect(sent.count == 1)
                    }
                }
            }
        }

        @Test("an issuer without a key sends none, and nobody else's passes")
        func withoutKey() async throws {
            let backend = try await RecordingBackend.start()
            var conditions = Conditions()
            conditions.assertions = AssertionIssuer(issuer: "https://login.test", ring: SigningKeyRing())
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                #expect(try await Self.next(gateway, client, backend) == [])
                #expect(backend.state.value.requests.last?.values("Remote-User") == ["alice"])
            }
        }

        @Test("what changes about the session changes it at once")
        func renewed() async throws {
            let backend = try await RecordingBackend.start()
            let signer = try Signer()
            try await withGateway(backend, conditions: Self.conditions(signer, SetClock())) { gateway in
                let client = try await gateway.connect()
                let first = try await Self.next(gateway, client, backend)
                let session = try #require(try await gateway.session(of: "alice"))
                let facts = World.facts("alice", role: "admin")
                _ = try await gateway.store.renew(session.id, facts: facts, near: gateway.group.any())
                let second = try await Self.next(gateway, client, backend)
                #expect(second != first)
                #expect(try signer.claims(second.first)?.contains(#""roles":["user","admin"]"#) == true)
                let token = SessionToken.random()
                _ = try await gateway.store.rotate(
                    session.id,
                    of: session.subject.id,
                    token: token.digest,
                    host: "app.test",
                    authenticationMethods: ["pwd", "otp"],
                    near: gateway.group.any()
                )
                let cookie = "__Host-gatehouse=\(token.text)"
                let third = try await Self.next(gateway, client, backend, cookie: cookie)
                #expect(try signer.claims(third.first)?.contains(#""amr":["pwd","otp"]"#) == true)
            }
        }
    }
}
