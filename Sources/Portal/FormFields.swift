internal import GatehouseCore

/// The fields of `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), read strictly: a name stands once, an
/// escape has two digits, nothing is nested. Values are bytes, because a password is.
struct FormFields: Sendable {
    struct Malformed: Error {}

    /// Of a body, in bytes.
    static let bodyLimit = 64 * 1024
    private static let fieldLimit = 32

    /// By the bytes of their names: as Strings, two names could be the same and differ.
    private let values: [[UInt8]: [UInt8]]

    static let none = FormFields(values: [:])

    private init(values: [[UInt8]: [UInt8]]) {
        self.values = values
    }

    init(parsing bytes: some Collection<UInt8>) throws(Malformed) {
        var values: [[UInt8]: [UInt8]] = [:]
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            guard values.count < Self.fieldLimit else { throw Malformed() }
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decode(parts[0])
            guard !name.isEmpty, String(validating: name, as: UTF8.self) != nil, values[name] == nil else {
                throw Malformed()
            }
            values[name] = parts.count == 2 ? try Self.decode(parts[1]) : []
        }
        self.values = values
    }

    /// A query whose fields cannot be read is one without fields: each of them has a meaning by default.
    init(query: String?) {
        do throws(Malformed) {
            self = try FormFields(parsing: (query ?? "").utf8)
        } catch {
            self = .none
        }
    }

    func bytes(_ name: String) -> [UInt8]? { values[Array(name.utf8)] }

    /// `nil` when the field is absent or is no UTF-8.
    func text(_ name: String) -> String? {
        bytes(name).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Whether the field has exactly this value.
    func has(_ name: String, _ value: String) -> Bool {
        bytes(name)?.elementsEqual(value.utf8) ?? false
    }

    private static func decode(_ text: some Collection<UInt8>) throws(Malformed) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                    throw Malformed()
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return bytes
    }
}
