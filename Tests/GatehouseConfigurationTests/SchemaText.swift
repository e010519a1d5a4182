import GatehouseConfiguration

/// The JSON Schema (draft 2020-12) of the decoder's tables, for completion in editors.
enum SchemaText {
    indirect enum JSON {
        case text(String)
        case number(Int)
        case flag(Bool)
        case null
        case list([JSON])
        case object([(String, JSON)])
    }

    static var text: String {
        let definitions = Reference.tables.filter { !$0.name.isEmpty }.map { (definition($0), object($0)) }
        var root: [(String, JSON)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("title", .text("Gatehouse configuration")),
        ]
        guard case .object(let main) = object(.main) else { return "" }
        root += main + [("$defs", .object(definitions))]
        return render(.object(root), indent: "") + "\n"
    }

    private static func definition(_ table: KeyTable) -> String {
        table.name.replacing("[]", with: "").replacing(" ", with: "_").replacing(".", with: "_")
    }

    private static func object(_ table: KeyTable) -> JSON {
        var members: [(String, JSON)] = [
            ("description", .text(plain(table.summary))), ("type", .text("object")),
            ("additionalProperties", .flag(false)),
        ]
        let required = table.keys.filter { $0.presence == .required }.map { JSON.text($0.name) }
        if !required.isEmpty { members.append(("required", .list(required))) }
        if table.name == KeyTable.secret.name {
            members += [("minProperties", .number(1)), ("maxProperties", .number(1))]
        }
        members.append(("properties", .object(table.keys.map { ($0.name, property($0)) })))
        return .object(members)
    }

    private static func property(_ key: ConfigurationKey) -> JSON {
        var summary = plain(key.summary)
        if case .notYet = key.kind { summary = "Not in this version. " + summary }
        if case .optional(let fallback?) = key.presence { summary += " Default: \(plain(fallback))." }
        return .object([("description", .text(summary))] + schema(key.kind))
    }

    private static func schema(_ kind: ValueKind) -> [(String, JSON)] {
        switch kind {
        case .text, .path: [("type", .text("string")), ("minLength", .number(1))]
        case .flag: [("type", .text("boolean"))]
        case .integer(let range):
            [
                ("type", .text("integer")), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)),
            ]
        case .duration: [("type", .text("string")), ("pattern", .text("^[0-9]{1,9}[smhd]$"))]
        case .rate: [("type", .text("string")), ("pattern", .text("^[0-9]{1,4}/[0-9]{1,9}[smhd]$"))]
        case .choice(let words, _): [("enum", .list(words.map(JSON.text)))]
        case .secret: [("$ref", .text("#/$defs/\(definition(.secret))"))]
        case .mapping(let table): [("$ref", .text("#/$defs/\(definition(table))"))]
        case .names(let element): [("type", .text("object")), ("additionalProperties", .object(schema(element)))]
        case .list(let element): [("type", .text("array")), ("items", .object(schema(element)))]
        case .oneOrMore(let element): either([schema(.list(element)), schema(element)])
        case .textOr(let table): either([schema(.text), schema(.mapping(table))])
        case .unless(let off, let element): either([schema(element), [("enum", .list(off.map(value)))]])
        case .notYet(let accepted): accepted.isEmpty ? [("not", .object([]))] : [("enum", .list(accepted.map(value)))]
        }
    }

    private static func either(_ schemas: [[(String, JSON)]]) -> [(String, JSON)] {
        [("anyOf", .list(schemas.map(JSON.object)))]
    }

    private static func value(_ off: OffValue) -> JSON {
        switch off {
        case .null: .null
        case .no: .flag(false)
        case .emptyList: .list([])
        case .disabled: .object([("enabled", .flag(false))])
        }
    }

    private static func plain(_ text: String) -> String {
        text.replacing("`", with: "")
    }

    private static func render(_ json: JSON, indent: String) -> String {
        switch json {
        case .text(let text): "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .null: "null"
        case .list(let list): "[" + list.map { render($0, indent: indent) }.joined(separator: ", ") + "]"
        case .object(let members) where members.isEmpty: "{}"
        case .object(let members):
            "{\n"
                + members.map { "\(indent)  \"\($0.0)\": \(render($0.1, indent: indent + "  "))" }.joined(
                    separator: ",\n"
                )
                + "\n\(indent)}"
        }
    }
}
