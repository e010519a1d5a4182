internal import Glibc
internal import Synchronization

/// Keeps the process away from the end of its file descriptors, where nothing can be opened any more, not by us and not
/// by the libraries below: beyond a number of client connections new ones are closed at once.
final class ConnectionGate: Sendable {
    /// For listeners, logs, the directory, and whatever libraries open for a moment.
    private static let reserve = 128

    private let limit: Int
    private let open = Atomic<Int>(0)

    /// - Parameter descriptors: how many the process may have open. Each client's connection may need another one to an
    ///   upstream.
    init(descriptors: Int = ConnectionGate.allowedDescriptors()) {
        limit = max(8, (descriptors - Self.reserve) / 2)
    }

    /// - Returns: `false` when the house is full; then ``leave()`` is not called.
    func enter() -> Bool {
        guard open.add(1, ordering: .relaxed).newValue <= limit else {
            open.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Connections that are open now.
    var count: Int { open.load(ordering: .relaxed) }

    func leave() { open.subtract(1, ordering: .relaxed) }

    /// Raises the soft limit to the hard one, as servers do, and says what it is.
    static func allowedDescriptors() -> Int {
        var limits = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return 1024 }
        if limits.rlim_cur < limits.rlim_max {
            limits.rlim_cur = min(limits.rlim_max, 1_048_576)
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
            _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        }
        return Int(min(limits.rlim_cur, 1_048_576))
    }
}
