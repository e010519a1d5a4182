import GatehouseCore
import NIOCore
import NIOPosix
import Sessions
import Testing

@testable import Proxy

extension Loopback {
    @Suite("People whose facts are not those that the configuration speaks of")
    struct Refresh {
        /// Keeps each question until the test answers it.
        private final class Directory: Sendable {
            let asked = Observed<[EventLoopPromise<Session?>]>([])

            /// The configuration asks for more than it did when the people signed in.
            func conditions(answering answer: (@Sendable (Session) -> Result<Session?, any Error>)? = nil) -> Conditions
            {
                var conditions = Conditions()
                conditions.factsDigests = ["staff": "digest-2"]
                conditions.refresh = { [asked] session, eventLoop in
                    let promise = eventLoop.makePromise(of: Session?.self)
                    asked.update { $0.append(promise) }
                    if let answer { promise.completeWith(answer(session)) }
                    return promise.futureResult
                }
                return conditions
            }
        }

        /// The session with what the directory says of alice now, in the store too.
        private static func renewed(_ gateway: Gateway, role: String, digest: String = "digest-2") async throws
            -> Session
        {
            let session = try #require(try await gateway.session(of: "alice"))
            let facts = World.facts("alice", role: role, ["mail": ["new@example.com"]], digest: digest)
            return try #require(
                try await gateway.store.renew(session.id, facts: facts, near: gateway.group.any())
            )
        }

        @Test("they are read anew, once for all requests that wait, and judged by what is said then")
        func renewal() async throws {
            let backend = try await RecordingBackend.start()
            let directory = Directory()
            try await withGateway(backend, conditions: directory.conditions()) { gateway in
                var clients: [RawConnection] = []
                for _ in 0..<5 {
                    let client = try await gateway.connect()
                    client.send(gateway.request("GET /admin/a") + gateway.request("GET /a"))
                    clients.append(client)
                }
                let promise = try await directory.asked.wait("the question") { !$0.isEmpty }[0]
                try await gateway.seesWhatWasSent()
                #expect(directory.asked.value.count == 1)
                #expect(backend.state.value.connections.isEmpty, "nothing is decided before the answer")
                promise.succeed(try await Self.renewed(gateway, role: "admin"))
                for client in clients { #expect(try await client.responses(2).map(\.status) == [200, 200]) }
                for request in try await backend.requests(10) {
                    #expect(request.values("X-Crm-Mail") == ["new@example.com"])
                    #expect(request.values("X-XRM-Roles") == ["user,admin"])
                }
                #expect(directory.asked.value.count == 1)
            }
        }

        @Test("a session that turns out to be over is nobody's, and its cookie goes")
        func over() async throws {
            let backend = try await RecordingBackend.start()
            let directory = Directory()
            let conditions = directory.conditions { _ in .success(nil) }
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                let response = try #require(try await client.exchange(gateway.request("GET /a")))
                #expect(response.status == 401)
                #expect(response.values("set-cookie").contains { $0.hasPrefix("__Host-gatehouse=;") })
                #expect(try await client.exchange(gateway.request("GET /public/a"))?.status == 200)
                #expect(try await backend.requests(1)[0].values("Remote-User").isEmpty)
            }
        }

        @Test(
            "a directory that cannot answer leaves people what they were; it is not asked by each request, nor is each logged"
        )
        func failure() async throws {
            let backend = try await RecordingBackend.start()
            let directory = Directory()
            let lines = Observed<[RecordingLog.Line]>([])
            var conditions = directory.conditions { _ in .failure(Conditions.NoDirectory()) }
            conditions.logger = RecordingLog.logger(lines)
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                for _ in 0..<10 {
                    #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200)
                    #expect(try await client.exchange(gateway.request("GET /admin/a"))?.status == 403)
                }
                #expect(backend.state.value.requests.allSatisfy { $0.values("Remote-User") == ["alice"] })
                #expect(directory.asked.value.count == 1)
                // Somebody else is another question, and no further line.
                #expect(
                    try await client.exchange(gateway.request("GET /admin/a", cookie: gateway.bob))?.status == 200
                )
                #expect(directory.asked.value.count == 2)
                #expect(lines.value.count { $0.message.hasPrefix("people could not be read anew") } == 1)
            }
        }

        @Test("a directory that does not answer in time is one that cannot, and what it says later is dropped")
        func silence() async throws {
            let backend = try await RecordingBackend.start()
            let directory = Directory()
            try await withGateway(backend, conditions: directory.conditions()) { gateway in
                let client = try await gateway.connect()
                let start = ContinuousClock.now
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200)
                #expect(ContinuousClock.now - start >= .milliseconds(4900))
                #expect(try await client.exchange(gateway.request("GET /admin/a"))?.status == 403)
                directory.asked.value[0].succeed(nil)
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200)
                #expect(directory.asked.value.count == 1)
            }
        }

        @Test("a client that goes while the directory is asked takes nothing with it")
        func clientGone() async throws {
            let backend = try await RecordingBackend.start()
            let directory = Directory()
            try await withGateway(backend, conditions: directory.conditions()) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("GET /a"))
                let promise = try await directory.asked.wait("the question") { !$0.isEmpty }[0]
                client.reset()
                try await gateway.records.wait("its end") { $0.contains { $0.outcome == .failed } }
                promise.succeed(try await Self.renewed(gateway, role: "user"))
                #expect(try await gateway.isAlive(backend))
                #expect(backend.state.value.requests.map(\.target) == ["/alive"])
            }
        }

        @Test("people whose digest is another one still are judged, not asked about for ever")
        func digestOfYetAnotherConfiguration() async throws {
            let backend = try await RecordingBackend.start()
            let directory = Directory()
            try await withGateway(backend, conditions: directory.conditions()) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("GET /admin/a"))
                let promise = try await directory.asked.wait("the question") { !$0.isEmpty }[0]
                promise.succeed(try await Self.renewed(gateway, role: "admin", digest: "digest-3"))
                #expect(try await client.response()?.status == 200)
            }
        }

        @Test("people of a directory that is no more are nobody", arguments: [[:], ["partners": "digest-1"]])
        func foreign(_ digests: [String: String]) async throws {
            let backend = try await RecordingBackend.start()
            var conditions = Conditions()
            conditions.factsDigests = digests
            try await withGateway(backend, conditions: conditions) { gateway in
                let client = try await gateway.connect()
                let response = try #require(try await client.exchange(gateway.request("GET /a")))
                #expect(response.status == 401)
                #expect(response.values("set-cookie").contains { $0.hasPrefix("__Host-gatehouse=;") })
                #expect(backend.state.value.connections.isEmpty)
                #expect(try await client.exchange(gateway.request("GET /public/a"))?.status == 200)
                #expect(try await backend.requests(1)[0].values("Remote-User").isEmpty)
            }
        }

        @Test("what is said of a person anew counts from the next request on, roles and fields")
        func renewedMeanwhile() async throws {
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                #expect(try await client.exchange(gateway.request("GET /admin/a"))?.status == 403)
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200)
                _ = try await Self.renewed(gateway, role: "admin", digest: "digest-1")
                #expect(try await client.exchange(gateway.request("GET /admin/a"))?.status == 200)
                _ = try await Self.renewed(gateway, role: "user", digest: "digest-1")
                #expect(try await client.exchange(gateway.request("GET /admin/a"))?.status == 403)
                #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200)
                let requests = backend.state.value.requests
                #expect(requests.map { $0.values("X-XRM-Roles") } == [["user"], ["user,admin"], ["user"]])
                #expect(requests.map { $0.values("X-Crm-Mail") }.last == ["new@example.com"])
            }
        }
    }
}
