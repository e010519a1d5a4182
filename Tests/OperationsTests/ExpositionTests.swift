import CoreMetrics
import Testing

@testable import Operations

@Suite("The text that Prometheus reads")
struct ExpositionTests {
    private static let hostile = [
        "\"} 1\nevil_total 9", "back\\slash", "\\", "\"", "line\nfeed\r\nand more", "nul\u{0}", "tab\t", "\u{1B}[31m",
        "umlaut ü, 日本語, 🚪", "\u{2028}", String(repeating: "ü", count: 5_000), "", "{", "=,", "# HELP",
        "e\u{301}", "\u{7F}\u{85}",
    ]

    @Test("no label value leaves its quotes, whatever is in it", arguments: hostile.indices)
    func hostileValue(place: Int) throws {
        let value = Self.hostile[place]
        let registry = MetricsRegistry()
        let family = try registry.counters("visits_total", "Visits.", by: FreeLabels.self)
        family[FreeLabels([MetricLabel("place", value)])].add(7)
        let text = text(of: registry)
        let samples = text.split(separator: "\n", omittingEmptySubsequences: false).filter {
            $0.hasPrefix("visits_total")
        }
        #expect(samples.count == 1)
        #expect(samples.first?.hasSuffix("\"} 7") == true)
        #expect(!registry.exposition().split(separator: 0x0A).contains { $0.starts(with: "evil".utf8) })
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        #expect((samples.first?.utf8.count ?? 0) < 600)
        let verdict = try Promtool.check(metrics: Array(text.utf8))
        #expect(verdict.status == 0, "\(verdict.words)")
    }

    @Test("escapes are those of the format, so that a reader gets the value back")
    func escapes() {
        #expect(Exposition.labels([MetricLabel("a", "x\"y\\z\n")]) == #"a="x\"y\\z\n""#)
        #expect(Exposition.labels([MetricLabel("a", "1"), MetricLabel("b", "2")]) == #"a="1",b="2""#)
        #expect(Exposition.labels([]) == "")
    }

    @Test("help text stays on its line")
    func help() throws {
        let registry = MetricsRegistry()
        _ = try registry.counter("steps_total", "one\ntwo \\ three\r\nfour\u{1B}")
        #expect(
            text(of: registry).contains(
                "# HELP steps_total one\\ntwo \\\\ three\u{FFFD}\\nfour\u{FFFD}\n# TYPE"
            )
        )
        // Of a library's metric the help is what the library calls it.
        Counter(label: "a\r\nevil_total 9", factory: registry).increment()
        #expect(!registry.exposition().split(separator: 0x0A).contains { $0.starts(with: "evil".utf8) })
    }

    @Test(
        "numbers are written as Prometheus reads them",
        arguments: [
            (0, "0"), (-3, "-3"), (0.0005, "0.0005"), (1e-9, "1e-09"), (2.5, "2.5"), (1e300, "1e+300"),
            (123_456_789_012, "123456789012"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (-0.0, "0"),
        ]
    )
    func numbers(value: Double, text: String) {
        #expect(Exposition.number(value) == text)
    }

    @Test("metrics of other libraries come out under names that Prometheus takes")
    func bridged() throws {
        let registry = MetricsRegistry()
        let counter = Counter(
            label: "redis.commands sent",
            dimensions: [("le", "GET"), ("le", "SET")],
            factory: registry
        )
        counter.increment(by: 3)
        Counter(label: "redis.commands sent", dimensions: [("le", "SET")], factory: registry).increment()
        Timer(label: "redis-round.trip", factory: registry).recordMilliseconds(40)
        Meter(label: "pool/size", dimensions: [("pool", "a\nb")], factory: registry).set(12)
        Recorder(label: "sizes", factory: registry).record(150)
        Gauge(label: "9level", factory: registry).record(-2)
        FloatingPointCounter(label: "litres", factory: registry).increment(by: 2.75)
        let text = text(of: registry)
        #expect(text.contains("\nredis_commands_sent_total{label_le=\"SET\"} 4\n"))
        #expect(text.contains("\nredis_round_trip_seconds_bucket{le=\"0.05\"} 1\n"))
        #expect(text.contains("\nredis_round_trip_seconds_sum 0.04\n"))
        #expect(text.contains("\npool_size{pool=\"a\\nb\"} 12\n"))
        #expect(text.contains("\nsizes_bucket{le=\"1000\"} 1\n"))
        #expect(text.contains("\n_9level -2\n"))
        #expect(text.contains("\nlitres_total 2\n"))
        #expect(try Promtool.check(metrics: Array(text.utf8)).status != 1)
    }

    @Test("a library that takes a name which means something else does no harm")
    func bridgedConflict() throws {
        let registry = MetricsRegistry()
        let own = try registry.counter("steps_total", "Steps.")
        let stranger = Gauge(label: "steps_total", factory: registry)
        stranger.record(99)
        let namesake = Counter(label: "steps", factory: registry)
        namesake.increment(by: 99)
        own.add()
        #expect(text(of: registry).contains("\nsteps_total 1\n"))
        #expect(!text(of: registry).contains("99"))
    }

    @Test("libraries cannot fill the memory with metrics or series")
    func bounded() throws {
        let registry = MetricsRegistry(seriesLimit: 10)
        for number in 0..<2 * MetricsRegistry.metricLimit {
            Counter(label: "name\(number)", factory: registry).increment()
            Counter(label: "one", dimensions: [("n", "\(number)")], factory: registry).increment()
        }
        #expect(registry.names.count == MetricsRegistry.metricLimit)
        #expect(text(of: registry).split(separator: "\n").count { $0.hasPrefix("one_total") } == 11)
    }
}
