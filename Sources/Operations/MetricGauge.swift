internal import Synchronization

/// A number that goes up and down. Until it is set for the first time it has no sample, unless it begins with a value:
/// a store that is not in use is neither up nor down.
package final class MetricGauge: MetricInstrument {
    package static let kind = MetricKind.gauge

    /// No arithmetic makes a NaN of these bits.
    private static let unset: UInt64 = 0x7FF8_DEAD_0000_0001

    private let bits: Atomic<UInt64>

    package init(_ value: Double? = nil) {
        bits = Atomic(value?.bitPattern ?? Self.unset)
    }

    /// `nil` until it was set.
    package var value: Double? {
        let bits = bits.load(ordering: .relaxed)
        return bits == Self.unset ? nil : Double(bitPattern: bits)
    }

    package func set(to value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// 1 or 0.
    package func set(to isTrue: Bool) { set(to: isTrue ? 1 : 0) }

    /// - Parameter amount: negative takes away. From no value it begins at 0.
    package func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let sum = (old == Self.unset ? 0 : Double(bitPattern: old)) + amount
            let (isDone, present) = bits.weakCompareExchange(
                expected: old,
                desired: sum.bitPattern,
                ordering: .relaxed
            )
            if isDone { return }
            old = present
        }
    }

    package func write(_ name: String, labels: String, into exposition: inout Exposition) {
        if let value { exposition.sample(name, labels, Exposition.number(value)) }
    }
}
