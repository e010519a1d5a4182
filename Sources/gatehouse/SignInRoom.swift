internal import GatehouseCore
internal import Synchronization

/// How many sign-ins are in work at once. Strangers can make them wait, so they have a room of their own, and one network
/// (docs/security-rules.md, rule 22) only a small part of it: whoever fills that keeps nobody else out.
final class SignInRoom: Sendable {
    private struct Storage {
        var total = 0
        /// Never more entries than `total`: one that comes to nothing is removed.
        var byNetwork: [SourceAddress: Int] = [:]
        var bySite: [SourceAddress: Int] = [:]
    }

    private let limit: Int
    private let networkLimit: Int
    /// Of one IPv6 /48, whose holder has 65,536 networks.
    private let siteLimit: Int
    private let storage = Mutex(Storage())

    init(limit: Int = 1024, networkLimit: Int = 64, siteLimit: Int = 192) {
        self.limit = limit
        self.networkLimit = networkLimit
        self.siteLimit = siteLimit
    }

    /// - Parameter address: `nil` where it is not known; all such visitors are one network.
    /// - Returns: `false` when there is no room. Otherwise ``leave(_:)`` follows, once.
    func enter(_ address: SourceAddress?) -> Bool {
        let network = Self.network(address)
        return storage.withLock { storage in
            let inWork = storage.byNetwork[network, default: 0]
            let ofSite = storage.bySite[network.site, default: 0]
            guard storage.total < limit, inWork < networkLimit, ofSite < siteLimit else { return false }
            storage.total += 1
            storage.byNetwork[network] = inWork + 1
            storage.bySite[network.site] = ofSite + 1
            return true
        }
    }

    func leave(_ address: SourceAddress?) {
        let network = Self.network(address)
        storage.withLock { storage in
            guard let inWork = storage.byNetwork[network] else { return }
            storage.total -= 1
            storage.byNetwork[network] = inWork > 1 ? inWork - 1 : nil
            let ofSite = storage.bySite[network.site, default: 1]
            storage.bySite[network.site] = ofSite > 1 ? ofSite - 1 : nil
        }
    }

    private static func network(_ address: SourceAddress?) -> SourceAddress {
        (address ?? .unspecified).network
    }
}
