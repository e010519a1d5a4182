/// Writes metrics in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
package struct Exposition {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// Bytes of a label's value, beyond which it is cut: a value is a name, not a story.
    static let valueLimit = 256

    package private(set) var bytes: [UInt8] = []

    package init() {
        bytes.reserveCapacity(16 * 1024)
    }

    /// The two lines before a metric's samples.
    /// - Parameter help: as ``help(_:)`` makes it.
    mutating func begin(_ name: String, _ help: String, _ kind: MetricKind) {
        text("# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind.rawValue, "\n")
    }

    /// Help text, on one line.
    static func help(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars { append(scalar, to: &result) }
        return result
    }

    /// - Parameter labels: as ``labels(_:)`` makes them.
    mutating func sample(_ name: String, _ labels: String, _ value: String) {
        text(name)
        if !labels.isEmpty { text("{", labels, "}") }
        text(" ", value, "\n")
    }

    /// A histogram's bucket: its labels and the bound that its values do not exceed.
    mutating func bucket(_ name: String, _ labels: String, upTo bound: String, _ count: UInt64) {
        text(name, "_bucket{", labels)
        text(labels.isEmpty ? "le=\"" : ",le=\"", bound, "\"} ", String(count), "\n")
    }

    /// A number as Go's `ParseFloat` reads it, whole ones without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value.magnitude < 1e15, value == value.rounded() { return String(Int64(value)) }
        return value.description
    }

    /// `name="value",…`.
    static func labels(_ labels: [MetricLabel]) -> String {
        var result = ""
        for label in labels {
            result += result.isEmpty ? "" : ","
            result += label.name
            result += "=\""
            var left = valueLimit
            for scalar in label.value.unicodeScalars {
                left -= scalar.utf8.count
                guard left >= 0 else { break }
                if scalar == "\"" { result += "\\\"" } else { append(scalar, to: &result) }
            }
            result += "\""
        }
        return result
    }

    /// Back-slashes and line feeds are escaped as the format says. Other controls have no escape and would do harm in a
    /// terminal; U+FFFD stands in their place. Scalar by scalar: as a `Character`, CR LF is no line feed.
    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar {
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": text += "\u{FFFD}"
        default: text.unicodeScalars.append(scalar)
        }
    }

    private mutating func text(_ parts: String...) {
        for part in parts { bytes.append(contentsOf: part.utf8) }
    }
}
