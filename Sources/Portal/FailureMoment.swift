/// When a failed sign-in is answered (docs/security-rules.md, rule 16): at one moment for all of them, so that the clock does not
/// tell a name that exists from one that does not. A wrong password costs what the directory's hash costs; an unknown name
/// costs nothing; both are answered after the time in which 95 of 100 wrong passwords had their verdict.
struct FailureMoment: Sendable {
    static let least: Duration = .milliseconds(250)
    /// A directory that takes longer has a different problem, and nobody waits minutes for a "no".
    static let most: Duration = .seconds(5)
    static let window: Duration = .seconds(600)
    static let jitter: Range<Int> = 0..<20_000
    private static let capacity = 512

    private var realms: [String: Window] = [:]

    /// Notes how long it took to find a password wrong: the limits of the person and the bind, no waiting for a
    /// connection, which strangers could make long.
    mutating func record(_ duration: Duration, realm: String, at now: ContinuousClock.Instant) {
        realms[realm, default: Window()].record(duration, at: now)
    }

    /// From the start of an attempt to its answer, jitter left out. The slowest directory sets it for all: an unknown
    /// name belongs to none of them.
    func delay(at now: ContinuousClock.Instant) -> Duration {
        max(slowest(at: now), Self.least)
    }

    /// When an attempt is answered, jitter left out.
    /// - Parameters:
    ///   - start: of the attempt.
    ///   - asked: when the limits of the person and then the directory were asked for the password, or would have
    ///     been: whoever was looked for before has waited and searched alike until then.
    func answer(
        since start: ContinuousClock.Instant,
        asked: ContinuousClock.Instant?,
        at now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        let least = start + delay(at: now)
        return asked.map { max(least, $0 + slowest(at: now)) } ?? least
    }

    private func slowest(at now: ContinuousClock.Instant) -> Duration {
        min(realms.values.compactMap { $0.percentile(at: now) }.max() ?? .zero, Self.most)
    }

    /// Up to 20 ms in microseconds, from the system's generator.
    static func randomJitter() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return .microseconds(Int.random(in: jitter, using: &generator))
    }

    /// The last failed binds of one directory.
    private struct Window {
        private var samples: [(at: ContinuousClock.Instant, duration: Duration)] = []
        /// The oldest sample once the ring is full.
        private var next = 0

        mutating func record(_ duration: Duration, at now: ContinuousClock.Instant) {
            if samples.count < FailureMoment.capacity {
                samples.append((now, duration))
            } else {
                samples[next] = (now, duration)
                next = (next + 1) % FailureMoment.capacity
            }
        }

        /// The 95th, by nearest rank: the smallest value that at least 95 % of the samples do not exceed.
        func percentile(at now: ContinuousClock.Instant) -> Duration? {
            let recent = samples.filter { now - $0.at < FailureMoment.window }.map(\.duration).sorted()
            return recent.isEmpty ? nil : recent[(recent.count * 95 + 99) / 100 - 1]
        }
    }
}
