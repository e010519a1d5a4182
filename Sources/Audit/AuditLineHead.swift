internal import Cryptography
internal import GatehouseCore

/// The beginning that every line of a trail has, taken apart byte by byte:
/// `{"time":"…","seq":N,"prev":"…","hash":"…","event":"…"`. Any other spelling is no line of a trail.
struct AuditLineHead {
    /// RFC 3339, as written.
    let time: String
    let sequence: UInt64
    let previous: String
    let hash: String
    let event: String
    /// Where the member `hash` and the comma behind it stand.
    private let hashMember: Range<Int>

    /// - Parameter line: without its end.
    init?(_ line: [UInt8]) {
        var reader = ByteReader(line)
        guard reader.skip("{\"time\":\""), let time = reader.text(upTo: 40), reader.skip(",\"seq\":"),
            let sequence = reader.number(), sequence <= UInt64(Int64.max), reader.skip(",\"prev\":\""),
            let previous = reader.text(upTo: 64),
            reader.skip(",")
        else { return nil }
        let start = reader.position
        guard reader.skip("\"hash\":\""), let hash = reader.text(upTo: 64), reader.skip(",") else { return nil }
        let end = reader.position
        guard reader.skip("\"event\":\""), let event = reader.text(upTo: 64), line.last == 0x7D,
            Self.isHash(previous), Self.isHash(hash)
        else { return nil }
        self.time = time
        self.sequence = sequence
        self.previous = previous
        self.hash = hash
        self.event = event
        hashMember = start..<end
    }

    /// Whether the line's own hash is the hash of its bytes.
    func isHash(of line: [UInt8]) -> Bool {
        var plain = line
        plain.removeSubrange(hashMember)
        plain.append(0x0A)
        return Hexadecimal.encode(SHA256.hash(plain)) == hash
    }

    /// Whether the line is the next one of a trail that stands there.
    func follows(_ chain: AuditChain) -> Bool {
        sequence == chain.sequence &+ 1 && previous == chain.hash
    }

    private static func isHash(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// Reads bytes in their order; every method leaves the place alone where it finds something else.
private struct ByteReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func skip(_ expected: String) -> Bool {
        guard bytes[position...].starts(with: expected.utf8) else { return false }
        position += expected.utf8.count
        return true
    }

    /// Printable characters up to a quotation mark, which is skipped.
    mutating func text(upTo limit: Int) -> String? {
        let rest = bytes[position...].prefix(limit + 1)
        guard let end = rest.firstIndex(of: 0x22) else { return nil }
        let text = rest[..<end]
        guard text.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x5C }) else { return nil }
        position = end + 1
        return String(decoding: text, as: UTF8.self)
    }

    /// Decimal digits without zeros in front.
    mutating func number() -> UInt64? {
        let digits = bytes[position...].prefix(20).prefix { (0x30...0x39).contains($0) }
        let text = String(decoding: digits, as: UTF8.self)
        guard let number = UInt64(text), String(number) == text else { return nil }
        position += digits.count
        return number
    }
}
