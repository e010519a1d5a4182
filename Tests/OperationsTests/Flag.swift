import Synchronization

/// A truth that several tasks of a test share.
final class Flag: Sendable {
    private let state: Atomic<Bool>

    init(_ isSet: Bool) { state = Atomic(isSet) }

    var isSet: Bool {
        get { state.load(ordering: .sequentiallyConsistent) }
        set { state.store(newValue, ordering: .sequentiallyConsistent) }
    }
}
