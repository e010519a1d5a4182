internal import Glibc

/// The system's generator, asked for many bytes at a time: each question is a call to the kernel. For what has to be
/// unpredictable but is no secret; a secret never lies in its store.
package struct BufferedRandomNumberGenerator: RandomNumberGenerator {
    /// getentropy(3) gives at most 256 bytes at once.
    private var words: InlineArray<32, UInt64> = .init(repeating: 0)
    private var used = 32

    package init() {}

    package mutating func next() -> UInt64 {
        if used == 32 {
            var span = words.mutableSpan
            let status = unsafe span.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress!, $0.count) }
            precondition(status == 0, "the system gives no random bytes")
            used = 0
        }
        defer { used += 1 }
        return words[used]
    }
}

/// Where random bytes come from: the system's generator (`getrandom`), which SystemRandomNumberGenerator reads on Linux.
package enum RandomBytes {
    package static func make(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

/// 256 random bits that stand for a session on one host (or a ticket, or a sign-in cookie). Written as 43 characters of
/// base64url (RFC 4648, section 5) without padding; any other spelling is no token (docs/security-rules.md, rules 6 and 20).
package struct SessionToken: Sendable, Hashable {
    package static let byteCount = 32
    package static let textCount = 43

    package let bytes: [UInt8]

    package static func random() -> SessionToken {
        SessionToken(bytes: RandomBytes.make(byteCount))
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// - Returns: `nil` unless the text is exactly the form that ``text`` writes.
    package init?(_ text: some Collection<UInt8>) {
        // Not generic from here on: a request with a session comes this way.
        let text = Array(text)
        guard text.count == Self.textCount, let bytes = Base64URL.decode(text), bytes.count == Self.byteCount else {
            return nil
        }
        self.bytes = bytes
    }

    /// The secret itself, for a cookie or a ticket: never for a log.
    package var text: String { Base64URL.encode(bytes) }
}

extension SessionToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// SHA-256 of a token: all that a store ever sees of it. `Sessions` computes it. Four words instead of an array, so that a
/// look-up allocates nothing.
package struct TokenDigest: Hashable, Sendable {
    private let words: InlineArray<4, UInt64>

    package init(bytes: [UInt8]) {
        precondition(bytes.count == 32, "a SHA-256 digest has 32 bytes")
        words = InlineArray { word in bytes[word * 8..<word * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    }

    /// The 32 bytes in their order.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in 0..<4 {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: words[index] >> shift))
            }
        }
        return bytes
    }

    package static func == (left: TokenDigest, right: TokenDigest) -> Bool {
        var difference: UInt64 = 0
        for index in 0..<4 { difference |= left.words[index] ^ right.words[index] }
        return difference == 0
    }

    package func hash(into hasher: inout Hasher) {
        for index in 0..<4 { hasher.combine(words[index]) }
    }
}

/// Neither in a log (docs/contract.md, "Audit events").
extension TokenDigest: CustomStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The name of a session in logs, the audit trail and lists: neither its token nor the token's digest.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) {
        description = text
    }

    package static func random() -> SessionID {
        var text = Base64URL.encode(RandomBytes.make(16))
        // On a command line a leading dash is an option's.
        while text.utf8.first == 0x2D { text = Base64URL.encode(RandomBytes.make(16)) }
        return SessionID(text)
    }
}

/// Names one exchange in every log line and, as the "reference", on the pages people see. 80 random bits in Crockford's
/// base32, 16 characters: easy to read out on a telephone.
package struct RequestID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package static func random() -> RequestID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    package static func random(using generator: inout some RandomNumberGenerator) -> RequestID {
        var bits = generator.next() as UInt64
        var more = generator.next() as UInt64
        let text = unsafe String(unsafeUninitializedCapacity: 16) { buffer in
            for index in 0..<16 {
                let fromFirst = index < 8
                let five = Int(fromFirst ? bits & 31 : more & 31)
                if fromFirst { bits >>= 5 } else { more >>= 5 }
                unsafe buffer[index] = crockford[five]
            }
            return 16
        }
        return RequestID(description: text)
    }

    private static let crockford = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
}
