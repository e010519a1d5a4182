internal import GatehouseCore
internal import HTTPWire
internal import NIOCore
internal import Sessions

/// The gateway's cookie names as bytes, ready for comparison. Every exchange holds them: a class, so that to do so is one
/// reference.
final class CookieMatcher: Sendable {
    let names: CookieNames
    private let session: [UInt8]
    private let returning: [UInt8]
    private let all: [[UInt8]]

    init(_ names: CookieNames) {
        self.names = names
        session = Array(names.session.utf8)
        returning = Array(names.returning.utf8)
        // The names of the other scheme as well: a cookie from before a change of `public_url` is still ours.
        all = (CookieNames(portal: .https).all + CookieNames(portal: .http).all + ["__Secure-gatehouse"])
            .map { Array($0.utf8) }
    }

    enum SessionCookie {
        case none
        case token(SessionToken)
        /// Present, but no token: plainly no session.
        case malformed
        /// More than one is no session, and the answer deletes them (docs/security-rules.md, rule 4).
        case several
    }

    func session(in head: RequestHead) -> SessionCookie {
        switch value(named: session, in: head) {
        case .absent: .none
        case .several: .several
        case .once(let value): SessionToken(value).map { .token($0) } ?? .malformed
        }
    }

    func returnSecret(in head: RequestHead) -> SessionToken? {
        guard case .once(let value) = value(named: returning, in: head) else { return nil }
        return SessionToken(value)
    }

    /// Writes a Cookie field with all of the client's cookies but ours; nothing where none is left.
    func writeForeign(_ field: FieldSlice, _ bytes: Span<UInt8>, into buffer: inout ByteBuffer) {
        var isFirst = true
        FieldText.forEachMember(bytes, field.value, separator: 0x3B) { pair in
            guard !isOurs(bytes, pair) else { return }
            buffer.writeStaticString(isFirst ? "Cookie: " : "; ")
            isFirst = false
            buffer.write(bytes, pair)
        }
        if !isFirst { buffer.writeStaticString("\r\n") }
    }

    /// Whether a `name=value` pair, or a Set-Cookie value, names one of our cookies. Names are compared without regard
    /// to case here, so that no application's idea of sameness matters.
    func isOurs(_ bytes: Span<UInt8>, _ pair: Range<Int>) -> Bool {
        // "=name=value" has no name for us, and is sent back as "name=value" by browsers (RFC 6265bis, section 5.6).
        var start = pair.lowerBound
        while start < pair.upperBound, bytes[start] == 0x3D || bytes[start] == 0x20 || bytes[start] == 0x09 {
            start += 1
        }
        var end = start
        while end < pair.upperBound, bytes[end] != 0x3D, bytes[end] != 0x3B { end += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        let count = end - start
        for name in all where name.count == count {
            var isEqual = true
            for index in 0..<count {
                let byte = bytes[start + index]
                let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
                let wanted = (0x41...0x5A).contains(name[index]) ? name[index] | 0x20 : name[index]
                if lower != wanted {
                    isEqual = false
                    break
                }
            }
            if isEqual { return true }
        }
        return false
    }

    private enum Value {
        case absent
        case once([UInt8])
        case several
    }

    private func value(named name: [UInt8], in head: RequestHead) -> Value {
        var found = Value.absent
        let bytes = head.bytes.readableBytesUInt8Span
        for field in head.fields where field.kind == .cookie {
            FieldText.forEachMember(bytes, field.value, separator: 0x3B) { pair in
                guard pair.count > name.count, bytes[pair.lowerBound + name.count] == 0x3D else { return }
                for index in 0..<name.count where bytes[pair.lowerBound + index] != name[index] { return }
                if case .absent = found {
                    let value = pair.lowerBound + name.count + 1..<pair.upperBound
                    // A token has 43 characters; of anything longer a look at the length is enough.
                    found = .once(value.prefix(SessionToken.textCount + 1).map { bytes[$0] })
                } else {
                    found = .several
                }
            }
        }
        return found
    }
}
