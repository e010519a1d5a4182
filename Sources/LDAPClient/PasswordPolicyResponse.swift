/// What the password policy controls of a bind response say (draft-behera-ldap-password-policy-10, section 6.2, and
/// Netscape's two controls, which 389 Directory Server sends in addition).
package struct PasswordPolicyResponse: Sendable, Equatable {
    package enum Failure: Int, Sendable {
        case passwordExpired = 0
        case accountLocked = 1
        case changeAfterReset = 2
        case passwordModNotAllowed = 3
        case mustSupplyOldPassword = 4
        case insufficientPasswordQuality = 5
        case passwordTooShort = 6
        case passwordTooYoung = 7
        case passwordInHistory = 8
        case passwordTooLong = 9
    }

    /// The password is accepted and expires this soon.
    package var expiresIn: Duration?
    /// The password has expired; so many more binds are let through.
    package var graceLogins: Int?
    package var failure: Failure?

    package init(expiresIn: Duration? = nil, graceLogins: Int? = nil, failure: Failure? = nil) {
        self.expiresIn = expiresIn
        self.graceLogins = graceLogins
        self.failure = failure
    }

    /// A control that cannot be read. Nobody is signed in on the strength of it.
    struct Malformed: Error, Equatable {}

    static let policyControl = "1.3.6.1.4.1.42.2.27.8.5.1"
    static let expiredControl = "2.16.840.1.113730.3.4.4"
    static let expiringControl = "2.16.840.1.113730.3.4.5"

    /// - Parameter controls: all controls of a bind response; unknown ones are passed over (RFC 4511, section 4.1.11).
    init(controls: [(type: String, value: [UInt8])]) throws(Malformed) {
        var seen: Set<String> = []
        for (type, value) in controls {
            guard [Self.policyControl, Self.expiredControl, Self.expiringControl].contains(type) else { continue }
            // Two answers to one question are none.
            guard seen.insert(type).inserted else { throw Malformed() }
            if type == Self.policyControl { try readPolicy(value) }
        }
        for (type, value) in controls {
            if type == Self.expiredControl, failure == nil, graceLogins == nil { failure = .passwordExpired }
            if type == Self.expiringControl, expiresIn == nil { expiresIn = try Self.seconds(value) }
        }
    }

    /// PasswordPolicyResponseValue ::= SEQUENCE {
    ///   warning [0] CHOICE { timeBeforeExpiration [0] INTEGER, graceAuthNsRemaining [1] INTEGER } OPTIONAL,
    ///   error [1] ENUMERATED OPTIONAL }
    private mutating func readPolicy(_ value: [UInt8]) throws(Malformed) {
        var outer = BERElements(value[...])
        let fields = try outer.next(0x30)
        guard let fields, outer.isAtEnd else { throw Malformed() }
        var sequence = BERElements(fields)
        if let warning = try sequence.next(0xA0) {
            var choice = BERElements(warning)
            if let seconds = try choice.next(0x80) {
                expiresIn = .seconds(try Self.integer(seconds))
            } else if let logins = try choice.next(0x81) {
                graceLogins = try Self.integer(logins)
            } else {
                throw Malformed()
            }
            guard choice.isAtEnd else { throw Malformed() }
        }
        if let error = try sequence.next(0x81) {
            guard let known = Failure(rawValue: try Self.integer(error)) else { throw Malformed() }
            failure = known
        }
        guard sequence.isAtEnd else { throw Malformed() }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> Int {
        guard let first = bytes.first, first < 0x80, bytes.count <= 5 else { throw Malformed() }
        return bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    private static func seconds(_ digits: [UInt8]) throws(Malformed) -> Duration {
        guard (1...10).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = Int(String(decoding: digits, as: UTF8.self))
        else { throw Malformed() }
        return .seconds(seconds)
    }
}

/// Elements of definite length, one after another (X.690, as far as LDAP uses it: RFC 4511, section 5.1).
private struct BERElements {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// - Returns: the contents of the next element if it has this tag; `nil` leaves it where it is.
    mutating func next(_ tag: UInt8) throws(PasswordPolicyResponse.Malformed) -> ArraySlice<UInt8>? {
        guard rest.first == tag else { return nil }
        var position = rest.startIndex + 1
        guard position < rest.endIndex else { throw .init() }
        var length = Int(rest[position])
        position += 1
        if length >= 0x80 {
            let count = length & 0x7F
            guard (1...4).contains(count), rest.endIndex - position >= count else { throw .init() }
            length = rest[position..<position + count].reduce(0) { $0 << 8 | Int($1) }
            position += count
        }
        guard rest.endIndex - position >= length else { throw .init() }
        let contents = rest[position..<position + length]
        rest = rest[(position + length)...]
        return contents
    }
}
