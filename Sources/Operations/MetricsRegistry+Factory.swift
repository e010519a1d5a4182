package import CoreMetrics

/// Metrics of other libraries. What they call theirs is turned into names and labels that Prometheus takes; a metric
/// whose name is taken by another kind works and is written nowhere, because a library must not end the process.
extension MetricsRegistry: MetricsFactory {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, "_total", dimensions) { MetricCounter() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, "", dimensions) { MetricGauge(0) }
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate { return series(label, "", dimensions) { MetricHistogram(.decades) } }
        return series(label, "", dimensions) { MetricGauge(0) }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, "_seconds", dimensions) { MetricHistogram(.seconds) }
    }

    // A series stays: its next user goes on where the last one stopped, as counters are meant to.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func series<Instrument: MetricInstrument>(
        _ label: String,
        _ ending: String,
        _ dimensions: [(String, String)],
        make: @escaping @Sendable () -> Instrument
    ) -> Instrument {
        let word = MetricName.made(of: label)
        let name = word.hasSuffix(ending) ? word : word + ending
        // A name stands once in a series; the last value counts.
        var values: [String: String] = [:]
        for (name, value) in dimensions { values[MetricName.madeLabel(of: name)] = value }
        let labels = values.sorted { $0.key < $1.key }.map { MetricLabel($0.key, $0.value) }
        guard
            let family: MetricFamily<FreeLabels, Instrument> = try? family(name, "Of a library: \(label).", make: make)
        else { return make() }
        return family[FreeLabels(labels)]
    }
}

extension MetricCounter: CounterHandler {
    package func increment(by amount: Int64) { add(Int(amount)) }
    package func reset() { clear() }
}

extension MetricGauge: MeterHandler, RecorderHandler {
    package func set(_ value: Int64) { set(to: Double(value)) }
    package func set(_ value: Double) { set(to: value) }
    package func increment(by amount: Double) { add(amount) }
    package func decrement(by amount: Double) { add(-amount) }
    package func record(_ value: Int64) { set(to: Double(value)) }
    package func record(_ value: Double) { set(to: value) }
}

extension MetricHistogram: RecorderHandler, TimerHandler {
    package func record(_ value: Int64) { observe(Double(value)) }
    package func record(_ value: Double) { observe(value) }
    package func recordNanoseconds(_ duration: Int64) { observe(Double(duration) / 1e9) }
}
