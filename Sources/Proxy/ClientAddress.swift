internal import GatehouseCore
internal import HTTPWire
internal import NIOCore

/// Where a request comes from, with its text beside it: every request writes it into its head. A class, so that a
/// connection and its exchanges share one.
final class ClientAddress: Sendable {
    /// `nil` on a Unix socket of which nobody says more.
    let address: SourceAddress?
    let text: String?

    init(_ address: SourceAddress?) {
        self.address = address
        text = address?.description
    }

    static let unknown = ClientAddress(nil)
}

/// What a proxy in front of us says of a request (docs/security-rules.md, rule 3). To be read where that proxy is trusted,
/// and nowhere else. Each part that is not said in exactly one way counts as not said.
struct ProxyTestimony: Equatable {
    /// `X-Forwarded-For`, read from the right to the first address that is not trusted itself; if all are, the leftmost.
    var address: SourceAddress?
    /// `X-Forwarded-Host`: a range of the head's bytes, as a Host field's value; whether it is a site of ours is not
    /// looked at here.
    var host: Range<Int>?
    /// `X-Forwarded-Proto`.
    var scheme: Origin.Scheme?

    /// Nothing is said.
    init() {}

    init(_ head: RequestHead, trusted: TrustedProxies) {
        let bytes = head.bytes.readableBytesUInt8Span
        address = Self.address(head.fields, bytes, trusted)
        host = Self.onlyElement(head.fields, bytes, "x-forwarded-host")
        if let proto = Self.onlyElement(head.fields, bytes, "x-forwarded-proto") {
            if FieldText.isEqual(bytes, proto, "https") { scheme = .https }
            if FieldText.isEqual(bytes, proto, "http") { scheme = .http }
        }
    }

    /// Addresses that are looked at. No honest chain of proxies is longer.
    private static let hopLimit = 100

    /// What stands left of the first address that is not trusted is never looked at: that client may have written it, and
    /// a word of the client's must not decide which address counts.
    private static func address(
        _ fields: [FieldSlice],
        _ bytes: Span<UInt8>,
        _ trusted: TrustedProxies
    ) -> SourceAddress? {
        var leftmost: SourceAddress?
        var hops = 0
        // Several fields are one list, in their order (RFC 9110, section 5.3).
        for field in fields.reversed() where isNamed(field, bytes, "x-forwarded-for") {
            var end = field.value.upperBound
            while true {
                var start = end
                while start > field.value.lowerBound, bytes[start - 1] != 0x2C { start -= 1 }
                hops += 1
                guard hops <= hopLimit, let address = SourceAddress(bytes, element: start..<end) else { return nil }
                guard trusted.contains(address) else { return address }
                leftmost = address
                guard start > field.value.lowerBound else { break }
                end = start - 1
            }
        }
        return leftmost
    }

    /// The value of the one field of that name, if it is one element.
    private static func onlyElement(
        _ fields: [FieldSlice],
        _ bytes: Span<UInt8>,
        _ name: StaticString
    ) -> Range<Int>? {
        var found: Range<Int>?
        for field in fields where isNamed(field, bytes, name) {
            guard found == nil else { return nil }
            found = field.value
        }
        guard let found, !found.isEmpty else { return nil }
        for index in found where bytes[index] == 0x2C { return nil }
        return found
    }

    /// In this one spelling. `X_Forwarded_For` is somebody else's.
    private static func isNamed(_ field: FieldSlice, _ bytes: Span<UInt8>, _ name: StaticString) -> Bool {
        field.kind == .other && FieldText.isEqual(bytes, field.name, name)
    }
}

extension SourceAddress {
    /// `192.0.2.1`, `192.0.2.1:567`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`, with blanks around it.
    fileprivate init?(_ bytes: Span<UInt8>, element: Range<Int>) {
        var start = element.lowerBound
        var end = element.upperBound
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        // Longer than the longest address with brackets and port: nothing to make a text of.
        guard start < end, end - start <= 56 else { return nil }
        if bytes[start] == 0x5B {
            guard let bracket = (start + 1..<end).first(where: { bytes[$0] == 0x5D }),
                bracket + 1 == end || Self.isPort(bytes, bracket + 1..<end),
                let address = Self.read(bytes, start + 1..<bracket), address.wasWrittenAsIPv6
            else { return nil }
            self = address.value
            return
        }
        let colons = (start..<end).count { bytes[$0] == 0x3A }
        if colons == 1 {
            guard let colon = (start..<end).first(where: { bytes[$0] == 0x3A }), Self.isPort(bytes, colon..<end)
            else { return nil }
            end = colon
        }
        guard let address = Self.read(bytes, start..<end) else { return nil }
        self = address.value
    }

    private static func read(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> (value: SourceAddress, wasWrittenAsIPv6: Bool)? {
        let slice = bytes.extracting(range)
        let text = unsafe slice.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        guard let address = SourceAddress(text) else { return nil }
        return (address, text.utf8.contains(0x3A))
    }

    /// A colon and 1 to 65535.
    private static func isPort(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard bytes[range.lowerBound] == 0x3A, (2...6).contains(range.count) else { return false }
        var port = 0
        for index in range.dropFirst() {
            guard (0x30...0x39).contains(bytes[index]) else { return false }
            port = port * 10 + Int(bytes[index] - 0x30)
        }
        return (1...65535).contains(port)
    }
}
