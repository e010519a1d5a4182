internal import Directory
internal import GatehouseCore
internal import Synchronization

/// The directory in use: replaced by a reload, asked by whoever has a question at that moment.
final class CurrentDirectory: Sendable {
    private struct Storage {
        var realm: Realm
        var digest: String
    }

    private let storage: Mutex<Storage>

    init(_ realm: Realm) {
        storage = Mutex(Storage(realm: realm, digest: realm.configuration.factsDigest))
    }

    var realm: Realm { storage.withLock { $0.realm } }

    /// - Returns: the realm of before, which the caller shuts down once nobody asks it any more.
    func replace(by realm: Realm) -> Realm {
        let digest = realm.configuration.factsDigest
        return storage.withLock { storage in
            defer { storage = Storage(realm: realm, digest: digest) }
            return storage.realm
        }
    }

    /// The realm, and what is asked of it.
    var current: (realm: Realm, digest: String) { storage.withLock { ($0.realm, $0.digest) } }
}
