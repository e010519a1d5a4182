internal import Synchronization

/// All metrics of the process. Declaring one that is there already gives the same one again.
///
/// Metrics of other libraries come in behind swift-metrics: `MetricsSystem.bootstrap(registry)`.
package final class MetricsRegistry: Sendable {
    /// Metrics, not series: libraries make up names too.
    static let metricLimit = 1_000

    private let seriesLimit: Int
    private let metrics = Mutex<[String: any ExposedMetric]>([:])
    private let folded = MetricCounter()

    /// - Parameter seriesLimit: combinations of labels that one metric may have. What comes beyond is counted under the
    ///   value `other` in every label: a mistake in a label costs detail, not memory.
    package init(seriesLimit: Int = 2_000) {
        self.seriesLimit = seriesLimit
        let family = MetricFamily<NoLabels, MetricCounter>(
            "gatehouse_metric_series_folded_total",
            "Look-ups of label combinations beyond a metric's limit, which share the label value other.",
            limit: 1,
            folded: folded
        ) { [folded] in folded }
        _ = family[NoLabels()]
        metrics.withLock { $0[family.name] = family }
    }

    /// A counter without labels; it is there with 0 at once.
    package func counter(_ name: String, _ help: String) throws(OperationsError) -> MetricCounter {
        try counters(name, help, by: NoLabels.self)[NoLabels()]
    }

    /// - Parameter name: ends in `_total`.
    package func counters<Key>(
        _ name: String,
        _ help: String,
        by labels: Key.Type
    ) throws(OperationsError) -> MetricFamily<Key, MetricCounter> {
        guard name.hasSuffix("_total") else {
            throw OperationsError(.invalidName, "The name of a counter ends in _total: \(name).")
        }
        return try family(name, help) { MetricCounter() }
    }

    /// A gauge without labels.
    /// - Parameter value: `nil` leaves it out until it is set.
    package func gauge(_ name: String, _ help: String, _ value: Double? = 0) throws(OperationsError) -> MetricGauge {
        let family: MetricFamily<NoLabels, MetricGauge> = try family(name, help) { MetricGauge(value) }
        return family[NoLabels()]
    }

    /// Each is left out until it is set.
    package func gauges<Key>(
        _ name: String,
        _ help: String,
        by labels: Key.Type
    ) throws(OperationsError) -> MetricFamily<Key, MetricGauge> {
        try family(name, help) { MetricGauge() }
    }

    /// A histogram without labels; it is there with 0 at once.
    package func histogram(
        _ name: String,
        _ help: String,
        _ buckets: MetricHistogram.Buckets = .seconds
    ) throws(OperationsError) -> MetricHistogram {
        try histograms(name, help, by: NoLabels.self, buckets)[NoLabels()]
    }

    package func histograms<Key>(
        _ name: String,
        _ help: String,
        by labels: Key.Type,
        _ buckets: MetricHistogram.Buckets = .seconds
    ) throws(OperationsError) -> MetricFamily<Key, MetricHistogram> {
        try family(name, help) { MetricHistogram(buckets) }
    }

    /// A counter or a gauge that is read at each look at the metrics, on the thread that writes them.
    /// - Parameter read: `nil` leaves it out.
    package func reading(
        _ name: String,
        _ help: String,
        kind: MetricKind,
        read: @escaping @Sendable () -> Double?
    ) throws(OperationsError) {
        let reading = MetricReading(name, help, kind: kind, read: read)
        let isNew = try metrics.withLock { metrics throws(OperationsError) -> Bool in
            try Self.check(name)
            guard metrics[name] == nil else { return false }
            metrics[name] = reading
            return true
        }
        guard isNew else { throw Self.conflict(name) }
    }

    /// Everything, metrics and series in the order of their names.
    package func exposition() -> [UInt8] {
        let all = metrics.withLock { $0.values.sorted { $0.name < $1.name } }
        var exposition = Exposition()
        for metric in all {
            exposition.begin(metric.name, metric.help, metric.kind)
            metric.write(into: &exposition)
        }
        return exposition.bytes
    }

    /// The names of all metrics that are there now.
    package var names: [String] { metrics.withLock { $0.keys.sorted() } }

    func family<Key, Instrument>(
        _ name: String,
        _ help: String,
        make: @escaping @Sendable () -> Instrument
    ) throws(OperationsError) -> MetricFamily<Key, Instrument> {
        try metrics.withLock { metrics throws(OperationsError) -> MetricFamily<Key, Instrument> in
            if let known = metrics[name] {
                guard let family = known as? MetricFamily<Key, Instrument> else { throw Self.conflict(name) }
                return family
            }
            try Self.check(name)
            guard metrics.count < Self.metricLimit else {
                throw OperationsError(.conflictingMetric, "There are \(Self.metricLimit) metrics already.")
            }
            let family = MetricFamily<Key, Instrument>(name, help, limit: seriesLimit, folded: folded, make: make)
            metrics[name] = family
            return family
        }
    }

    private static func check(_ name: String) throws(OperationsError) {
        guard MetricName.isValid(name) else {
            throw OperationsError(.invalidName, "Prometheus takes no metric of the name \(name.debugDescription).")
        }
    }

    private static func conflict(_ name: String) -> OperationsError {
        OperationsError(.conflictingMetric, "There is another metric of the name \(name).")
    }
}
