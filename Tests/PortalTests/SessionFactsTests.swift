import Cryptography
import GatehouseCore
import Sessions
import Testing

@testable import Portal

@Suite("Sessions under another configuration")
struct SessionFactsTests {
    private let before: TestPortal
    private let jar: [String: [String: String]]

    /// Begins with a session that was made under the digest `v1`.
    init() async throws {
        before = try TestPortal()
        var browser = Browser(before)
        _ = await browser.signIn()
        jar = browser.jar
    }

    private func reloaded(
        _ factsDigests: [String: String],
        refresh: @escaping PortalServices.Refresh
    ) throws -> TestPortal {
        try TestPortal(time: before.time, store: before.store, factsDigests: factsDigests, refresh: refresh)
    }

    private func launcher(of portal: TestPortal) async -> PortalResponse {
        var browser = Browser(portal)
        browser.jar = jar
        return await browser.get("https://login.example.com/")
    }

    @Test("A session says when its facts were asked for, and under which digest")
    func facts() async throws {
        let session = try #require(try await before.store.sessions(of: nil, near: loop).first)
        #expect(session.facts.digest == "v1")
        // Before the directory took its 17 ms.
        #expect(session.facts.checkedAt == Timestamp(milliseconds: 1_800_000_000_000))
    }

    @Test("The times of a session are by the store's clock, not by this machine's")
    func storeClock() async throws {
        let time = before.time
        let ahead = WallClock { time.wallClock.now() + .seconds(86_400) }
        let portal = try TestPortal(time: time, store: MemorySessionStore(clock: ahead))
        var browser = Browser(portal)
        let secret = SessionToken.random()
        browser.jar["crm.example.com"] = ["__Host-gatehouse-return": secret.text]
        let state = ReturnState(key: portal.key).state(of: secret, host: "crm.example.com")
        let ticket = await browser.signIn(query: "?rd=https%3A%2F%2Fcrm.example.com%2F&state=\(state)")
        _ = await browser.get(ticket.location ?? "")
        let answer = await browser.get("https://crm.example.com/.gatehouse/whoami").text
        #expect(answer.contains("\"checked_at\":\"2027-01-16T08:00:00.017Z\""))
        #expect(answer.contains("\"idle_seconds\":900,\"absolute_seconds\":28800"))
    }

    @Test("Facts that were asked for alike are not read anew")
    func alike() async throws {
        let asked = Recorder<SessionID>()
        let portal = try reloaded(["staff": "v1", "partners": "v7"]) { session in
            asked.append(session.id)
            return nil
        }
        #expect(await launcher(of: portal).status == 200)
        #expect(asked.values.isEmpty)
    }

    @Test("Where other facts are asked for, the person is read anew before the page is made")
    func readAnew() async throws {
        let store = before.store
        let portal = try reloaded(["staff": "v2"]) { session in
            let subject = TestPortal.subject("alice", attributes: ["name": ["Alice New"]])
            let facts = SessionFacts(subject: subject, checkedAt: session.facts.checkedAt, digest: "v2")
            return try await store.renew(session.id, facts: facts, near: loop)
        }
        let page = await launcher(of: portal)
        #expect(page.text.contains("Alice New"))
        #expect(!page.text.contains("Customer &lt;Relations&gt;"))
    }

    @Test("Who is gone has no session")
    func gone() async throws {
        let portal = try reloaded(["staff": "v2"]) { _ in nil }
        #expect(await launcher(of: portal).status == 303)
    }

    @Test("When the directory cannot answer, the facts of before are used")
    func outage() async throws {
        let portal = try reloaded(["staff": "v2"]) { _ in throw TestPortal.DirectoryIsDown() }
        let page = await launcher(of: portal)
        #expect(page.status == 200)
        #expect(page.text.contains("Customer &lt;Relations&gt;"))
        #expect(portal.log.lines.contains { $0.hasPrefix("A person could not be read anew") })
    }

    @Test("A directory that the configuration knows no more has no sessions, and is not asked")
    func otherDirectory() async throws {
        let asked = Recorder<SessionID>()
        let portal = try reloaded(["partners": "v1"]) { session in
            asked.append(session.id)
            return session
        }
        #expect(await launcher(of: portal).status == 303)
        #expect(asked.values.isEmpty)
    }
}
