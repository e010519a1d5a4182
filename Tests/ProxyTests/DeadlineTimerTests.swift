import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Proxy

@Suite("Deadlines that move")
struct DeadlineTimerTests {
    /// Runs on a real loop: the timer reads the same clock as the loop.
    private func run(
        _ body: @escaping @Sendable (DeadlineTimer, any EventLoop) -> Void,
        fired: @escaping @Sendable () -> Void
    )
        async throws
    {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        try await loop.submit {
            body(DeadlineTimer(eventLoop: loop, expired: fired), loop)
        }.get()
    }

    @Test("a deadline passes once")
    func once() async throws {
        let count = Observed(0)
        try await run({ timer, _ in timer.set(.milliseconds(5)) }, fired: { count.update { $0 += 1 } })
        try await count.wait("the deadline") { $0 == 1 }
    }

    @Test("a deadline that was put off passes later, one that was brought forward earlier")
    func moved() async throws {
        let passed = Observed<[Duration]>([])
        let start = ContinuousClock.now
        try await run(
            { timer, _ in
                timer.set(.milliseconds(5))
                timer.set(.milliseconds(200))
            },
            fired: { passed.update { $0.append(ContinuousClock.now - start) } }
        )
        let late = try await passed.wait("the later deadline") { $0.count == 1 }
        #expect(late[0] >= .milliseconds(190))
        let early = Observed(0)
        try await run(
            { timer, _ in
                timer.set(.seconds(3600))
                timer.set(.milliseconds(5))
            },
            fired: { early.update { $0 += 1 } }
        )
        try await early.wait("the earlier deadline") { $0 == 1 }
    }

    @Test("a cleared or cancelled deadline does not pass")
    func cleared() async throws {
        let wrong = Observed(0)
        let after = Observed(0)
        let fired: @Sendable () -> Void = { wrong.update { $0 += 1 } }
        try await run(
            { timer, loop in
                timer.set(.milliseconds(5))
                timer.clear()
                loop.scheduleTask(in: .milliseconds(60)) { after.update { $0 += 1 } }
            },
            fired: fired
        )
        try await run(
            { timer, loop in
                timer.set(.milliseconds(5))
                timer.cancel()
                loop.scheduleTask(in: .milliseconds(60)) { after.update { $0 += 1 } }
            },
            fired: fired
        )
        try await after.wait("the time in which it would have passed") { $0 == 2 }
        #expect(wrong.value == 0)
    }
}
