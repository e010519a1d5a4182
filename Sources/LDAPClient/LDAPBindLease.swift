package import GatehouseCore
internal import Synchronization

/// A connection that is reserved for one bind, or for none. It goes back to its pool by itself when nothing becomes of it.
package final class LDAPBindLease: Sendable {
    private let pool: LDAPPool
    private let deadline: ContinuousClock.Instant
    private let lease: Mutex<LDAPPool.Lease?>

    init(_ lease: LDAPPool.Lease, of pool: LDAPPool, until deadline: ContinuousClock.Instant) {
        self.pool = pool
        self.deadline = deadline
        self.lease = Mutex(lease)
    }

    deinit {
        if let lease = take() { pool.giveBack(lease) }
    }

    /// Binds as a person: once, and the lease has served.
    /// - Parameters:
    ///   - dn: as a search returned it, never built from what somebody typed. Not empty.
    ///   - password: sent byte for byte. Not empty.
    package func bind(dn: String, password: Secret) async throws(LDAPError) -> LDAPBindOutcome {
        // An empty one would be an unauthenticated bind.
        guard !dn.isEmpty, !password.isEmpty else {
            throw LDAPError(.invalidConfiguration, "A bind needs a name and a password.")
        }
        guard let lease = take() else {
            throw LDAPError(.invalidConfiguration, "A reserved connection serves one bind.")
        }
        return try await pool.bind(lease, dn: dn, password: password, deadline: deadline)
    }

    /// Ends it with nothing sent, where there is nobody to bind as.
    /// - Throws: what a bind would have met now, as far as it is known: the answer for everybody.
    package func release() async throws(LDAPError) {
        guard let lease = take() else { return }
        try await pool.release(lease, deadline: deadline)
    }

    private func take() -> LDAPPool.Lease? {
        lease.withLock { lease in
            defer { lease = nil }
            return lease
        }
    }
}
