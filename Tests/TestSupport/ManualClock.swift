package import GatehouseCore
internal import Synchronization

/// A wall clock that stands still until a test moves it.
package final class ManualClock: Sendable {
    private let time: Mutex<Timestamp>

    /// - Parameter start: 2026-11-22T09:15:04.120Z where a test does not care.
    package init(start: Timestamp = Timestamp(milliseconds: 1_795_338_904_120)) {
        time = Mutex(start)
    }

    package var now: Timestamp { time.withLock { $0 } }

    package var wallClock: WallClock { WallClock { self.now } }

    /// - Parameter duration: negative puts the clock back.
    package func move(by duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }
}
