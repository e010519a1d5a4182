internal import Glibc
package import Logging

/// Tells systemd how the service is (sd_notify(3)); elsewhere it does nothing. Not for event loops: it waits up to
/// five seconds for a systemd that is busy.
package final class SystemdNotifier: Sendable {
    /// How often a receiver that is busy is tried again, and after which time.
    private static let attempts = 250
    private static let pause = Duration.milliseconds(20)

    private let socket: NotifySocket?
    private let logger: Logger
    /// `WatchdogSec=` of the unit; `nil` without a watchdog.
    package let watchdogLimit: Duration?

    /// Takes what systemd said in the environment, and removes it there: a child process must not speak for us.
    ///
    /// To be called before other threads read the environment.
    package static func fromEnvironment(logger: Logger) -> SystemdNotifier {
        let names = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]
        var variables: [String: String] = [:]
        for name in names {
            if let value = unsafe getenv(name) { variables[name] = unsafe String(cString: value) }
            _ = unsafe unsetenv(name)
        }
        return SystemdNotifier(variables, processID: getpid(), logger: logger)
    }

    /// - Parameters:
    ///   - variables: of the environment.
    ///   - processID: ours; a watchdog that is meant for another process is none.
    package init(_ variables: [String: String], processID: Int32, logger: Logger) {
        self.logger = logger
        let path = variables["NOTIFY_SOCKET"] ?? ""
        socket = NotifySocket(path)
        if socket == nil, !path.isEmpty {
            logger.warning("systemd's socket is of an unknown kind", metadata: ["NOTIFY_SOCKET": "\(path)"])
        }
        let isOurs = variables["WATCHDOG_PID"].map { $0 == String(processID) } ?? true
        let limit = variables["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        watchdogLimit = socket != nil && isOurs ? limit.map { .microseconds($0) } : nil
    }

    /// Whether there is a systemd to tell.
    package var isActive: Bool { socket != nil }

    /// The listeners are open, or a reload is over.
    @discardableResult
    package func ready(status: String) async -> Bool { await send("READY=1\n" + Self.line(status)) }

    /// A reload begins; ``ready(status:)`` ends it, whether or not the new configuration was taken.
    @discardableResult
    package func reloading() async -> Bool {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        return await send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)\n" + Self.line("reloading"))
    }

    @discardableResult
    package func stopping() async -> Bool { await send("STOPPING=1\n" + Self.line("stopping")) }

    /// What `systemctl status` shows.
    @discardableResult
    package func status(_ text: String) async -> Bool { await send(Self.line(text)) }

    /// Feeds the watchdog at half of its limit until the task is cancelled. Returns at once where there is none.
    /// - Parameter isAlive: whether the event loops answer. `false`, and an answer that never comes, let systemd
    ///   restart the service.
    package func feedWatchdog<C: Clock>(
        clock: C = ContinuousClock(),
        isAlive: @Sendable () async -> Bool
    ) async where C.Duration == Duration {
        guard let watchdogLimit else { return }
        var next = clock.now
        while !Task.isCancelled {
            if await isAlive() {
                await send("WATCHDOG=1")
            } else {
                logger.error("the event loops do not answer: the watchdog is not fed")
            }
            // Counted from the last moment that was planned; after a long wait, from now on.
            next = max(next.advanced(by: watchdogLimit / 2), clock.now)
            try? await clock.sleep(until: next, tolerance: nil)
        }
    }

    @discardableResult
    private func send(_ message: String) async -> Bool {
        guard let socket else { return false }
        for _ in 0..<Self.attempts {
            switch socket.send(message) {
            case .sent: return true
            case .busy: try? await Task.sleep(for: Self.pause)
            case .failed(let code):
                logger.warning("systemd could not be told", metadata: ["errno": "\(code)"])
                return false
            }
        }
        logger.warning("systemd could not be told: it does not read")
        return false
    }

    /// One line, whatever the text: another line would be another assignment. At most 512 bytes.
    private static func line(_ status: String) -> String {
        var text = ""
        for scalar in status.unicodeScalars where text.utf8.count + scalar.utf8.count <= 512 {
            let isControl = scalar.properties.generalCategory == .control
            text.unicodeScalars.append(isControl || scalar == "\u{2028}" || scalar == "\u{2029}" ? " " : scalar)
        }
        return "STATUS=\(text)"
    }
}
