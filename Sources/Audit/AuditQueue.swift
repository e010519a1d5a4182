internal import GatehouseCore
internal import Synchronization

/// What lies between those who report events, on any thread, and the one thread that writes them.
final class AuditQueue: Sendable {
    private struct State {
        var backlog = AuditBacklog()
        var folding: FailureFolding
        /// Why nothing can be written now.
        var trouble: AuditError?
        var gap: AuditGap?
        var mustReopen = false
        var isClosing = false
        var isFinished = false
        var waitForEnd: [@Sendable () -> Void] = []
        /// Whether the writer waits and has to be woken.
        var isAsleep = false
        var counters = AuditCounters()
    }

    private let state: Mutex<State>
    private let wakeUp: WakeUp
    private let clock: WallClock

    init(foldingLength: Duration, clock: WallClock) throws(AuditError) {
        wakeUp = try WakeUp()
        state = Mutex(State(folding: FailureFolding(length: foldingLength)))
        self.clock = clock
    }

    var trouble: AuditError? { state.withLock { $0.trouble } }
    var isOpen: Bool { state.withLock { $0.trouble == nil && !$0.isClosing } }
    var counters: AuditCounters { state.withLock { $0.counters } }

    /// - Parameter reply: called once, on this thread or the writer's.
    func post(_ event: AuditEvent, reply: (@Sendable (AuditError?) -> Void)? = nil) {
        let event = event.trimmed
        let time = clock.now()
        let now = ContinuousClock.now
        perform { state in
            if state.isClosing {
                if reply == nil || event.outcome == .failure { state.counters.lost += 1 }
                return [{ reply?(AuditError(.closed, "The audit trail is closed.")) }]
            }
            let refusal = reply == nil ? nil : state.trouble
            if refusal != nil, event.outcome == .success { return [{ reply?(refusal) }] }
            guard state.folding.admit(event, at: time, now: now) else { return [{ reply?(refusal) }] }
            let entry = AuditEntry(event, at: time, reply: refusal == nil ? reply : nil)
            let answers = settle(state.backlog.append(entry), in: &state, reason: Self.overload)
            return refusal == nil ? answers : answers + [{ reply?(refusal) }]
        }
    }

    func reopen() {
        perform { state in
            state.mustReopen = true
            return []
        }
    }

    /// - Parameter whenDone: called when everything is written, the last seal included, or cannot be.
    func close(whenDone: @escaping @Sendable () -> Void) {
        perform { state in
            state.isClosing = true
            if state.isFinished { return [whenDone] }
            state.waitForEnd.append(whenDone)
            return []
        }
    }

    /// Decides under the lock; answers and wakes the writer after it.
    private func perform(_ decide: (inout State) -> [@Sendable () -> Void]) {
        let (answers, mustWake) = state.withLock { state in
            let answers = decide(&state)
            // In trouble the writer tries by its own clock, however much waits.
            let hasWork = state.isClosing || state.mustReopen || state.trouble == nil && !state.backlog.isEmpty
            defer { if hasWork { state.isAsleep = false } }
            return (answers, hasWork && state.isAsleep)
        }
        for answer in answers { answer() }
        if mustWake { wakeUp.signal() }
    }

    private static let overload = AuditError(.overloaded, "More audit events wait to be written than may wait.")
}

/// The writer's side: called on its thread alone.
extension AuditQueue {
    /// When a count of failures is due.
    var nextFolding: ContinuousClock.Instant? { state.withLock { $0.folding.nextEnd } }

    func takeOrders() -> (mustReopen: Bool, isClosing: Bool) {
        state.withLock { state in
            defer { state.mustReopen = false }
            return (state.mustReopen, state.isClosing)
        }
    }

    /// Takes what is to be written now.
    func take(_ limit: Int, now: ContinuousClock.Instant) -> (entries: [AuditEntry], gap: AuditGap?) {
        var taken: (entries: [AuditEntry], gap: AuditGap?) = ([], nil)
        perform { state in
            var answers: [@Sendable () -> Void] = []
            for (event, time) in state.folding.collect(now: now, all: state.isClosing) {
                let fallen = state.backlog.append(AuditEntry(event, at: time))
                answers += settle(fallen, in: &state, reason: Self.overload)
            }
            taken = (state.backlog.take(limit), state.gap)
            state.gap = nil
            return answers
        }
        return taken
    }

    /// Whatever waits cannot be written: callers are told, and what happened all the same is kept for later.
    /// - Parameter entries: what was taken and not written.
    func fail(_ entries: [AuditEntry], gap: AuditGap?, _ error: AuditError) {
        let now = clock.now()
        perform { state in
            let all = entries + state.backlog.take(.max)
            let fallen = state.backlog.putBack(all.filter(\.survivesRefusal).map(\.unattended))
            var merged = gap ?? state.gap ?? AuditGap(reason: error.gapReason, since: now)
            if gap != nil, let later = state.gap { merged.lost += later.lost }
            if state.trouble == nil { merged.reason = error.gapReason }
            state.gap = merged
            state.trouble = error
            let answers = settle(fallen, in: &state, reason: error)
            return answers + all.compactMap { $0.answer(error) }
        }
    }

    func recover() {
        state.withLock { $0.trouble = nil }
    }

    func countWritten(_ count: Int) {
        state.withLock { $0.counters.written += UInt64(count) }
    }

    func countSystemLogDrops(_ count: Int) {
        state.withLock { $0.counters.systemLogDropped += UInt64(count) }
    }

    /// Waits for something to do, at most until the deadline.
    func sleep(until deadline: ContinuousClock.Instant?) {
        let hasWork = state.withLock { state in
            let hasWork =
                state.isClosing || state.mustReopen || state.trouble == nil && !state.backlog.isEmpty
            state.isAsleep = !hasWork
            return hasWork
        }
        guard !hasWork else { return }
        wakeUp.wait(until: deadline)
        state.withLock { $0.isAsleep = false }
    }

    /// Nothing is written any more.
    func finish() {
        perform { state in
            state.isFinished = true
            let left = state.backlog.take(.max)
            state.counters.lost += UInt64(left.count)
            let closed = AuditError(.closed, "The audit trail is closed.")
            let answers = left.compactMap { $0.answer(closed) }
            defer { state.waitForEnd = [] }
            return answers + state.waitForEnd
        }
    }

    /// Counts what fell out of the backlog.
    /// - Returns: the answers to those who waited for it.
    private func settle(
        _ fallen: [AuditEntry],
        in state: inout State,
        reason: AuditError
    ) -> [@Sendable () -> Void] {
        guard !fallen.isEmpty else { return [] }
        let lost = fallen.count(where: \.survivesRefusal)
        state.counters.lost += UInt64(lost)
        var gap = state.gap ?? AuditGap(reason: reason.gapReason, since: clock.now())
        gap.lost += Int64(lost)
        state.gap = gap
        return fallen.compactMap { $0.answer(reason) }
    }
}
