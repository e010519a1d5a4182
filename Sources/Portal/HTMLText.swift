/// Text for HTML, in content and in quoted attributes alike. By scalars: to swift-mustache, which goes by Characters, a
/// quote with an accent is another character than a quote, while to a browser it ends an attribute.
enum HTMLText {
    static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            case "'": result.append(contentsOf: "&#39;".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// A template's value with every text in it escaped, however deep it stands. Flags stay what they are; whatever else
    /// there is becomes text.
    static func escaped(value: Any) -> Any {
        switch value {
        case let text as String: escaped(text)
        case is Bool: value
        case let list as [Any]: list.map { escaped(value: $0) }
        case let members as [String: Any]: members.mapValues { escaped(value: $0) }
        default: escaped(String(describing: value))
        }
    }
}
