/// A value under a known key: it knows what is expected of it, where it stands and where to report.
struct Field {
    let node: SourceNode
    /// As `apps[0].rules[2].roles`
    let path: String
    let kind: ValueKind
    let problems: ProblemLog

    var position: SourcePosition { node.position }

    func refuse(_ message: String) {
        problems.refuse(path, at: position, message)
    }

    func warn(_ message: String) {
        problems.warn(path, at: position, message)
    }

    /// Text that is not empty.
    func text() -> String? {
        guard case .scalar(let text, _) = node.value, !node.isNull else { return mismatch("text") }
        guard !text.isEmpty else {
            refuse("the text is empty")
            return nil
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            refuse("the text contains a control character")
            return nil
        }
        return text
    }

    func flag() -> Bool? {
        node.flag ?? mismatch("true or false")
    }

    /// - Parameter beyond: what to say of a number that is too large, besides the range.
    func integer(beyond: String? = nil) -> Int? {
        guard case .integer(let range) = kind else { return mismatch("a whole number") }
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .scalar(let text, isPlain: true) = node.value, !text.isEmpty, text.utf8.count <= 9,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text)
        else { return mismatch(expected) }
        guard range.contains(number) else {
            refuse(number > range.upperBound ? beyond ?? "expected \(expected)" : "expected \(expected)")
            return nil
        }
        return number
    }

    func duration() -> Duration? {
        guard case .scalar(let text, _) = node.value, !node.isNull else {
            return mismatch("a duration such as 90s, 15m, 8h or 30d")
        }
        guard let duration = DurationText.parse(text) else {
            refuse("\(quoted(text)) is no duration; write one such as 90s, 15m, 8h or 30d")
            return nil
        }
        return duration
    }

    /// - Parameter otherwise: what to say of a duration outside `range`.
    func duration(in range: ClosedRange<Duration>, _ otherwise: String) -> Duration? {
        guard let duration = duration() else { return nil }
        guard range.contains(duration) else {
            refuse(otherwise)
            return nil
        }
        return duration
    }

    /// One of the words that the key knows.
    func choice() -> String? {
        guard case .choice(let words, let later) = kind else { return mismatch("one of its words") }
        guard case .scalar(let text, _) = node.value, !node.isNull else { return mismatch(listed(words)) }
        if words.contains(text) { return text }
        if later.contains(text) {
            refuse("\(quoted(text)) is not in this version; write \(listed(words))")
        } else {
            refuse("\(quoted(text)) is not known here; write \(listed(words))")
        }
        return nil
    }

    /// The elements of a list.
    func list() -> [Field]? {
        switch (kind, node.value) {
        case (.list(let element), .list(let nodes)), (.oneOrMore(let element), .list(let nodes)):
            return nodes.enumerated().map { index, node in
                Field(node: node, path: "\(path)[\(index)]", kind: element, problems: problems)
            }
        case (.oneOrMore(let element), _) where !node.isNull:
            return [Field(node: node, path: path, kind: element, problems: problems)]
        default:
            return mismatch("a list")
        }
    }

    /// The elements of a list that must have some. An empty list of demands would otherwise read as no demand.
    func filledList(_ whenEmpty: String = "the list is empty; name something, or leave the key out") -> [Field]? {
        guard let list = list() else { return nil }
        guard !list.isEmpty else {
            refuse(whenEmpty)
            return nil
        }
        return list
    }

    /// The texts of a list that has some; what is wrong is reported and left out.
    func texts() -> [(value: String, field: Field)] {
        (filledList() ?? []).compactMap { field in field.text().map { ($0, field) } }
    }

    /// The keys of a mapping, held against the table of its kind.
    func mapping() -> MappingReader? {
        switch kind {
        case .mapping(let table), .textOr(let table): MappingReader(self, table)
        case .secret: MappingReader(self, .secret)
        default: mismatch("a mapping")
        }
    }

    /// The entries of a mapping with free keys.
    func names() -> [(name: String, position: SourcePosition, value: Field)]? {
        guard case .names(let element) = kind, case .mapping(let entries) = node.value else {
            return mismatch("a mapping")
        }
        return entries.map { entry in
            let path = "\(path).\(Self.shown(entry.key))"
            return (entry.key, entry.position, Field(node: entry.value, path: path, kind: element, problems: problems))
        }
    }

    /// Reports that the value is of another type. Its content is not repeated: it could be a secret.
    func mismatch<Value>(_ expected: String) -> Value? {
        refuse("expected \(expected), found \(node.kindName)")
        return nil
    }
}

extension Field {
    /// A key that the administrator wrote as part of a path: in quotes unless nothing in it disturbs the line.
    static func shown(_ key: String) -> String {
        let isPlain =
            !key.isEmpty && key.utf8.count <= 64 && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
        return isPlain ? key : quoted(key)
    }

    /// `[a-z0-9._-]+`: names that go into headers, metrics and logs.
    func name() -> String? {
        guard let text = text() else { return nil }
        guard Self.isName(text) else {
            refuse(
                "\(quoted(text)) is no name; write small letters, digits, \".\", \"_\" and \"-\", at most 64 of them"
            )
            return nil
        }
        return text
    }

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    /// A path, taken from the folder of the file that names it.
    func filePath() -> String? {
        text().map { ConfigurationFile.resolve($0, relativeTo: position.file) }
    }
}
