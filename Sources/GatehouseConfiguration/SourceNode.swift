/// A YAML value with the place where it stands: what decoding works on, so that the parser's own types end in
/// ``YAMLDocument``.
struct SourceNode: Sendable {
    enum Value: Sendable {
        /// - Parameter isPlain: without quotes, so that `null`, `true` and `5` mean more than their letters.
        case scalar(String, isPlain: Bool)
        case list([SourceNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        let key: String
        let position: SourcePosition
        let value: SourceNode
    }

    let position: SourcePosition
    let value: Value

    /// `null`, `~` or nothing at all.
    var isNull: Bool {
        if case .scalar(let text, isPlain: true) = value {
            ["", "~", "null", "Null", "NULL"].contains(text)
        } else {
            false
        }
    }

    /// `true` or `false` without quotes (the YAML 1.2 core schema; `yes` and `on` are text).
    var flag: Bool? {
        guard case .scalar(let text, isPlain: true) = value else { return nil }
        return switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// What this is, for a message. Never the value: it could be a secret that landed on the wrong key.
    var kindName: String {
        switch value {
        case .scalar(_, let isPlain):
            if isNull { "nothing" } else if isPlain, flag != nil { "true or false" } else { "text" }
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}
