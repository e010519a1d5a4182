package import GatehouseCore
internal import LDAPClient

extension Realm {
    /// Everybody whom a name stands for, with the way to each of their groups, for `gatehouse explain`. No bind is
    /// sent.
    /// - Returns: nobody, one, or the several who make the name ambiguous (20 at most, more is an error).
    package func person(login: FoldedName) async throws(DirectoryError) -> [PersonLookup] {
        // Tracing asks for each group by itself: somebody waits for it who knows why.
        let deadline = ContinuousClock.now + configuration.client.operationTimeout * 10
        let found: [LDAPEntry]
        do throws(LDAPError) {
            found = try await entries(named: login, limit: 20, deadline: deadline)
        } catch {
            throw DirectoryError(error)
        }
        var lookups: [PersonLookup] = []
        for entry in found {
            lookups.append(try await lookup(entry, isAmbiguous: found.count > 1, deadline: deadline))
        }
        return lookups
    }

    private func lookup(
        _ entry: LDAPEntry,
        isAmbiguous: Bool,
        deadline: ContinuousClock.Instant
    ) async throws(DirectoryError) -> PersonLookup {
        let id = try reader.subjectID(entry)
        let paths = try await groupPaths(entry, tracing: true, deadline: deadline)
        let person = person(entry, id: id, paths: paths, keepingPaths: true)
        return PersonLookup(
            dn: entry.dn,
            subjectID: id,
            person: person,
            problem: isAmbiguous ? .ambiguousName : person == nil ? .noUserValue : nil,
            groupPaths: paths
        )
    }

    /// Reads a person again by the immutable id, wherever below the users' base the entry has moved to.
    /// - Throws: whenever it is not proved that the entry is gone.
    package func person(id: SubjectID) async throws(DirectoryError) -> PersonState {
        let deadline = servers.deadline
        do throws(DirectoryError) {
            guard id.realm == name else {
                throw DirectoryError(.misconfigured, "A person of the directory \(id.realm) was asked for in \(name).")
            }
            // A server answers an id that is none with "nobody", which would read as "gone".
            guard Self.isUUID(id.immutableID) else {
                throw DirectoryError(.misconfigured, "\(id) is no id of this directory.")
            }
            let byID = "(\(EntryReader.immutableID)=\(LDAPFilter.escape(id.immutableID)))"
            // Somebody whom the filter does not admit any more could not sign in again.
            let admitted = filter.presence.map { "(&\(byID)\($0))" } ?? byID
            if let entry = try await single(admitted, deadline: deadline) {
                let paths = try await groupPaths(entry, tracing: false, deadline: deadline)
                return person(entry, id: id, paths: paths, keepingPaths: false).map { .found($0) } ?? .excluded
            }
            if admitted != byID, try await single(byID, deadline: deadline) != nil { return .excluded }
            try await proveSearchable(deadline: deadline)
            return .gone
        } catch {
            throw failed(error)
        }
    }

    /// RFC 4530, section 2.1.
    private static func isUUID(_ text: String) -> Bool {
        let groups = text.utf8.split(separator: 0x2D, omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.joined().allSatisfy { hexValue($0) != nil }
    }

    private func single(
        _ filter: String,
        deadline: ContinuousClock.Instant
    ) async throws(DirectoryError) -> LDAPEntry? {
        do throws(LDAPError) {
            let found = try await users(matching: filter, limit: 2, deadline: deadline)
            guard found.count < 2 else {
                throw LDAPError(.protocolError, "Two entries have one immutable id.")
            }
            return found.first
        } catch {
            throw DirectoryError(error)
        }
    }

    /// An account without the right to search by id sees nobody, which must not read as "everybody is gone": the base
    /// itself must be found by its own id.
    private func proveSearchable(deadline: ContinuousClock.Instant) async throws(DirectoryError) {
        let search = LDAPSearch(
            base: configuration.users.base.description,
            scope: .base,
            filter: "(\(EntryReader.immutableID)=*)",
            attributes: [EntryReader.immutableID],
            sizeLimit: 1
        )
        do throws(LDAPError) {
            let entries = try await servers.search(search, deadline: deadline).entries
            guard entries.first?.text(EntryReader.immutableID) != nil else {
                throw LDAPError(
                    .noSuchObject,
                    "The gateway's account cannot search the users' base by \(EntryReader.immutableID)."
                )
            }
        } catch {
            throw DirectoryError(error)
        }
    }

    private func person(_ entry: LDAPEntry, id: SubjectID, paths: [GroupPath], keepingPaths: Bool) -> Person? {
        reader.subject(entry, id: id, groups: paths).map { subject in
            Person(
                subject: subject,
                dn: entry.dn,
                groupPaths: keepingPaths ? paths : [],
                isDisabled: reader.isDisabled(entry)
            )
        }
    }
}
