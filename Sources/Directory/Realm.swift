internal import GatehouseCore
internal import LDAPClient
package import Logging

/// One directory: finds people, checks their passwords, works out their groups.
package final class Realm: Sendable {
    package let configuration: RealmConfiguration
    let servers: LDAPServerGroup
    let filter: LDAPFilterTemplate
    let logger: Logger

    var reader: EntryReader { EntryReader(configuration: configuration) }

    package var name: String { configuration.name }

    /// Connects to nothing yet.
    package init(configuration: RealmConfiguration, logger: Logger) {
        self.configuration = configuration
        servers = LDAPServerGroup(configuration.client)
        filter = LDAPFilterTemplate(configuration.users.filter)
        var logger = logger
        logger[metadataKey: "directory"] = .string(configuration.name)
        self.logger = logger
    }

    /// Connects to each server and binds as the service account.
    /// - Returns: for each server its URL and, where it does not answer as it should, why.
    package func probe() async -> [(server: String, problem: DirectoryError?)] {
        await servers.probe().map { ("\($0.server)", $0.problem.map { DirectoryError($0) }) }
    }

    /// Looks for every entry that the configuration names: the bases, and the groups of roles.
    /// - Returns: the names that no entry has, or that the gateway's account may not see.
    package func missingEntries() async throws(DirectoryError) -> [String] {
        var missing: [String] = []
        let groups = configuration.namedGroups.sorted { $0.description < $1.description }
        let deadline = ContinuousClock.now + configuration.client.operationTimeout * 10
        let names = [configuration.users.base] + (configuration.groups.map { [$0.base] } ?? []) + groups
        for name in names.map(\.description) {
            let search = LDAPSearch(base: name, scope: .base, filter: "(objectClass=*)", sizeLimit: 2)
            do throws(LDAPError) {
                if try await servers.search(search, deadline: deadline).entries.isEmpty { missing.append(name) }
            } catch {
                guard error.code == .noSuchObject else { throw DirectoryError(error) }
                missing.append(name)
            }
        }
        return missing
    }

    /// Lets what runs come to its end, which is its deadline at the latest, and closes all connections.
    package func shutdown() async {
        await servers.shutdown()
    }

    /// The entries that a name stands for.
    func entries(
        named login: FoldedName,
        limit: Int,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [LDAPEntry] {
        guard filter.namesLogin else {
            throw LDAPError(.invalidConfiguration, "The users' filter does not contain {login}.")
        }
        return try await users(matching: filter.render(login: login.typed), limit: limit, deadline: deadline)
    }

    /// - Throws: also for a reference, because what lies behind it is not known.
    func users(
        matching filter: String,
        limit: Int,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [LDAPEntry] {
        let search = LDAPSearch(
            base: configuration.users.base.description,
            scope: .subtree,
            filter: filter,
            attributes: reader.requested,
            sizeLimit: limit
        )
        let result = try await servers.search(search, deadline: deadline)
        guard result.references.isEmpty else {
            throw LDAPError(.referral, "The directory referred the search for a person elsewhere.")
        }
        return result.entries
    }

    func groupPaths(
        _ entry: LDAPEntry,
        tracing isTracing: Bool,
        deadline: ContinuousClock.Instant
    ) async throws(DirectoryError) -> [GroupPath] {
        guard let groups = configuration.groups else { return [] }
        let resolver = GroupResolver(servers: servers, groups: groups, deadline: deadline, isTracing: isTracing)
        return try await resolver.resolve(entry)
    }

    /// An error that an administrator should see, once, where it arose.
    func failed(_ error: LDAPError) -> DirectoryError {
        failed(DirectoryError(error))
    }

    func failed(_ error: DirectoryError) -> DirectoryError {
        logger.error(
            "The directory cannot answer",
            metadata: ["code": .string(error.code.rawValue), "error": .string(error.description)]
        )
        return error
    }
}
