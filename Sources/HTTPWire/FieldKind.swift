/// The fields that the gateway itself understands; every other one is `other` and passes untouched or not at all.
package enum FieldKind: UInt8, Sendable {
    case other
    case host
    case contentLength
    case transferEncoding
    case connection
    case keepAlive
    case proxyConnection
    case proxyAuthenticate
    case proxyAuthorization
    case te
    case trailer
    case upgrade
    case http2Settings
    case expect
    case cookie
    case setCookie
    case accept
    case authorization
    case origin
    case secFetchMode
    case secFetchSite
    case xRequestedWith
    case userAgent
    case date
    case server
    /// Common request fields that no rule speaks of: they pass without a look at their name.
    case harmless

    /// Fields that belong to one connection and are never forwarded (RFC 9110, section 7.6.1), and the framing, which is
    /// rebuilt. `Proxy-Authorization` is meant for us alone.
    package var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .te, .trailer,
            .upgrade,
            .http2Settings, .transferEncoding, .contentLength:
            true
        default: false
        }
    }

    /// - Parameter range: of the name in the bytes, any letter case.
    static func of(_ bytes: Span<UInt8>, _ range: Range<Int>) -> FieldKind {
        let table = table
        let bucket = Int(bytes[range.lowerBound] & 31)
        for place in Int(table.starts[bucket])..<Int(table.starts[bucket + 1]) {
            let entry = table.entries[place]
            guard entry.count == range.count else { continue }
            var index = 0
            while index < entry.count,
                lower(bytes[range.lowerBound + index]) == table.names[entry.start + index]
            {
                index += 1
            }
            if index == entry.count { return entry.kind }
        }
        return .other
    }

    /// The kind of a name that stands in a configuration.
    package static func of(_ name: String) -> FieldKind {
        let bytes = Array(name.utf8)
        return bytes.isEmpty ? .other : of(bytes.span, 0..<bytes.count)
    }

    static func lower(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    /// Names by the lower five bits of their first letter. Flat, so that a look into it counts no references.
    private struct Table {
        struct Entry {
            let start: Int
            let count: Int
            let kind: FieldKind
        }

        var names: [UInt8] = []
        var entries: [Entry] = []
        var starts: [UInt8] = []
    }

    private static let table: Table = {
        let all: [(String, FieldKind)] = [
            ("host", .host), ("content-length", .contentLength), ("transfer-encoding", .transferEncoding),
            ("connection", .connection), ("keep-alive", .keepAlive), ("proxy-connection", .proxyConnection),
            ("proxy-authenticate", .proxyAuthenticate), ("proxy-authorization", .proxyAuthorization), ("te", .te),
            ("trailer", .trailer), ("upgrade", .upgrade), ("http2-settings", .http2Settings), ("expect", .expect),
            ("cookie", .cookie), ("set-cookie", .setCookie), ("accept", .accept), ("authorization", .authorization),
            ("origin", .origin), ("sec-fetch-mode", .secFetchMode), ("sec-fetch-site", .secFetchSite),
            ("x-requested-with", .xRequestedWith), ("user-agent", .userAgent), ("date", .date), ("server", .server),
            ("accept-encoding", .harmless), ("accept-language", .harmless), ("cache-control", .harmless),
            ("content-type", .harmless), ("content-encoding", .harmless), ("etag", .harmless),
            ("if-modified-since", .harmless), ("if-none-match", .harmless), ("last-modified", .harmless),
            ("location", .harmless), ("pragma", .harmless), ("priority", .harmless), ("range", .harmless),
            ("referer", .harmless), ("sec-ch-ua", .harmless), ("sec-ch-ua-mobile", .harmless),
            ("sec-ch-ua-platform", .harmless), ("sec-fetch-dest", .harmless), ("sec-fetch-user", .harmless),
            ("upgrade-insecure-requests", .harmless), ("vary", .harmless),
        ]
        var table = Table()
        for bucket in 0..<32 {
            table.starts.append(UInt8(table.entries.count))
            for (name, kind) in all where Int(name.utf8.first! & 31) == bucket {
                table.entries.append(Table.Entry(start: table.names.count, count: name.utf8.count, kind: kind))
                table.names += Array(name.utf8)
            }
        }
        table.starts.append(UInt8(table.entries.count))
        return table
    }()
}

/// One field of a head: two ranges of the head's bytes.
package struct FieldSlice: Sendable {
    /// Offsets from the head's first byte.
    package let name: Range<Int>
    /// Without the white space around it.
    package let value: Range<Int>
    package let kind: FieldKind
}
