internal import Synchronization

/// Which of the servers to try, in which order. A server that failed rests for a while, longer each time, and is then
/// tried by one caller; the first in the list is the favourite again as soon as it answers.
final class ServerHealth: Sendable {
    private struct Failure {
        var error: LDAPError
        var count: Int
        var retryAt: ContinuousClock.Instant
    }

    private let failures: Mutex<[Int: Failure]> = Mutex([:])
    /// The last bind of a server, where it had no answer.
    private let unanswered: Mutex<[Int: (error: LDAPError, at: ContinuousClock.Instant)]> = Mutex([:])
    private let count: Int

    init(count: Int) {
        self.count = count
    }

    /// Servers that should be tried for a new connection, best first. Resting ones follow, for the case that no other
    /// answers, unless trying them again does harm.
    /// - Parameter mayProbe: whether opening a connection shows that a server lives. Where nothing but TCP is opened a
    ///   hung server looks alive, and a server that failed is the last choice until a search has shown otherwise.
    /// - Throws: what went wrong last when each server is better left alone for now.
    func candidates(now: ContinuousClock.Instant, mayProbe: Bool = true) throws(LDAPError) -> [Int] {
        let (order, lastError) = failures.withLock { failures in
            var order: [Int] = []
            var resting: [Int] = []
            for index in 0..<count {
                guard let failure = failures[index] else {
                    order.append(index)
                    continue
                }
                if failure.retryAt <= now, mayProbe {
                    // One caller pays for the attempt; the others go where it is known to work.
                    failures[index]?.retryAt = now + Self.rest(after: failure.count)
                    order.append(index)
                } else if failure.retryAt <= now || !failure.error.forbidsHammering {
                    resting.append(index)
                }
            }
            return (order + resting, failures[0]?.error)
        }
        guard order.isEmpty, let lastError else { return order }
        throw lastError
    }

    /// The server whose connections are the ones to use now. Changes nothing.
    func favourite(now: ContinuousClock.Instant, mayProbe: Bool = true) -> Int {
        failures.withLock { failures in
            (0..<count).first { index in failures[index].map { mayProbe && $0.retryAt <= now } ?? true } ?? 0
        }
    }

    func succeeded(_ index: Int) {
        failures.withLock { $0[index] = nil }
    }

    func failed(_ index: Int, _ error: LDAPError, now: ContinuousClock.Instant) {
        failures.withLock { failures in
            let count = (failures[index]?.count ?? 0) + 1
            failures[index] = Failure(error: error, count: count, retryAt: now + Self.rest(after: count))
        }
    }

    func bindAnswered(_ index: Int) {
        unanswered.withLock { $0[index] = nil }
    }

    func bindFailed(_ index: Int, _ error: LDAPError, now: ContinuousClock.Instant) {
        unanswered.withLock { $0[index] = (error, now) }
    }

    /// - Parameter window: how long a failure counts.
    /// - Returns: why the last bind had no answer, when that is so on every server.
    func unansweredBind(now: ContinuousClock.Instant, window: Duration) -> LDAPError? {
        unanswered.withLock { unanswered in
            let recent = unanswered.values.filter { now - $0.at < window }
            guard recent.count == count else { return nil }
            return recent.max { $0.at < $1.at }?.error
        }
    }

    func isFailing(_ index: Int) -> Bool {
        failures.withLock { $0[index] != nil }
    }

    /// 0.5, 1, 2, 2 … seconds: a server that comes back is in use again well within five.
    private static func rest(after count: Int) -> Duration {
        .milliseconds(500 << min(count - 1, 2))
    }
}

extension LDAPError {
    /// A wrong service password, tried at each sign-in, would lock the service account; a certificate does not mend
    /// itself within a second.
    fileprivate var forbidsHammering: Bool {
        code == .bindRefused || code == .tls || code == .invalidConfiguration
    }
}
