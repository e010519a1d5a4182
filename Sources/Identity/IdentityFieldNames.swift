/// The names of fields by which some application somewhere is told who is there. A client never sends one through the
/// gateway, whatever its case or its `_`, `.` and `-` (docs/security-rules.md, rule 1): the names of *every* profile, because an
/// application may look at more than the profile that its administrator chose.
package struct IdentityFieldNames: Sendable {
    private let exact: Set<String>
    private let pass: Set<String>

    /// - Parameters:
    ///   - headers: of one app; its own `set` names are stripped too.
    ///   - judgesMethods: a rule of the app names methods, so that no field may turn a request into another method behind
    ///     the rule's back.
    package init(headers: HeaderConfiguration, judgesMethods: Bool = false) {
        exact = Self.known.union(headers.set.map { Self.fold($0.name) })
            .union(judgesMethods ? Self.methodOverrides : [])
        pass = Set(headers.pass.map { $0.lowercased() })
    }

    /// What becomes of a client's field.
    package enum Verdict: Sendable {
        case forward
        /// An identity field or a field that the gateway itself writes.
        case strip
        /// A name outside `[A-Za-z0-9-]`: dropped and counted, because applications fold such names together.
        case drop
    }

    package func verdict(on name: Span<UInt8>) -> Verdict {
        var isPlain = true
        for index in name.indices {
            switch name[index] {
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2D: break
            default: isPlain = false
            }
        }
        let folded = Self.fold(name)
        if exact.contains(folded) || Self.families.contains(where: { folded.hasPrefix($0) }) { return .strip }
        if isPlain { return .forward }
        return pass.isEmpty || !pass.contains(Self.lower(name)) ? .drop : .forward
    }

    /// Whether a configured name is one that clients may never send.
    package static func isIdentity(_ name: String) -> Bool {
        let folded = fold(name)
        return known.contains(folded) || families.contains { folded.hasPrefix($0) }
    }

    /// Lower case, with `_` and `.` read as `-`.
    package static func fold(_ name: String) -> String {
        String(decoding: name.utf8.map { $0 == 0x5F || $0 == 0x2E ? 0x2D : lower($0) }, as: UTF8.self)
    }

    private static func fold(_ name: Span<UInt8>) -> String {
        // At most 15 bytes stay inside the String value; longer names allocate, and they are few.
        unsafe String(unsafeUninitializedCapacity: name.count) { buffer in
            for index in name.indices {
                let byte = name[index]
                unsafe buffer[index] = byte == 0x5F || byte == 0x2E ? 0x2D : lower(byte)
            }
            return name.count
        }
    }

    private static func lower(_ name: Span<UInt8>) -> String {
        unsafe String(unsafeUninitializedCapacity: name.count) { buffer in
            for index in name.indices { unsafe buffer[index] = lower(name[index]) }
            return name.count
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    /// Whole families, by prefix of the folded name.
    private static let families = [
        "remote-", "x-remote-", "x-xrm-", "x-gatehouse-", "x-forwarded-", "x-original-", "x-auth-request-",
        "x-authentik-", "x-authelia-", "x-vouch-", "x-authenticated-", "x-webauth-", "auth-", "sm-", "iv-", "x-ldap-",
        "oidc-", "x-ssl-", "ssl-client-", "impersonate-", "x-consumer-", "x-proxyuser", "x-envoy-", "wl-proxy-",
    ]

    private static let known: Set<String> = [
        "x-auth-user", "x-auth-username", "x-auth-email", "x-auth-groups", "x-auth-roles", "x-proxy-user",
        "x-proxy-username", "x-proxy-email", "x-proxy-roles", "x-client-cert", "x-goog-authenticated-user-email",
        "x-amzn-oidc-identity", "x-amzn-oidc-data", "x-amzn-oidc-accesstoken", "x-pomerium-jwt-assertion",
        "cf-access-authenticated-user-email", "cf-access-jwt-assertion",
        // Where the request came from and what it was, before a proxy: nobody in front of us is trusted to say.
        "forwarded", "x-forwarded", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "cf-connecting-ip",
        "fastly-client-ip", "x-cluster-client-ip", "x-rewrite-url", "x-request-id",
        // CGI reads it as HTTP_PROXY, and sends its own requests there (CVE-2016-5385).
        "proxy",
    ]

    /// Fields by which frameworks let a POST be another method.
    private static let methodOverrides: Set<String> = ["x-http-method-override", "x-http-method", "x-method-override"]
}
