import Glibc
import Logging
import TestSupport
import Testing

@testable import Operations

@Suite("Telling systemd")
struct SystemdNotifierTests {
    private func notifier(_ socket: String?, _ more: [String: String] = [:]) -> SystemdNotifier {
        var variables = more
        variables["NOTIFY_SOCKET"] = socket
        return SystemdNotifier(
            variables,
            processID: 4711,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test(
        "every state arrives as sd_notify would send it, at a path and at an abstract name",
        arguments: [true, false]
    )
    func states(isAbstract: Bool) async throws {
        let folder = TemporaryFolder()
        let name = isAbstract ? "@gatehouse-test-\(getpid())-\(UInt32.random(in: 0 ... .max))" : folder.file("notify")
        let inbox = try NotificationInbox(name)
        let notifier = notifier(name)
        #expect(notifier.isActive)
        #expect(await notifier.ready(status: "142 sessions"))
        #expect(inbox.next() == "READY=1\nSTATUS=142 sessions")
        var before = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &before)
        #expect(await notifier.reloading())
        let reloading = try #require(
            inbox.next()?.wholeMatch(of: #/RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=reloading/#)
        )
        let moment = try #require(Int(reloading.1))
        #expect((0..<60_000_000).contains(moment - (before.tv_sec * 1_000_000 + before.tv_nsec / 1000)))
        #expect(await notifier.status("2/2 directories"))
        #expect(inbox.next() == "STATUS=2/2 directories")
        #expect(await notifier.stopping())
        #expect(inbox.next() == "STOPPING=1\nSTATUS=stopping")
        #expect(inbox.next() == nil)
    }

    @Test("a status cannot say anything but a status")
    func injection() async throws {
        let folder = TemporaryFolder()
        let inbox = try NotificationInbox(folder.file("notify"))
        let notifier = notifier(folder.file("notify"))
        await notifier.status("fine\nSTOPPING=1\r\u{0}MAINPID=1\u{2028}x \(String(repeating: "ü", count: 2_000))")
        let text = try #require(inbox.next())
        #expect(text.hasPrefix("STATUS=fine STOPPING=1  MAINPID=1 x ü"))
        #expect(!text.contains("\n") && text.utf8.count <= 520)
    }

    @Test(
        "without a socket that we know nothing is sent and nothing fails",
        arguments: [nil, "", "/", "@", "relative", "vsock:2:1234", "/tmp/\(String(repeating: "x", count: 200))"]
    )
    func inactive(socket: String?) async {
        let notifier = notifier(socket, ["WATCHDOG_USEC": "1000"])
        #expect(!notifier.isActive && notifier.watchdogLimit == nil)
        #expect(await !notifier.ready(status: ""))
        await notifier.feedWatchdog { true }
    }

    @Test("a receiver that is gone is a word in the log, no more")
    func gone() async {
        let folder = TemporaryFolder()
        #expect(await !notifier(folder.file("nobody")).stopping())
        #expect(await !notifier("@gatehouse-nobody-\(getpid())").stopping())
    }

    @Test("a receiver that is busy has its message when it reads again")
    func busy() async throws {
        let folder = TemporaryFolder()
        let inbox = try NotificationInbox(folder.file("notify"))
        let notifier = notifier(folder.file("notify"))
        // The kernel keeps a few datagrams for a receiver (net.unix.max_dgram_qlen); one more waits.
        var waiting = 0
        let socket = try #require(NotifySocket(folder.file("notify")))
        filling: while waiting < 100_000 {
            switch socket.send("X=1") {
            case .sent: waiting += 1
            case .busy: break filling
            case .failed(let code): throw NotificationInbox.Failure(code: code)
            }
        }
        async let isSent = notifier.ready(status: "")
        for _ in 0..<waiting { #expect(inbox.next() == "X=1") }
        #expect(try await inbox.wait() == "READY=1\nSTATUS=")
        #expect(await isSent)
    }

    @Test("the longest addresses fit, and no longer one")
    func lengths() {
        #expect(NotifySocket("/" + String(repeating: "x", count: 106)) != nil)
        #expect(NotifySocket("/" + String(repeating: "x", count: 107)) == nil)
        #expect(NotifySocket("@" + String(repeating: "x", count: 107)) != nil)
        #expect(NotifySocket("@" + String(repeating: "x", count: 108)) == nil)
    }

    @Test("the watchdog is fed at half of its limit, and not while the loops are silent")
    func watchdog() async throws {
        let folder = TemporaryFolder()
        let inbox = try NotificationInbox(folder.file("notify"))
        let notifier = notifier(folder.file("notify"), ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "4711"])
        #expect(notifier.watchdogLimit == .seconds(30))
        let clock = SteppedClock()
        let isAlive = Flag(true)
        try await withThrowingTaskGroup { group in
            group.addTask { await notifier.feedWatchdog(clock: clock) { isAlive.isSet } }
            await clock.waitForSleeper(until: .seconds(15))
            #expect(inbox.next() == "WATCHDOG=1")
            clock.advance(by: .milliseconds(14_999))
            await clock.waitForSleeper(until: .seconds(15))
            #expect(inbox.next() == nil)
            clock.advance(by: .milliseconds(1))
            await clock.waitForSleeper(until: .seconds(30))
            #expect(inbox.next() == "WATCHDOG=1")
            isAlive.isSet = false
            clock.advance(by: .seconds(15))
            await clock.waitForSleeper(until: .seconds(45))
            #expect(inbox.next() == nil)
            isAlive.isSet = true
            clock.advance(by: .seconds(15))
            await clock.waitForSleeper(until: .seconds(60))
            #expect(inbox.next() == "WATCHDOG=1")
            #expect(inbox.next() == nil)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("loops that never answer are not vouched for")
    func hanging() async throws {
        let folder = TemporaryFolder()
        let inbox = try NotificationInbox(folder.file("notify"))
        let notifier = notifier(folder.file("notify"), ["WATCHDOG_USEC": "1000"])
        let hasAsked = Flag(false)
        await withTaskGroup { group in
            group.addTask {
                await notifier.feedWatchdog {
                    hasAsked.isSet = true
                    // As long as nobody ends it.
                    try? await Task.sleep(for: .seconds(3_600))
                    return false
                }
            }
            while !hasAsked.isSet { await Task.yield() }
            try? await Task.sleep(for: .milliseconds(20))
            #expect(inbox.next() == nil)
            group.cancelAll()
        }
    }

    @Test(
        "a watchdog that is meant for another process, or is none, is not fed",
        arguments: [
            ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "4712"], ["WATCHDOG_USEC": "0"], ["WATCHDOG_USEC": "-5"],
            ["WATCHDOG_USEC": "soon"], ["WATCHDOG_USEC": "99999999999999999999"], ["WATCHDOG_PID": "4711"], [:],
        ]
    )
    func noWatchdog(variables: [String: String]) {
        #expect(notifier("@anything", variables).watchdogLimit == nil)
    }

    @Test("what systemd said is taken out of the environment, so that no child speaks for us")
    func environment() async {
        // The environment belongs to a process: this one must not be changed while other tests read it.
        await #expect(processExitsWith: .success) {
            unsafe setenv("NOTIFY_SOCKET", "@gatehouse-test", 1)
            unsafe setenv("WATCHDOG_USEC", "2000000", 1)
            unsafe setenv("WATCHDOG_PID", "\(getpid())", 1)
            let notifier = SystemdNotifier.fromEnvironment(logger: Logger(label: "test"))
            precondition(notifier.isActive && notifier.watchdogLimit == .seconds(2))
            for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { precondition(unsafe getenv(name) == nil) }
            precondition(!SystemdNotifier.fromEnvironment(logger: Logger(label: "test")).isActive)
        }
    }
}
