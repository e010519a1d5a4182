import GatehouseCore
import NIOPosix
import Sessions
import TestSupport
import Testing

@Suite("What one person can make the memory store hold")
struct MemoryBoundsTests {
    private let store = MemorySessionStore()
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    private func session(_ token: SessionToken) async throws -> Session {
        let subject = Subject(
            id: SubjectID(realm: "staff", immutableID: "1"),
            user: "alice",
            attributes: [:],
            groups: []
        )
        let beginning = SessionBeginning(
            facts: SessionFacts(subject: subject, checkedAt: Timestamp(milliseconds: 0), digest: ""),
            authenticationMethods: ["pwd"],
            token: token.digest,
            host: "login.example.com",
            lifetime: SessionLifetime()
        )
        return try await store.create(beginning, near: eventLoop)
    }

    @Test("Sixteen tickets of a session wait; the oldest makes room for the next")
    func tickets() async throws {
        let session = try await session(.random())
        let secrets = (0..<17).map { _ in SessionToken.random() }
        for secret in secrets {
            let ticket = Ticket(
                digest: secret.digest,
                session: session.id,
                subject: session.subject.id,
                host: "crm.example.com",
                state: "s",
                destination: "https://crm.example.com/"
            )
            #expect(try await store.keep(ticket, near: eventLoop))
        }
        func isGood(_ secret: SessionToken) async throws -> Bool {
            let answer = try await store.redeem(
                secret.digest,
                host: "crm.example.com",
                state: "s",
                token: SessionToken.random().digest,
                near: eventLoop
            )
            if case .redeemed = answer { return true }
            return false
        }
        #expect(try await isGood(secrets[0]) == false)
        #expect(try await isGood(secrets[1]))
        #expect(try await isGood(secrets[16]))
    }

    @Test("Sixty-four sessions of a person live; the oldest ends for the next")
    func sessions() async throws {
        let tokens = (0..<65).map { _ in SessionToken.random() }
        for token in tokens { _ = try await session(token) }
        #expect(try await store.sessions(of: nil, near: eventLoop).count == 64)
        guard
            case .ended(.replaced) = try await store.lookUp(
                tokens[0].digest,
                host: "login.example.com",
                touching: true,
                near: eventLoop
            )
        else {
            Issue.record("the oldest session is alive")
            return
        }
        guard
            case .live = try await store.lookUp(
                tokens[64].digest,
                host: "login.example.com",
                touching: true,
                near: eventLoop
            )
        else {
            Issue.record("the newest session is not alive")
            return
        }
    }
}
