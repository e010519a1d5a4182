/// Reads one mapping by its ``KeyTable``: an unknown key, a missing one and a feature that is not built yet are reported
/// when the reader is made; the values are read through ``subscript(_:)``.
struct MappingReader {
    let field: Field
    private let table: KeyTable
    private let fields: [String: Field]

    /// - Returns: `nil` when there is no mapping, which is reported.
    init?(_ field: Field, _ table: KeyTable) {
        guard case .mapping(let entries) = field.node.value else {
            Self.reportMismatch(field)
            return nil
        }
        self.field = field
        self.table = table
        var fields: [String: Field] = [:]
        var guesses: Set<String> = []
        for entry in entries {
            guard let key = table.key(entry.key) else {
                if let guess = Self.refuseUnknown(entry, in: field, table) { guesses.insert(guess) }
                continue
            }
            let value = Field(
                node: entry.value,
                path: Self.path(field.path, entry.key),
                kind: key.kind,
                problems: field.problems
            )
            if case .notYet(let accepted) = key.kind {
                Self.check(entry, value, accepted)
            } else {
                fields[entry.key] = value
            }
        }
        self.fields = fields
        for key in table.keys where key.presence == .required && fields[key.name] == nil && !guesses.contains(key.name)
        {
            field.problems.refuse(
                Self.path(field.path, key.name),
                at: field.position,
                "this key is missing; write \(key.example ?? key.name)"
            )
        }
    }

    /// Nothing in the mapping was refused as unknown.
    var knowsAllKeys: Bool {
        guard case .mapping(let entries) = field.node.value else { return false }
        return entries.allSatisfy { table.key($0.key) != nil }
    }

    /// The value under a key, or `nil` where the key is absent, or switched off and allowed to be.
    subscript(_ key: String) -> Field? {
        assert(table.key(key) != nil, "\(key) is not in the table \(table.name)")
        guard let field = fields[key] else { return nil }
        if case .unless(let off, let kind) = field.kind {
            return off.contains { $0.matches(field.node) }
                ? nil : Field(node: field.node, path: field.path, kind: kind, problems: field.problems)
        }
        return field
    }

    /// Reports what is wrong with a key that may be absent.
    func refuse(_ key: String, _ message: String) {
        field.problems.refuse(Self.path(field.path, key), at: self[key]?.position ?? field.position, message)
    }

    private static func path(_ parent: String, _ key: String) -> String {
        parent.isEmpty ? key : "\(parent).\(key)"
    }

    private static func reportMismatch(_ field: Field) {
        switch field.kind {
        case .secret:
            // Not a word of what stands there: most likely it is the secret.
            field.refuse("write { file: PATH } or { env: NAME }; a secret never stands in the configuration itself")
        case .textOr:
            field.refuse("expected text or a mapping, found \(field.node.kindName)")
        default:
            field.refuse("expected a mapping, found \(field.node.kindName)")
        }
    }

    private static func refuseUnknown(_ entry: SourceNode.Entry, in field: Field, _ table: KeyTable) -> String? {
        let known = table.keys.map(\.name)
        if case .secret = field.kind {
            let message =
                "write { file: PATH } or { env: NAME }, and nothing else; a secret never stands in the configuration itself"
            field.problems.refuse(field.path, at: entry.position, message)
            return nil
        }
        let guess = NearestName.find(entry.key, among: known)
        var message = "this key is not known"
        if let guess {
            message += "; did you mean \(quoted(guess))?"
        } else if field.path.isEmpty, table.name == KeyTable.included.name, KeyTable.main.key(entry.key) != nil {
            message = "an included file may bring \"apps\" and \"roles\" alone; write this in the main file"
        } else {
            message += " here; \(known.count == 1 ? "the one key is" : "the keys are") \(listed(known, "and"))"
        }
        field.problems.refuse(path(field.path, Field.shown(entry.key)), at: entry.position, message)
        return guess
    }

    private static func check(_ entry: SourceNode.Entry, _ value: Field, _ accepted: [OffValue]) {
        guard !accepted.contains(where: { $0.matches(entry.value) }) else { return }
        let ways = accepted.map(\.text)
        let hint =
            switch ways.count {
            case 0: "leave the key out"
            case 1: "write \(ways[0]), or leave the key out"
            default: "write \(ways.dropLast().joined(separator: ", ")) or \(ways[ways.count - 1]), or leave the key out"
            }
        value.problems.refuse(value.path, at: entry.position, "not in this version; \(hint)")
    }
}
