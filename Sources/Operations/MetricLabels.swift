/// One label of a series.
package struct MetricLabel: Hashable, Sendable {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with two underscores.
    package let name: String
    /// Any text; it is escaped, and cut after ``MetricLabels/valueLimit`` bytes, when it is written.
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What tells the series of one metric apart: a small value that is quick to hash, so that finding a series makes no
/// text. Values come from bounded sets (an enum's raw value, a name of the configuration), never from a visitor.
package protocol MetricLabels: Hashable, Sendable {
    var labels: [MetricLabel] { get }
}

/// Of a metric that is one number.
package struct NoLabels: MetricLabels {
    package init() {}

    package var labels: [MetricLabel] { [] }
}

/// Labels that are only known when the program runs.
package struct FreeLabels: MetricLabels {
    package let labels: [MetricLabel]

    package init(_ labels: [MetricLabel]) {
        self.labels = labels
    }
}

/// The names that Prometheus takes (https://prometheus.io/docs/concepts/data_model/).
enum MetricName {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, and at most 200 bytes.
    static func isValid(_ name: String) -> Bool {
        isWord(name, allowsColon: true)
    }

    /// Without a colon, not beginning with the two underscores that Prometheus keeps for itself, and neither of the two
    /// names that a histogram or a summary adds itself.
    static func isValidLabel(_ name: String) -> Bool {
        isWord(name, allowsColon: false) && !name.hasPrefix("__") && name != "le" && name != "quantile"
    }

    /// Of the name that another library gave its metric: every byte that is not allowed becomes an underscore.
    static func made(of name: String) -> String {
        let bytes = name.utf8.prefix(200).map { isWordByte($0) || $0 == 0x3A ? $0 : 0x5F }
        let isDigitFirst = bytes.first.map { (0x30...0x39).contains($0) } ?? true
        return (isDigitFirst ? "_" : "") + String(decoding: bytes, as: UTF8.self)
    }

    static func madeLabel(of name: String) -> String {
        let word = made(of: name).replacing(":", with: "_")
        return isValidLabel(word) ? word : "label_" + word
    }

    private static func isWord(_ name: String, allowsColon: Bool) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 200, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { isWordByte($0) || allowsColon && $0 == 0x3A }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }
}
