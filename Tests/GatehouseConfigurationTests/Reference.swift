import GatehouseConfiguration

/// What docs/configuration.md and schema/gatehouse.schema.json have to say, from the tables that the decoder reads by.
enum Reference {
    /// Every table once, in the order in which a reader meets them.
    static let tables: [KeyTable] = {
        var tables: [KeyTable] = []
        func visit(_ table: KeyTable) {
            guard !tables.contains(where: { $0.name == table.name }) else { return }
            tables.append(table)
            for key in table.keys { nested(key.kind).map(visit) }
        }
        visit(.main)
        visit(.included)
        return tables
    }()

    /// The mapping somewhere in a value.
    static func nested(_ kind: ValueKind) -> KeyTable? {
        switch kind {
        case .mapping(let table), .textOr(let table): table
        case .secret: .secret
        case .list(let element), .oneOrMore(let element), .unless(_, let element), .names(let element): nested(element)
        case .text, .path, .flag, .integer, .duration, .rate, .choice, .notYet: nil
        }
    }

    /// The tables of docs/configuration.md, between its two markers.
    static var pages: String {
        tables.map(page).joined(separator: "\n")
    }

    private static func page(_ table: KeyTable) -> String {
        let title =
            switch table.name {
            case "": "The main file"
            case KeyTable.included.name: "An included file"
            case KeyTable.secret.name: "Secrets"
            default: "`\(table.name)`"
            }
        var lines = ["### \(title)", "", table.summary, "", "| key | value | default | |", "|---|---|---|---|"]
        for key in table.keys {
            let fallback =
                switch key.presence {
                case .required: "**required**"
                case .optional(let text): text ?? ""
                }
            let isLater = if case .notYet = key.kind { true } else { false }
            let summary = isLater ? "*Not in this version.* \(key.summary)" : key.summary
            lines.append(
                "| `\(key.name)` | \(words(key.kind)) | \(fallback) | \(summary.replacing("|", with: "\\|")) |"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func words(_ kind: ValueKind) -> String {
        switch kind {
        case .text: "text"
        case .path: "path"
        case .flag: "`true`, `false`"
        case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .duration: "duration"
        case .rate: "rate, as `5/5m`"
        case .choice(let words, let later):
            words.map { "`\($0)`" }.joined(separator: ", ")
                + (later.isEmpty ? "" : "; later \(later.map { "`\($0)`" }.joined(separator: ", "))")
        case .secret: "[secret](#secrets)"
        case .mapping(let table): "mapping `\(table.name)`"
        case .names(let element): "name → \(words(element))"
        case .list(let element): "list of: \(words(element))"
        case .oneOrMore(let element): "\(words(element)), or a list of them"
        case .textOr(let table): "text or mapping `\(table.name)`"
        case .unless(let off, let element):
            "\(words(element)), or \(off.map { "`\($0.text)`" }.joined(separator: ", "))"
        case .notYet(let accepted): accepted.isEmpty ? "" : accepted.map { "`\($0.text)`" }.joined(separator: ", ")
        }
    }
}
