internal import Synchronization

/// What a registry writes: a metric with its samples.
protocol ExposedMetric: AnyObject, Sendable {
    var name: String { get }
    /// As ``Exposition/help(_:)`` makes it.
    var help: String { get }
    var kind: MetricKind { get }

    func write(into exposition: inout Exposition)
}

/// All series of one metric. A series is made at its first use; keep what the subscript returns where it is used often.
package final class MetricFamily<Key: MetricLabels, Instrument: MetricInstrument>: ExposedMetric {
    private struct Storage {
        var byKey: [Key: Instrument] = [:]
        /// By the text of their labels: two keys of one text are one series, and the text is made once.
        var byText: [String: Instrument] = [:]
    }

    let name: String
    let help: String
    let kind = Instrument.kind
    /// How many combinations of labels get a series of their own.
    private let limit: Int
    private let folded: MetricCounter
    private let make: @Sendable () -> Instrument
    private let storage = Mutex(Storage())

    /// - Parameter folded: counts what found no room.
    init(
        _ name: String,
        _ help: String,
        limit: Int,
        folded: MetricCounter,
        make: @escaping @Sendable () -> Instrument
    ) {
        self.name = name
        self.help = Exposition.help(help)
        self.limit = limit
        self.folded = folded
        self.make = make
    }

    /// The series of these labels. Beyond the limit of combinations it is one that all the rest share, in which every
    /// label has the value `other`.
    package subscript(key: Key) -> Instrument {
        storage.withLock { storage in
            if let known = storage.byKey[key] { return known }
            let text = Exposition.labels(key.labels)
            if storage.byText[text] == nil, storage.byText.count >= limit {
                folded.add()
                let rest = Exposition.labels(key.labels.map { MetricLabel($0.name, "other") })
                return series(rest, &storage)
            }
            let series = series(text, &storage)
            // Of keys whose texts are cut or cleaned to the same there may be more than series.
            if storage.byKey.count < limit { storage.byKey[key] = series }
            return series
        }
    }

    /// Forgets series: of an upstream that a new configuration does not have any more.
    package func remove(where isGone: (Key) -> Bool) {
        storage.withLock { storage in
            for key in storage.byKey.keys.filter(isGone) {
                storage.byKey[key] = nil
                storage.byText[Exposition.labels(key.labels)] = nil
            }
        }
    }

    func write(into exposition: inout Exposition) {
        let all = storage.withLock { $0.byText }
        for (labels, series) in all.sorted(by: { $0.key < $1.key }) {
            series.write(name, labels: labels, into: &exposition)
        }
    }

    private func series(_ text: String, _ storage: inout Storage) -> Instrument {
        if let known = storage.byText[text] { return known }
        let series = make()
        storage.byText[text] = series
        return series
    }
}

/// A metric that is read when somebody asks: a number of the system's.
final class MetricReading: ExposedMetric {
    let name: String
    let help: String
    let kind: MetricKind
    private let read: @Sendable () -> Double?

    init(_ name: String, _ help: String, kind: MetricKind, read: @escaping @Sendable () -> Double?) {
        self.name = name
        self.help = Exposition.help(help)
        self.kind = kind
        self.read = read
    }

    func write(into exposition: inout Exposition) {
        if let value = read() { exposition.sample(name, "", Exposition.number(value)) }
    }
}
