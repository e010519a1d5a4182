/// What keeps the gateway from being watched. What a visitor or a scraper sends never ends in one of these.
package struct OperationsError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// A metric or a label has a name that Prometheus does not take.
        case invalidName = "invalid_name"
        /// Two metrics of one name that are not the same metric.
        case conflictingMetric = "conflicting_metric"
        /// The address for `/healthz`, `/readyz` and `/metrics` could not be opened.
        case listen
    }

    package let code: Code
    /// One sentence for an administrator.
    package let message: String
    /// The system's own words, or nothing.
    package let cause: String

    package init(_ code: Code, _ message: String, cause: String = "") {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { cause.isEmpty ? message : "\(message): \(cause)" }
}
