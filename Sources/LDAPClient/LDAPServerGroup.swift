package import GatehouseCore

/// The servers of one directory: a pool that searches as the service account and one that only binds as people.
package final class LDAPServerGroup: Sendable {
    package let configuration: LDAPClientConfiguration
    private let searches: LDAPPool
    private let binds: LDAPPool

    package init(_ configuration: LDAPClientConfiguration) {
        LDAPRuntime.prepare()
        self.configuration = configuration
        let health = ServerHealth(count: configuration.endpoints.count)
        searches = LDAPPool(configuration, purpose: .search, health: health)
        binds = LDAPPool(configuration, purpose: .userBind, health: health)
    }

    /// The moment by which an operation that begins now must have ended.
    package var deadline: ContinuousClock.Instant { .now + configuration.operationTimeout }

    /// - Parameter deadline: the caller has an answer or an error by then, whatever the servers do.
    package func search(_ search: LDAPSearch, deadline: ContinuousClock.Instant? = nil) async throws(LDAPError)
        -> LDAPSearchResult
    {
        try await searches.search(search, deadline: deadline ?? self.deadline)
    }

    /// Takes a connection for a bind before it is known whom to bind as, so that everybody waits for the same.
    /// - Parameter deadline: also that of the bind.
    package func reserveBind(deadline: ContinuousClock.Instant? = nil) async throws(LDAPError) -> LDAPBindLease {
        try await binds.reserve(until: deadline ?? self.deadline)
    }

    /// Binds as a person, on a connection that serves nothing else.
    /// - Parameters:
    ///   - dn: as a search returned it, never built from what somebody typed. Not empty.
    ///   - password: sent byte for byte. Not empty.
    package func bind(
        dn: String,
        password: Secret,
        deadline: ContinuousClock.Instant? = nil
    ) async throws(LDAPError) -> LDAPBindOutcome {
        // Refused here, before a connection is taken: an empty one would be an unauthenticated bind.
        guard !dn.isEmpty, !password.isEmpty else {
            throw LDAPError(.invalidConfiguration, "A bind needs a name and a password.")
        }
        return try await reserveBind(deadline: deadline).bind(dn: dn, password: password)
    }

    /// Connects to each server and binds as the service account, apart from the pools.
    /// - Returns: by server, what is wrong with it; `nil` is fine.
    package func probe() async -> [(server: LDAPEndpoint, problem: LDAPError?)] {
        var report: [(server: LDAPEndpoint, problem: LDAPError?)] = []
        for endpoint in configuration.endpoints {
            do throws(LDAPError) {
                _ = try await LDAPConnection.open(
                    endpoint,
                    configuration: configuration,
                    identity: configuration.identity,
                    deadline: .now + configuration.connectTimeout
                )
                report.append((endpoint, nil))
            } catch {
                report.append((endpoint, error))
            }
        }
        return report
    }

    /// Lets what runs come to its end and closes all connections.
    package func shutdown() async {
        await searches.shutdown()
        await binds.shutdown()
    }
}
