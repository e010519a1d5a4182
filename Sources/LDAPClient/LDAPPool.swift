internal import GatehouseCore
internal import Synchronization

/// Connections for one purpose, to servers that are tried in order. Searches run as the service account; user binds run
/// on connections that do nothing else, one at a time, and are kept after a clean success only (docs/security-rules.md, rule 17).
package final class LDAPPool: Sendable {
    package enum Purpose: Sendable {
        case search
        case userBind
    }

    private typealias Machine = StateMachine<LDAPConnection>

    struct Lease {
        let connection: LDAPConnection
        let server: Int
        /// Whether it was idle before: then it may be dead without our knowing.
        let isReused: Bool
    }

    private let configuration: LDAPClientConfiguration
    private let purpose: Purpose
    private let health: ServerHealth
    private let machine: Mutex<Machine>

    init(_ configuration: LDAPClientConfiguration, purpose: Purpose, health: ServerHealth) {
        self.configuration = configuration
        self.purpose = purpose
        self.health = health
        let limit = purpose == .search ? configuration.searchConnections : configuration.bindConnections
        // Searches serve more than sign-ins, and those are bounded by their binds.
        machine = Mutex(
            Machine(limit: limit, waiterLimit: purpose == .search ? 1024 : configuration.bindWaiters)
        )
    }

    /// A search changes nothing, so it is asked again where a server or a connection fails, while time remains.
    package func search(_ search: LDAPSearch, deadline: ContinuousClock.Instant) async throws(LDAPError)
        -> LDAPSearchResult
    {
        var attemptsLeft = configuration.endpoints.count
        while true {
            let lease = try await lease(until: deadline, waitingUntil: deadline)
            let began = ContinuousClock.now
            // The last attempt may use all the time that is left.
            let attemptDeadline = attemptsLeft > 1 ? began + began.duration(to: deadline) / attemptsLeft : deadline
            do {
                let result = try await lease.connection.search(
                    search,
                    isReused: lease.isReused,
                    deadline: attemptDeadline
                )
                giveBack(lease)
                return result
            } catch {
                settle(lease, after: error, began: began)
                if error.code == .stale { continue }
                // A used connection may break because its server was restarted: that costs no attempt.
                if !(lease.isReused && error.code == .unavailable) { attemptsLeft -= 1 }
                guard error.isTransport, attemptsLeft > 0, deadline > .now else { throw error }
            }
        }
    }

    /// Takes a connection for a bind, before it is known whether there will be one. Of the time that is left at most
    /// half is waited for it: who gets one has the other half for what comes then, and does not fail for lack of time
    /// where somebody who sends nothing would not.
    func reserve(until deadline: ContinuousClock.Instant) async throws(LDAPError) -> LDAPBindLease {
        let now = ContinuousClock.now
        let lease = try await lease(until: deadline, waitingUntil: now + now.duration(to: deadline) / 2)
        return LDAPBindLease(try await ready(lease, until: deadline), of: self, until: deadline)
    }

    /// Opens another connection in the place of one that died while it was idle.
    private func ready(_ lease: Lease, until deadline: ContinuousClock.Instant) async throws(LDAPError) -> Lease {
        guard lease.isReused else { return lease }
        do throws(LDAPError) {
            try await lease.connection.check()
            return lease
        } catch {
            return try await openGranted(until: deadline)
        }
    }

    /// A bind is sent once. Only where the connection was found dead before anything went out is another one opened: a
    /// second try elsewhere could count a wrong password twice.
    func bind(
        _ lease: Lease,
        dn: String,
        password: Secret,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> LDAPBindOutcome {
        var lease = lease
        while true {
            let began = ContinuousClock.now
            do {
                var outcome = try await lease.connection.bind(
                    dn: dn,
                    password: password,
                    isReused: lease.isReused,
                    deadline: deadline
                )
                outcome.duration = began.duration(to: .now)
                health.succeeded(lease.server)
                health.bindAnswered(lease.server)
                if outcome.isClean { giveBack(lease) } else { perform { $0.giveUp() } }
                return outcome
            } catch {
                guard error.code == .stale else {
                    settle(lease, after: error, began: began)
                    throw error
                }
                lease = try await openGranted(until: deadline)
            }
        }
    }

    /// Takes back a connection on which nothing was sent.
    /// - Throws: what a bind would have met: no connection in the place of a dead one, or servers whose last binds had
    ///   no answer; and no sooner than that bind would have. A name that nobody has must not look better than one that
    ///   somebody has.
    func release(_ lease: Lease, deadline: ContinuousClock.Instant) async throws(LDAPError) {
        giveBack(try await ready(lease, until: deadline))
        // A bind that hangs is noticed after the operation timeout: until the next one can have shown the same.
        let window = configuration.operationTimeout + .seconds(2)
        guard let error = health.unansweredBind(now: .now, window: window) else { return }
        if error.code == .timeout {
            do {
                try await Task.sleep(until: deadline, clock: .continuous)
            } catch {
                throw LDAPError(.cancelled, "The request was given up.")
            }
        }
        throw error
    }

    /// Refuses new callers, lets what runs come to its end (its deadline at the latest) and closes all connections.
    package func shutdown() async {
        await withCheckedContinuation { continuation in
            perform { $0.shutDown { continuation.resume() } }
        }
    }

    private func settle(_ lease: Lease, after error: LDAPError, began: ContinuousClock.Instant) {
        if error.leavesConnectionUsable, purpose == .search {
            giveBack(lease)
            return
        }
        // A caller that got its connection in the last moment proves nothing about the server.
        let isSlow = error.code == .timeout && began.duration(to: .now) >= .milliseconds(500)
        if isSlow || error.code == .unavailable && !lease.isReused {
            health.failed(lease.server, error, now: .now)
            if purpose == .userBind { health.bindFailed(lease.server, error, now: .now) }
            perform { $0.drop(server: lease.server) }
        }
        perform { $0.giveUp() }
    }

    func giveBack(_ lease: Lease) {
        perform { $0.giveBack(.init(connection: lease.connection, server: lease.server)) }
    }

    /// Decides under the lock and acts after it. The connections of `actions.closed` go with their last reference.
    private func perform(_ decide: (inout Machine) -> Machine.Actions) {
        let actions = machine.withLock { decide(&$0) }
        for (resume, grant) in actions.resumed { resume(grant) }
        for drained in actions.drained { drained() }
    }
}

extension LDAPPool {
    private func lease(
        until deadline: ContinuousClock.Instant,
        waitingUntil patience: ContinuousClock.Instant
    ) async throws(LDAPError) -> Lease {
        switch await acquire(until: patience) {
        case .connection(let idle):
            return Lease(connection: idle.connection, server: idle.server, isReused: true)
        case .refused(let error):
            throw error
        case .slot:
            return try await openGranted(until: deadline)
        }
    }

    /// Opens the connection that the caller has the right to, or gives that right up.
    private func openGranted(until deadline: ContinuousClock.Instant) async throws(LDAPError) -> Lease {
        do {
            return try await open(until: deadline)
        } catch {
            perform { $0.giveUp() }
            throw error
        }
    }

    /// A connection for user binds is open as soon as TCP is, which the kernel of a hung server does by itself; a
    /// search connection has had its service bind answered.
    private var provesLife: Bool { purpose == .search }

    private func acquire(until deadline: ContinuousClock.Instant) async -> Machine.Grant {
        let number = machine.withLock { $0.nextNumber() }
        let cancel: @Sendable () -> Void = { [weak self] in
            self?.perform { $0.cancel(number, with: LDAPError(.cancelled, "The request was given up.")) }
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let favourite = health.favourite(now: .now, mayProbe: provesLife)
                perform { $0.acquire(number, favourite: favourite) { continuation.resume(returning: $0) } }
                guard machine.withLock({ $0.isWaiting(number) }) else { return }
                if Task.isCancelled { cancel() }
                // An alarm for a caller that was served finds nobody to wake.
                _ = Watchdog.shared.arm(at: deadline) { [weak self] in
                    self?.perform { $0.cancel(number, with: .noConnectionInTime) }
                }
            }
        } onCancel: {
            cancel()
        }
    }

    private func open(until deadline: ContinuousClock.Instant) async throws(LDAPError) -> Lease {
        let candidates = try health.candidates(now: .now, mayProbe: provesLife)
        var lastError = LDAPError(.timeout, "No directory server accepted a connection in time.")
        for (position, server) in candidates.enumerated() {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { break }
            // A server that failed lately is given a chance, not everybody's time.
            let others = candidates[(position + 1)...].count { !health.isFailing($0) }
            var limit = min(configuration.connectTimeout, left / (others + 1))
            if others > 0, health.isFailing(server) { limit = min(limit, .milliseconds(500)) }
            do {
                let connection = try await LDAPConnection.open(
                    configuration.endpoints[server],
                    configuration: configuration,
                    identity: purpose == .search ? configuration.identity : nil,
                    deadline: .now + limit
                )
                if provesLife { health.succeeded(server) }
                return Lease(connection: connection, server: server, isReused: false)
            } catch {
                health.failed(server, error, now: .now)
                perform { $0.drop(server: server) }
                lastError = error
            }
        }
        throw lastError
    }
}

extension LDAPError {
    fileprivate static var noConnectionInTime: LDAPError {
        LDAPError(.timeout, "No connection to the directory became free in time.")
    }
}
