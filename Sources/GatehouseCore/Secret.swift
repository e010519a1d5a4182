/// Bytes that must never be printed: passwords, keys, tokens.
///
/// Whatever prints, interpolates, dumps or mirrors a `Secret` sees `<redacted>` (docs/security-rules.md, rule 24). The bytes are
/// reached through ``withBytes(_:)`` alone, so that a reader can find each place that uses them.
package struct Secret: Sendable {
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

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
