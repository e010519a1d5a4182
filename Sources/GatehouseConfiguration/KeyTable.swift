/// The keys of one mapping of the configuration: what the decoder accepts, what the JSON Schema allows and what
/// docs/configuration.md explains are this one list (tests hold the two files against it).
package struct KeyTable: Sendable {
    /// Where the mapping stands, as `apps[].rules[]`.
    package let name: String
    package let summary: String
    package let keys: [ConfigurationKey]

    init(_ name: String, _ summary: String, _ keys: [ConfigurationKey]) {
        self.name = name
        self.summary = summary
        self.keys = keys
    }

    package func key(_ name: String) -> ConfigurationKey? {
        keys.first { $0.name == name }
    }
}

/// One key with its documentation.
package struct ConfigurationKey: Sendable {
    package enum Presence: Sendable, Equatable {
        case required
        /// With the default in the words of the documentation.
        case optional(String?)
    }

    package let name: String
    package let kind: ValueKind
    package let presence: Presence
    /// How a required key may look.
    package let example: String?
    package let summary: String

    static func required(
        _ name: String,
        _ kind: ValueKind,
        example: String,
        _ summary: String
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, kind: kind, presence: .required, example: "\(name): \(example)", summary: summary)
    }

    static func optional(
        _ name: String,
        _ kind: ValueKind,
        default: String? = nil,
        _ summary: String
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, kind: kind, presence: .optional(`default`), example: nil, summary: summary)
    }

    /// A key of the contract that is not built yet.
    static func notYet(_ name: String, accepting off: [OffValue], _ summary: String) -> ConfigurationKey {
        ConfigurationKey(
            name: name,
            kind: .notYet(accepting: off),
            presence: .optional(nil),
            example: nil,
            summary: summary
        )
    }
}

/// What may stand under a key.
package indirect enum ValueKind: Sendable {
    case text
    /// A path; relative ones are taken from the folder of the file that names them.
    case path
    case flag
    case integer(ClosedRange<Int>)
    /// `90s`, `15m`, `8h`, `30d`
    case duration
    /// One of these words; `later` are words of the contract that are not built yet.
    case choice([String], later: [String])
    /// `{ file: PATH }` or `{ env: NAME }`, never the secret itself.
    case secret
    case mapping(KeyTable)
    /// A mapping whose keys the administrator chooses.
    case names(ValueKind)
    case list(ValueKind)
    /// A list, or one element of it by itself.
    case oneOrMore(ValueKind)
    /// Text, or a mapping that says more.
    case textOr(KeyTable)
    /// `5/5m`: so many in such a time.
    case rate
    /// One of the values that switch the feature off, or what it takes.
    case unless([OffValue], ValueKind)
    /// Nothing but a value that switches the feature off.
    case notYet(accepting: [OffValue])
}

/// How a feature may be switched off in so many words.
package enum OffValue: Sendable, Hashable, CaseIterable {
    case null
    case no
    case emptyList
    /// `{ enabled: false }`
    case disabled

    package var text: String {
        switch self {
        case .null: "null"
        case .no: "false"
        case .emptyList: "[]"
        case .disabled: "{ enabled: false }"
        }
    }

    func matches(_ node: SourceNode) -> Bool {
        switch (self, node.value) {
        case (.null, _): node.isNull
        case (.no, _): node.flag == false
        case (.emptyList, .list(let list)): list.isEmpty
        case (.disabled, .mapping(let entries)):
            entries.count == 1 && entries[0].key == "enabled" && entries[0].value.flag == false
        default: false
        }
    }
}
