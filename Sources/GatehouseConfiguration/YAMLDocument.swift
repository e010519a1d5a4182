internal import Yams

/// One YAML file, read strictly into ``SourceNode``s: one document, plain keys, no key twice, no anchors, aliases, merge
/// keys or tags of other kinds.
enum YAMLDocument {
    /// What a person writes by hand is far below these.
    private static let depthLimit = 32
    private static let nodeLimit = 200_000

    /// - Returns: `nil` after a problem was logged.
    static func read(_ text: String, file: String, problems: ProblemLog) -> SourceNode? {
        if let position = firstAnchorOfBomb(in: text, file: file) {
            problems.refuse("", at: position, aliasMessage)
            return nil
        }
        do {
            // Without rules for plain scalars (.basic): what they mean is decided by the key that they stand under.
            let parser = try Parser(yaml: text, resolver: .basic, constructor: .default, encoding: .utf8)
            // Anchors are held by the parser alone; the conversion has to see them.
            return try withExtendedLifetime(parser) {
                guard let root = try parser.singleRoot() else {
                    problems.refuse("", at: SourcePosition(file: file, line: 1, column: 1), "the file is empty")
                    return nil
                }
                return convert(root, file: file, problems: problems)
            }
        } catch {
            report(error, in: text, file: file, problems: problems)
            return nil
        }
    }

    private static let aliasMessage =
        "anchors (\"&name\") and aliases (\"*name\") are not taken: write the value where it is used, so that a reader sees it"

    private static func convert(_ root: Node, file: String, problems: ProblemLog) -> SourceNode? {
        var nodes = 0
        var position = SourcePosition(file: file, line: 1, column: 1)

        func refuse(_ message: String) -> SourceNode? {
            problems.refuse("", at: position, message)
            return nil
        }

        func convert(_ node: Node, depth: Int) -> SourceNode? {
            if let mark = node.mark { position = SourcePosition(file: file, line: mark.line, column: mark.column) }
            let start = position
            nodes += 1
            guard nodes <= nodeLimit else { return refuse("the file has more than \(nodeLimit) values") }
            guard depth <= depthLimit else { return refuse("the file is nested more than \(depthLimit) levels deep") }
            guard node.anchor == nil else { return refuse(aliasMessage) }
            let tag = node.tag.description
            guard tag.isEmpty || tag == "!" || tag.hasPrefix("tag:yaml.org,2002:") else {
                return refuse("the tag \(quoted(tag)) is not taken: write the value without it")
            }
            switch node {
            case .scalar(let scalar):
                return SourceNode(position: start, value: .scalar(scalar.string, isPlain: scalar.style == .plain))
            case .sequence(let sequence):
                var list: [SourceNode] = []
                for element in sequence {
                    guard let element = convert(element, depth: depth + 1) else { return nil }
                    list.append(element)
                }
                return SourceNode(position: start, value: .list(list))
            case .mapping(let mapping):
                var entries: [SourceNode.Entry] = []
                for (key, value) in mapping {
                    guard let key = convert(key, depth: depth + 1) else { return nil }
                    guard case .scalar(let name, let isPlain) = key.value else {
                        position = key.position
                        return refuse("a key is plain text; this one is \(key.kindName)")
                    }
                    if isPlain, name == "<<" {
                        position = key.position
                        return refuse(
                            "merge keys (\"<<\") are not taken: write the keys out, so that a reader sees them"
                        )
                    }
                    guard let value = convert(value, depth: depth + 1) else { return nil }
                    entries.append(SourceNode.Entry(key: name, position: key.position, value: value))
                }
                return SourceNode(position: start, value: .mapping(entries))
            case .alias:
                return refuse(aliasMessage)
            }
        }
        return convert(root, depth: 0)
    }

    private static func report(_ error: any Error, in text: String, file: String, problems: ProblemLog) {
        func refuse(_ mark: Mark, key: String = "", _ message: String) {
            problems.refuse(key, at: SourcePosition(file: file, line: mark.line, column: mark.column), message)
        }
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let setting = context.map { " (\($0.text) at line \($0.mark.line), column \($0.mark.column))" } ?? ""
            refuse(mark, "this is no valid YAML: \(problem)\(setting)")
        case .reader(let problem, let offset, _, _):
            var line = 1
            var column = 1
            for character in text.prefix(offset ?? 0) {
                if character.isNewline {
                    (line, column) = (line + 1, 1)
                } else {
                    column += character.unicodeScalars.count
                }
            }
            problems.refuse(
                "",
                at: SourcePosition(file: file, line: line, column: column),
                "this is no valid YAML: \(problem)"
            )
        case .duplicatedKeysInMapping(let duplicates, let context):
            for key in duplicates {
                refuse(context.mark, key: key, "this key stands twice in one mapping; keep one of them")
            }
        default:
            problems.refuse("", at: SourcePosition(file: file, line: 1, column: 1), "this is no valid YAML")
        }
    }

    /// Aliases are refused after parsing, where they are seen for certain. The parser itself, though, hashes each key,
    /// and a key made of aliases of aliases has no end. So a text that could hold such a key is not parsed at all. The
    /// estimate is of letters, not of YAML, and only ever too large.
    private static func firstAnchorOfBomb(in text: String, file: String) -> SourcePosition? {
        var anchors = 0
        var aliases = 0
        var first: SourcePosition?
        var line = 1
        var column = 1
        var previous: UInt8 = 0x0A
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == 0x26 || byte == 0x2A, isTokenStart(after: previous), index + 1 < bytes.count,
                isNameByte(bytes[index + 1])
            {
                if byte == 0x26 { anchors += 1 } else { aliases += 1 }
                first = first ?? SourcePosition(file: file, line: line, column: column)
            }
            if byte == 0x0A { (line, column) = (line + 1, 1) } else if byte & 0xC0 != 0x80 { column += 1 }
            previous = byte
        }
        guard anchors > 2, aliases > anchors else { return nil }
        var size = 1
        for _ in 0..<anchors {
            size *= aliases / anchors + 1
            if size > 1_000_000 { return first }
        }
        return nil
    }

    private static func isTokenStart(after byte: UInt8) -> Bool {
        " \t\r\n[{,:?-".utf8.contains(byte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x80...: true
        default: false
        }
    }
}
