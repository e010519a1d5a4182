internal import Synchronization

/// How values spread: how many there were up to each of a few bounds, and their sum.
package final class MetricHistogram: MetricInstrument {
    package static let kind = MetricKind.histogram

    /// The bounds of the buckets, rising; one more for everything above is added.
    package struct Buckets: Sendable, Equatable {
        package static let limit = 15

        let bounds: [Double]
        let texts: [String]

        /// - Parameter bounds: put in order, each once, and no more than ``limit`` of them.
        package init(_ bounds: [Double]) {
            self.bounds = Array(Set(bounds.filter(\.isFinite)).sorted().prefix(Self.limit))
            texts = self.bounds.map(Exposition.number)
        }

        /// Of requests and of questions to other servers, in seconds: half a millisecond to a minute.
        package static let seconds = Buckets(
            [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]
        )

        /// Of sizes and counts whose range nobody declared: powers of ten.
        static let decades = Buckets((0..<15).map { power in (0..<power).reduce(1) { result, _ in result * 10 } })
    }

    private let buckets: Buckets
    private let counts: InlineArray<16, Atomic<UInt64>>
    private let sum = MetricGauge(0)

    package init(_ buckets: Buckets = .seconds) {
        self.buckets = buckets
        counts = InlineArray { _ in Atomic(0) }
    }

    /// - Parameter value: in the metric's unit; NaN is no value.
    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        var place = 0
        while place < buckets.bounds.count, value > buckets.bounds[place] { place += 1 }
        counts[place].wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    package var count: UInt64 {
        var total: UInt64 = 0
        for place in counts.indices { total &+= counts[place].load(ordering: .relaxed) }
        return total
    }

    /// While others observe, the sum may be a few values ahead or behind; the count is always that of the buckets.
    package func write(_ name: String, labels: String, into exposition: inout Exposition) {
        var total: UInt64 = 0
        for place in buckets.bounds.indices {
            total &+= counts[place].load(ordering: .relaxed)
            exposition.bucket(name, labels, upTo: buckets.texts[place], total)
        }
        total &+= counts[buckets.bounds.count].load(ordering: .relaxed)
        exposition.bucket(name, labels, upTo: "+Inf", total)
        exposition.sample(name + "_sum", labels, Exposition.number(sum.value ?? 0))
        exposition.sample(name + "_count", labels, String(total))
    }
}
