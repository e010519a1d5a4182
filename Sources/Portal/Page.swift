internal import Mustache
internal import NIOCore

/// One page before it is rendered: a template and all values that it names. An optional value is there as `false`, so
/// that a template's section is never empty by a misspelt name alone (a test holds names against values).
struct Page {
    let template: PageTemplate
    /// Without the product's name.
    let title: String
    let messages: Messages
    var reference: String?
    /// Own origin of the style sheet and the icon, or empty for the page's own.
    var assetOrigin = ""
    let values: [String: Any]

    func render(productName: String, onMissing: ((String) -> Void)? = nil) -> ByteBuffer {
        var all = values
        all["title"] = title
        all["product"] = productName
        all["language"] = messages.tag
        all["direction"] = messages.direction
        all["stylesheet"] = assetOrigin + Assets.stylesheet.path
        all["icon"] = assetOrigin + Assets.icon.path
        all["reference"] = reference ?? false
        all = all.mapValues { HTMLText.escaped(value: $0) }
        // These escape themselves.
        all["t"] = MessageValues(messages: messages, onMissing: onMissing)
        let root = PageValues(values: all, onMissing: onMissing)
        guard let text = PageTemplate.library.render(root, withTemplate: template.rawValue) else {
            preconditionFailure("every template is registered")
        }
        return ByteBuffer(string: text)
    }
}

/// The root of what a template sees: a name that even this does not have is a mistake in the template.
private struct PageValues: MustacheParent {
    /// Escaped.
    let values: [String: Any]
    let onMissing: ((String) -> Void)?

    func child(named name: String) -> Any? {
        if let value = values[name] { return value }
        onMissing?(name)
        return nil
    }
}

/// `{{t.key}}`
private struct MessageValues: MustacheParent {
    let messages: Messages
    let onMissing: ((String) -> Void)?

    func child(named name: String) -> Any? {
        guard let key = MessageKey(rawValue: name) else {
            onMissing?("t." + name)
            return nil
        }
        return HTMLText.escaped(messages.text(key))
    }
}
