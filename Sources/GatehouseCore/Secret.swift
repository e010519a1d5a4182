/// Bytes that must never be printed: passwords, keys, tokens.
///
/// Whatever prints, interpolates, dumps or mirrors a `Secret` sees `<redacted>` (docs/security-rules.md, rule 24). The bytes are
/// reached through ``withBytes(_:)`` alone, so that a reader can find each place that uses them.
package struct Secret: Sendable, Equatable {
    private let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(utf8 text: String) {
        self.bytes = Array(text.utf8)
    }

    package var count: Int { bytes.count }
    package var isEmpty: Bool { bytes.isEmpty }

    package func withBytes<Result, Failure: Error>(_ body: ([UInt8]) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        try body(bytes)
    }
}

extension Secret {
    /// In a time that depends on the lengths alone. For telling whether a configuration changed; never to judge a login.
    package static func == (left: Secret, right: Secret) -> Bool {
        guard left.bytes.count == right.bytes.count else { return false }
        return zip(left.bytes, right.bytes).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
