/// One thing that is wrong, or doubtful, in a configuration, and how it is mended.
package struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    package enum Severity: String, Sendable, Hashable, CaseIterable {
        /// The configuration is refused.
        case error
        /// The configuration is taken; `serve` logs the problem.
        case warning
    }

    package let severity: Severity
    /// The file as it was named: on the command line, or by the file that includes it.
    package let file: String
    /// From 1.
    package let line: Int
    /// From 1, in Unicode scalars.
    package let column: Int
    /// As `apps[0].rules[2].roles`; empty where the file itself is at fault.
    package let key: String
    package let message: String

    package init(severity: Severity, file: String, line: Int, column: Int, key: String, message: String) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.key = key
        self.message = message
    }

    /// `FILE:LINE:COLUMN: key.path: what and how to mend`
    package var description: String {
        let mark = severity == .warning ? "warning: " : ""
        return "\(file):\(line):\(column): \(key.isEmpty ? "" : "\(key): ")\(mark)\(message)"
    }
}

/// Everything that was found wrong at once, by file (in the order of reading), line and column; warnings too.
package struct ConfigurationProblems: Error, Sendable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    package init(problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// Where something stands.
struct SourcePosition: Hashable, Sendable {
    let file: String
    let line: Int
    let column: Int
}

/// Collects problems while a configuration is read or compared. Confined to one call.
final class ProblemLog {
    private var problems: [ConfigurationProblem] = []
    private(set) var hasErrors = false

    func refuse(_ key: String, at position: SourcePosition, _ message: String) {
        hasErrors = true
        add(.error, key, position, message)
    }

    func warn(_ key: String, at position: SourcePosition, _ message: String) {
        add(.warning, key, position, message)
    }

    private func add(
        _ severity: ConfigurationProblem.Severity,
        _ key: String,
        _ position: SourcePosition,
        _ message: String
    ) {
        let problem = ConfigurationProblem(
            severity: severity,
            file: position.file,
            line: position.line,
            column: position.column,
            key: key,
            message: message
        )
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// - Parameter files: in the order of reading.
    func sorted(by files: [String]) -> [ConfigurationProblem] {
        let order = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
        return problems.enumerated().sorted { left, right in
            func rank(_ entry: EnumeratedSequence<[ConfigurationProblem]>.Element) -> (Int, Int, Int, Int) {
                (order[entry.element.file] ?? files.count, entry.element.line, entry.element.column, entry.offset)
            }
            return rank(left) < rank(right)
        }
        .map(\.element)
    }
}

/// A value from the file as it stands in a message: in quotes, shortened, without anything that a terminal obeys.
func quoted(_ text: some StringProtocol) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(200) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .surrogate, .privateUse:
            shown += "\\u{\(String(scalar.value, radix: 16))}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return "\"\(shown)\(text.unicodeScalars.count > 200 ? "…" : "")\""
}

/// `"a", "b" or "c"`
func listed(_ names: [String], _ conjunction: String = "or") -> String {
    let names = names.map { quoted($0) }
    guard names.count > 1, let last = names.last else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " \(conjunction) " + last
}
