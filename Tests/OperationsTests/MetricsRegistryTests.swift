import Testing

@testable import Operations

@Suite("The registry of metrics")
struct MetricsRegistryTests {
    private struct Colour: MetricLabels {
        let name: String

        var labels: [MetricLabel] { [MetricLabel("colour", name)] }
    }

    private func lines(_ registry: MetricsRegistry, _ name: String) -> [String] {
        text(of: registry).split(separator: "\n").map(String.init).filter { $0.hasPrefix(name) }
    }

    @Test("a metric without labels is there before anything happened")
    func present() throws {
        let registry = MetricsRegistry()
        _ = try registry.counter("steps_total", "Steps.")
        _ = try registry.gauge("depth_metres", "Depth.")
        _ = try registry.gauge("weight_grams", "Weight.", nil)
        _ = try registry.histogram("wait_seconds", "Waits.", .init([0.5, 1]))
        let text = text(of: registry)
        #expect(text.contains("# HELP steps_total Steps.\n# TYPE steps_total counter\nsteps_total 0\n"))
        #expect(text.contains("# HELP depth_metres Depth.\n# TYPE depth_metres gauge\ndepth_metres 0\n"))
        #expect(text.contains("# TYPE weight_grams gauge\n"))
        #expect(lines(registry, "weight_grams").isEmpty)
        #expect(
            text.contains(
                "# TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"0.5\"} 0\nwait_seconds_bucket{le=\"1\"} 0\n"
                    + "wait_seconds_bucket{le=\"+Inf\"} 0\nwait_seconds_sum 0\nwait_seconds_count 0\n"
            )
        )
    }

    @Test("what is declared twice is the same metric; what differs is refused")
    func declaredTwice() throws {
        let registry = MetricsRegistry()
        let first = try registry.counter("steps_total", "Steps.")
        #expect(try registry.counter("steps_total", "Steps.") === first)
        #expect(throws: OperationsError.self) { try registry.gauge("steps_total", "Steps.") }
        #expect(throws: OperationsError.self) { try registry.counters("steps_total", "Steps.", by: Colour.self) }
        #expect(throws: OperationsError.self) { try registry.reading("steps_total", "", kind: .counter) { 1 } }
        first.add(3)
        #expect(lines(registry, "steps_total") == ["steps_total 3"])
    }

    @Test(
        "a name that Prometheus would not take is refused",
        arguments: [
            "", "1steps_total", "steps-total_total", "st eps_total", "schritte_ü_total", "a\u{7F}_total", "steps",
        ]
    )
    func badName(name: String) {
        let error = #expect(throws: OperationsError.self) { try MetricsRegistry().counter(name, "") }
        #expect(error?.code == .invalidName)
    }

    @Test("label names that are Prometheus' own are no label names")
    func labelNames() {
        for name in ["le", "quantile", "__name__", "1st", "a-b", "", "a:b"] {
            #expect(!MetricName.isValidLabel(name), "\(name)")
            #expect(MetricName.isValidLabel(MetricName.madeLabel(of: name)), "\(name)")
        }
        #expect(MetricName.isValidLabel("app"))
        #expect(MetricName.made(of: "9 lives/é") == "_9_lives___")
    }

    @Test("combinations of labels beyond the limit share one series and are counted")
    func folded() throws {
        let registry = MetricsRegistry(seriesLimit: 3)
        let family = try registry.counters("cars_total", "Cars.", by: Colour.self)
        for number in 0..<10 { family[Colour(name: "c\(number)")].add() }
        family[Colour(name: "c0")].add()
        #expect(
            lines(registry, "cars_total") == [
                "cars_total{colour=\"c0\"} 2", "cars_total{colour=\"c1\"} 1", "cars_total{colour=\"c2\"} 1",
                "cars_total{colour=\"other\"} 7",
            ]
        )
        #expect(lines(registry, "gatehouse_metric_series_folded_total") == ["gatehouse_metric_series_folded_total 7"])
    }

    @Test("values that are written alike are one series")
    func sameText() throws {
        let registry = MetricsRegistry()
        let family = try registry.counters("cars_total", "Cars.", by: Colour.self)
        let long = String(repeating: "x", count: Exposition.valueLimit)
        #expect(family[Colour(name: long + "a")] === family[Colour(name: long + "b")])
        #expect(family[Colour(name: "\u{1}")] === family[Colour(name: "\u{2}")])
    }

    @Test("a series that is removed is gone, and begins anew")
    func removed() throws {
        let registry = MetricsRegistry()
        let family = try registry.gauges("cars_up", "Cars.", by: Colour.self)
        family[Colour(name: "red")].set(to: 1)
        family[Colour(name: "blue")].set(to: 1)
        family.remove { $0.name == "red" }
        #expect(lines(registry, "cars_up") == ["cars_up{colour=\"blue\"} 1"])
        family[Colour(name: "red")].add(0.5)
        #expect(lines(registry, "cars_up") == ["cars_up{colour=\"blue\"} 1", "cars_up{colour=\"red\"} 0.5"])
    }

    @Test("a counter never goes back")
    func monotone() throws {
        let counter = MetricCounter()
        counter.add(2)
        counter.add(-5)
        counter.add(0)
        #expect(counter.value == 2)
        counter.add(.max)
        counter.add(.max)
        counter.add(.max)
        #expect(counter.value == UInt64(Int.max) &* 3 &+ 2)
    }

    @Test("a value on a bound belongs to that bucket, and every bucket holds those below")
    func buckets() throws {
        let registry = MetricsRegistry()
        let histogram = try registry.histogram("wait_seconds", "Waits.", .init([1, 0.5, 1, .infinity]))
        for value in [0.25, 0.5, 0.75, 1, 1.5, -1, .nan, .infinity] { histogram.observe(value) }
        #expect(
            lines(registry, "wait_seconds") == [
                "wait_seconds_bucket{le=\"0.5\"} 3", "wait_seconds_bucket{le=\"1\"} 5",
                "wait_seconds_bucket{le=\"+Inf\"} 7", "wait_seconds_sum +Inf", "wait_seconds_count 7",
            ]
        )
        #expect(MetricHistogram.Buckets((0..<99).map(Double.init)).bounds.count == MetricHistogram.Buckets.limit)
    }

    @Test("eight writers at once lose nothing, and a reader never sees a count apart from its buckets")
    func concurrent() async throws {
        let registry = MetricsRegistry()
        let counters = try registry.counters("cars_total", "Cars.", by: Colour.self)
        let gauge = try registry.gauge("level", "Level.")
        let histogram = try registry.histogram("wait_seconds", "Waits.", .init([0.5]))
        let isOver = Flag(false)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                while !isOver.isSet {
                    let lines = lines(registry, "wait_seconds_")
                    guard lines[1].split(separator: " ").last == lines[3].split(separator: " ").last else {
                        return false
                    }
                }
                return true
            }
            try await withThrowingTaskGroup { writers in
                for writer in 0..<8 {
                    writers.addTask {
                        for _ in 0..<20_000 {
                            counters[Colour(name: writer.isMultiple(of: 2) ? "red" : "blue")].add()
                            gauge.add(writer.isMultiple(of: 2) ? 1 : -0.5)
                            histogram.observe(0.25)
                        }
                    }
                }
                try await writers.waitForAll()
            }
            isOver.isSet = true
            for try await isTrue in group { #expect(isTrue) }
        }
        #expect(
            lines(registry, "cars_total") == ["cars_total{colour=\"blue\"} 80000", "cars_total{colour=\"red\"} 80000"]
        )
        #expect(gauge.value == 40_000)
        #expect(histogram.count == 160_000)
        #expect(lines(registry, "wait_seconds_sum") == ["wait_seconds_sum 40000"])
    }
}

/// Everything that a registry writes.
func text(of registry: MetricsRegistry) -> String { String(decoding: registry.exposition(), as: UTF8.self) }
