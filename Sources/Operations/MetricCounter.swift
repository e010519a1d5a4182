internal import Synchronization

/// Prometheus' kinds of metrics that there are here.
package enum MetricKind: String, Sendable {
    case counter
    case gauge
    case histogram
}

/// One series that numbers are put into, from any thread and without waiting.
package protocol MetricInstrument: AnyObject, Sendable {
    static var kind: MetricKind { get }

    /// Writes the samples of this series.
    func write(_ name: String, labels: String, into exposition: inout Exposition)
}

/// A number that only grows.
package final class MetricCounter: MetricInstrument {
    package static let kind = MetricKind.counter

    private let count = Atomic<UInt64>(0)

    package init() {}

    package var value: UInt64 { count.load(ordering: .relaxed) }

    /// - Parameter amount: zero and less add nothing.
    package func add(_ amount: Int = 1) {
        guard amount > 0 else { return }
        // Past the end it begins anew, which a reader takes for a restart.
        count.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    /// Back to zero, as after a restart.
    func clear() { count.store(0, ordering: .relaxed) }

    package func write(_ name: String, labels: String, into exposition: inout Exposition) {
        exposition.sample(name, labels, String(value))
    }
}
