internal import CUTF8Proc
internal import Glibc

/// A name that a person typed, in the one form in which names are compared and counted: trimmed, NFKC, case-folded, so
/// that `ALICE`, ` alice`, `ａｌｉｃｅ` and `alice` are one (docs/security-rules.md, rules 15 and 18).
package struct FoldedName: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The name as it was typed, trimmed and in NFKC, its case kept: what the directory is asked for.
    package let typed: String

    /// - Returns: `nil` unless the folded name has 1 to 128 characters, none of them a control or format character or one
    ///   that directories pass over when they compare (RFC 4518, section 2.2): else one entry had many names to count on.
    package init?(_ typed: String) {
        // A name of 128 characters has at most 128 * 4 code units of combining marks that anyone uses; the cap keeps
        // the normalisation of hostile input cheap.
        guard typed.utf8.count <= 4096, let composed = Self.map(typed, foldingCase: false),
            let folded = Self.map(composed, foldingCase: true)
        else { return nil }
        let name = Self.trim(folded)
        guard !name.isEmpty, name.count <= 128, name.unicodeScalars.count <= 256,
            name.unicodeScalars.allSatisfy(Self.isAllowed)
        else { return nil }
        self.description = name
        self.typed = Self.trim(composed)
    }

    package static func == (left: FoldedName, right: FoldedName) -> Bool {
        left.description == right.description
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(description)
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isDefaultIgnorableCodePoint { return false }
        switch scalar {
        // MONGOLIAN TODO SOFT HYPHEN and OBJECT REPLACEMENT CHARACTER, which RFC 4518 maps to nothing besides.
        case "\u{1806}", "\u{FFFC}": return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: return false
        default: return true
        }
    }

    private static func trim(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(scalars)
    }

    private static func map(_ text: String, foldingCase: Bool) -> String? {
        let bytes = Array(text.utf8)
        var mapped: UnsafeMutablePointer<utf8proc_uint8_t>?
        let options = foldingCase ? gatehouse_nfkc_casefold_options() : gatehouse_nfkc_options()
        let length = unsafe utf8proc_map(bytes, bytes.count, &mapped, options)
        guard let result = unsafe mapped else { return nil }
        defer { unsafe free(result) }
        guard length >= 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: result, count: length), as: UTF8.self)
    }
}
