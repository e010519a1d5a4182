internal import Glibc

/// The address a request came from. An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is read as IPv4, so that no
/// rule about `192.0.2.0/24` is passed by the other spelling (docs/security-rules.md, rule 3).
package struct SourceAddress: Hashable, Sendable {
    /// The address in network order, IPv4 in its mapped form.
    fileprivate let high: UInt64
    fileprivate let low: UInt64

    package init(ipv4 address: UInt32) {
        high = 0
        low = 0x0000_FFFF_0000_0000 | UInt64(address)
    }

    package init(ipv6 bytes: [UInt8]) {
        precondition(bytes.count == 16, "an IPv6 address has 16 bytes")
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads `192.0.2.1` or `2001:db8::1`; no brackets, port or zone. Anything else is `nil`.
    package init?(_ text: String) {
        // C reads a text up to its first NUL alone.
        guard !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            self.init(ipv4: UInt32(bigEndian: four.s_addr))
            return
        }
        var six = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self.init(ipv6: six)
    }

    /// `::`, which names nobody (RFC 4291, section 2.5.2).
    package static let unspecified = SourceAddress(high: 0, low: 0)

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    package var isLoopback: Bool {
        isIPv4 ? low & 0xFF00_0000 == 0x7F00_0000 : high == 0 && low == 1
    }
}

extension SourceAddress {
    /// The address that stands for everything its holder most likely has: IPv4 itself (/32), IPv6 with the last 64 bits
    /// cleared (/64). What failures are counted by (docs/security-rules.md, rule 22).
    package var network: SourceAddress {
        isIPv4 ? self : SourceAddress(high: high, low: 0)
    }
}

extension SourceAddress {
    /// The address that stands for a site: IPv4 itself, IPv6 with all but the first 48 bits cleared, which is what a
    /// subscriber gets at most (RFC 6177).
    package var site: SourceAddress {
        isIPv4 ? self : SourceAddress(high: high & ~0xFFFF, low: 0)
    }
}

extension SourceAddress: CustomStringConvertible {
    package var description: String {
        if isIPv4 {
            return "\(low >> 24 & 0xFF).\(low >> 16 & 0xFF).\(low >> 8 & 0xFF).\(low & 0xFF)"
        }
        var bytes = [UInt8]()
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "::" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A range of addresses in CIDR notation, as `10.0.0.0/8` or `2001:db8::/32`.
package struct Network: Hashable, Sendable, CustomStringConvertible {
    private let base: SourceAddress
    /// Bits of the mapped 128-bit form that must agree.
    private let prefix: Int

    /// - Returns: `nil` when the text is no network, the prefix is too long, or bits behind the prefix are set.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = SourceAddress(String(parts[0])) else { return nil }
        let width = address.isIPv4 && !parts[0].contains(":") ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard let stated = Int(parts[1]), String(stated) == parts[1], (0...width).contains(stated) else {
                return nil
            }
            length = stated
        }
        base = address
        prefix = length + (width == 32 ? 96 : 0)
        guard masked(address) == address else { return nil }
    }

    package func contains(_ address: SourceAddress) -> Bool {
        // 0.0.0.0/0 means IPv4, ::/0 means IPv6: a range never reaches into the other family.
        (prefix >= 96 || !address.isIPv4) && masked(address) == base
    }

    package var description: String {
        "\(base)/\(base.isIPv4 && prefix >= 96 ? prefix - 96 : prefix)"
    }

    private func masked(_ address: SourceAddress) -> SourceAddress {
        let high = prefix >= 64 ? UInt64.max : prefix == 0 ? 0 : ~(UInt64.max >> UInt64(prefix))
        let low = prefix <= 64 ? 0 : prefix >= 128 ? UInt64.max : ~(UInt64.max >> UInt64(prefix - 64))
        return SourceAddress(high: address.high & high, low: address.low & low)
    }
}

extension SourceAddress {
    fileprivate init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
