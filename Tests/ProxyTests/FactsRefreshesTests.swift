import GatehouseCore
import NIOCore
import NIOPosix
import Sessions
import Testing

@testable import Proxy

@Suite("Asking the directory anew")
struct FactsRefreshesTests {
    private static func session(_ id: String) -> Session {
        let moment = Timestamp(milliseconds: 0)
        return Session(
            id: SessionID(id),
            facts: World.facts("alice", role: "user"),
            authenticationMethods: ["pwd"],
            createdAt: moment,
            absoluteEnd: moment,
            idleEnd: moment
        )
    }

    @Test("one question at a time for each session, answered to all who wait; the next one is a new question")
    func shared() async throws {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let asked = Observed<[(id: SessionID, promise: EventLoopPromise<Session?>)]>([])
        let answers = try await eventLoop.submit {
            let refreshes = FactsRefreshes(eventLoop: eventLoop) { session, eventLoop in
                let promise = eventLoop.makePromise(of: Session?.self)
                asked.update { $0.append((session.id, promise)) }
                return promise.futureResult
            }
            let first = refreshes.refresh(Self.session("one"))
            let second = refreshes.refresh(Self.session("one"))
            let other = refreshes.refresh(Self.session("two"))
            #expect(asked.value.map(\.id.description) == ["one", "two"])
            asked.value[1].promise.succeed(nil)
            asked.value[0].promise.succeed(Self.session("one"))
            let third = refreshes.refresh(Self.session("one"))
            #expect(asked.value.count == 3)
            asked.value[2].promise.fail(Conditions.NoDirectory())
            return (first, second, other, third)
        }.get()
        #expect(try await answers.0.get()?.id.description == "one")
        #expect(try await answers.1.get()?.id.description == "one")
        #expect(try await answers.2.get() == nil)
        await #expect(throws: Conditions.NoDirectory.self) { try await answers.3.get() }
    }

    @Test("an answer from another loop is brought to this one")
    func otherLoop() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let loops = Array(group.makeIterator())
        let other = loops[1]
        let answer = try await loops[0].submit {
            FactsRefreshes(eventLoop: loops[0]) { session, _ in other.makeSucceededFuture(session) }
                .refresh(Self.session("one"))
        }.get()
        #expect(answer.eventLoop === loops[0])
        #expect(try await answer.get()?.id.description == "one")
        try await group.shutdownGracefully()
    }

    @Test("a failure of many requests is one line each ten seconds, which counts them")
    func outage() {
        var report = OutageReport()
        let start = NIODeadline.now()
        #expect(report.failed(at: start) == 1)
        for second in 1..<10 { #expect(report.failed(at: start + .seconds(Int64(second))) == nil) }
        #expect(report.failed(at: start + .seconds(10)) == 10)
        #expect(report.failed(at: start + .seconds(11)) == nil)
        #expect(report.failed(at: start + .seconds(3600)) == 2)
    }
}
