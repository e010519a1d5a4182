/// What a directory is asked for.
package struct LDAPSearch: Sendable {
    package enum Scope: Sendable {
        case base
        case oneLevel
        case subtree
    }

    package var base: String
    package var scope: Scope
    /// RFC 4515. Whatever came from outside is in it by ``LDAPFilter/escape(_:)`` alone.
    package var filter: String
    /// Names to return; operational attributes must be named. Empty asks for none (`1.1`).
    package var attributes: [String]
    /// More entries than this are an ``LDAPError/Code/sizeLimitExceeded``, never a shorter list. 1 or more.
    package var sizeLimit: Int

    package init(base: String, scope: Scope, filter: String, attributes: [String] = [], sizeLimit: Int) {
        self.base = base
        self.scope = scope
        self.filter = filter
        self.attributes = attributes
        self.sizeLimit = sizeLimit
    }
}

package struct LDAPEntry: Sendable, Equatable {
    /// As the server spells it: to be sent back as it is, to be compared as a `DistinguishedName`.
    package let dn: String
    /// Values by attribute description in lower case, options included.
    package let attributes: [String: [[UInt8]]]

    package init(dn: String, attributes: [String: [[UInt8]]]) {
        self.dn = dn
        self.attributes = attributes
    }

    /// The values that are valid UTF-8; others are not text and are left out.
    package func texts(_ attribute: String) -> [String] {
        (attributes[attribute.lowercased()] ?? []).compactMap { String(validating: $0, as: UTF8.self) }
    }

    package func text(_ attribute: String) -> String? {
        texts(attribute).first
    }
}

/// A search that the server finished with success.
package struct LDAPSearchResult: Sendable, Equatable {
    package let entries: [LDAPEntry]
    /// URLs of search result references (RFC 4511, section 4.5.3). A fact for the caller; they are never followed.
    package let references: [String]

    package init(entries: [LDAPEntry], references: [String]) {
        self.entries = entries
        self.references = references
    }
}
