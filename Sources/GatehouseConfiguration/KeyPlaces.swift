/// Where the keys of the main file stand, by their path as `server.listen`; lists are not entered.
struct KeyPlaces: Sendable {
    private var positions: [String: SourcePosition] = [:]
    private let root: SourcePosition

    init(_ root: SourceNode) {
        self.root = root.position
        add(root, below: "")
    }

    /// The place of the key, else of what it would stand in.
    subscript(_ key: String) -> SourcePosition {
        if let position = positions[key] { return position }
        guard let dot = key.lastIndex(of: ".") else { return root }
        return self[String(key[..<dot])]
    }

    func has(_ key: String) -> Bool {
        positions[key] != nil
    }

    private mutating func add(_ node: SourceNode, below path: String) {
        guard case .mapping(let entries) = node.value else { return }
        for entry in entries {
            let key = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            positions[key] = entry.value.position
            add(entry.value, below: key)
        }
    }
}
