internal import GatehouseCore
internal import Identity

/// `apps[].headers`: what an app is told of the person, and what clients may send it besides.
struct HeadersSection {
    private(set) var headers = HeaderConfiguration()

    /// Fields that belong to the connection, frame the message or say who asks for what; and what the gateway writes.
    private static let refused: Set<String> = [
        "host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "content-length",
        "content-encoding", "content-type", "content-range", "expect", "http2-settings", "proxy-authenticate",
        "proxy-authorization",
        "proxy-authentication-info", "www-authenticate", "authorization", "cookie", "cookie2", "set-cookie",
        "forwarded", "via",
        "date", "range", "origin", "referer", "x-request-id", "x-real-ip", "max-forwards", "x-http-method-override",
        "x-http-method",
        "x-method-override", "x-original-url", "x-rewrite-url",
    ]
    private static let refusedFamilies = [
        "x-forwarded-", "x-gatehouse-", "x-original-", "sec-", "access-control-", "if-",
    ]

    init(_ reader: MappingReader?, _ surroundings: AppSurroundings) {
        guard let reader else { return }
        headers.profile = reader["profile"]?.choice().flatMap(HeaderProfile.init(rawValue:)) ?? .remoteUser
        _ = reader["encoding"]?.choice()
        headers.set = Self.set(reader["set"], surroundings)
        headers.pass = Self.pass(reader["pass"], own: Set(headers.set.map { IdentityFieldNames.fold($0.name) }))
    }

    private static func set(_ field: Field?, _ surroundings: AppSurroundings) -> [HeaderConfiguration.Field] {
        var seen: Set<String> = []
        var fields: [HeaderConfiguration.Field] = []
        for (name, position, value) in field?.names() ?? [] {
            func refuse(_ message: String) { value.problems.refuse(value.path, at: position, message) }
            let template = value.template()
            if let template {
                value.check(template, knows: surroundings.headerNames)
                if template.description.hasPrefix(" ") || template.description.hasSuffix(" ") {
                    value.refuse("a field's value neither begins nor ends with a space")
                }
            }
            guard !name.isEmpty, name.utf8.count <= 64, name.utf8.allSatisfy(isPlain) else {
                refuse("\(quoted(name)) is no name for a field; write letters, digits and \"-\"")
                continue
            }
            guard !isRefused(name) else {
                refuse("\(quoted(name)) belongs to the connection or to the gateway itself; choose another name")
                continue
            }
            guard seen.insert(IdentityFieldNames.fold(name)).inserted else {
                refuse("this field stands here twice (case does not count); keep one of them")
                continue
            }
            if let template { fields.append(HeaderConfiguration.Field(name: name, value: template)) }
        }
        return fields
    }

    private static func pass(_ field: Field?, own: Set<String>) -> [String] {
        var names: [String] = []
        for (name, field) in field?.texts() ?? [] {
            let folded = IdentityFieldNames.fold(name)
            if !name.utf8.allSatisfy(isToken) {
                field.refuse("\(quoted(name)) is no name of a field")
            } else if IdentityFieldNames.isIdentity(name) || own.contains(folded) {
                field.refuse(
                    "\(quoted(name)) is read by applications as \(quoted(folded)), which says who the person is; no client may send it"
                )
            } else if isRefused(name) {
                field.refuse(
                    "\(quoted(name)) is read by applications as \(quoted(folded)), which no client may send in another spelling"
                )
            } else if name.utf8.allSatisfy(isPlain) {
                field.warn("\(quoted(name)) passes without being named here; leave it out")
            } else {
                names.append(name)
            }
        }
        return names
    }

    private static func isRefused(_ name: String) -> Bool {
        let folded = IdentityFieldNames.fold(name)
        return refused.contains(folded) || refusedFamilies.contains { folded.hasPrefix($0) }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
        default: false
        }
    }

    /// `tchar` of RFC 9110, section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        isPlain(byte) || "!#$%&'*+.^_`|~".utf8.contains(byte)
    }
}
