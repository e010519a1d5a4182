internal import Synchronization

/// Whether this node should be sent requests, and what is not well. Set from everywhere, read by `/readyz`.
///
/// Only what another node could do better makes a node unready: starting, draining, and Redis out of reach for longer
/// than live sessions are answered from memory. A directory or an upstream that is down is down for all nodes alike.
package final class Readiness: Sendable {
    package enum Phase: Sendable {
        case starting
        case serving
        case draining
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameters:
    ///   - redisGrace: for how long Redis may be unusable.
    ///   - now: a clock that nobody sets.
    package init(
        redisGrace: Duration = .seconds(30),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        state = Mutex(State(redisGrace: redisGrace))
        self.now = now
    }

    /// Who drains never serves again.
    package func enter(_ phase: Phase) { state.withLock { $0.enter(phase) } }

    /// - Parameters:
    ///   - check: a word for the kind of thing: `directory`, `upstream`, `audit`.
    ///   - name: which one of them; empty where there is only one.
    ///   - problem: one sentence without a secret in it; `nil` when all is well.
    package func set(check: String, name: String = "", problem: String?) {
        state.withLock { $0.set(check: check, name: name, problem: problem) }
    }

    /// Forgets the problems of those that are not in the configuration any more.
    package func keep(check: String, names: Set<String>) {
        state.withLock { $0.keep(check: check, names: names) }
    }

    /// What is known of Redis now. Never called where sessions live in memory.
    /// - Parameter problem: why it cannot be used; `nil` when it can.
    package func setRedis(problem: String?) {
        let now = now()
        state.withLock { $0.setRedis(problem: problem, now: now) }
    }

    package var report: ReadinessReport {
        let now = now()
        return state.withLock { $0.report(now: now) }
    }
}

extension Readiness {
    /// Pure: time comes in with each question.
    struct State {
        private struct Place: Hashable, Comparable {
            let check: String
            let name: String

            static func < (left: Place, right: Place) -> Bool {
                (left.check, left.name) < (right.check, right.name)
            }
        }

        private let redisGrace: Duration
        private var phase = Phase.starting
        private var problems: [Place: String] = [:]
        private var unusableSince: ContinuousClock.Instant?

        init(redisGrace: Duration) {
            self.redisGrace = redisGrace
        }

        mutating func enter(_ phase: Phase) {
            if self.phase != .draining { self.phase = phase }
        }

        mutating func set(check: String, name: String, problem: String?) {
            problems[Place(check: check, name: name)] = problem
        }

        mutating func keep(check: String, names: Set<String>) {
            problems = problems.filter { $0.key.check != check || names.contains($0.key.name) }
        }

        mutating func setRedis(problem: String?, now: ContinuousClock.Instant) {
            set(check: "redis", name: "", problem: problem)
            unusableSince = problem == nil ? nil : unusableSince ?? now
        }

        func report(now: ContinuousClock.Instant) -> ReadinessReport {
            let status: ReadinessReport.Status =
                switch phase {
                case .starting: .starting
                case .draining: .draining
                case .serving:
                    unusableSince.map { $0.duration(to: now) >= redisGrace } == true ? .unready : .ready
                }
            let degraded = problems.sorted { $0.key < $1.key }.map { place, problem in
                ReadinessReport.Problem(check: place.check, name: place.name, problem: problem)
            }
            return ReadinessReport(status: status, degraded: degraded)
        }
    }
}
