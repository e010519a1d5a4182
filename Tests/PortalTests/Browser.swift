import GatehouseCore
import NIOCore

@testable import Portal

/// A browser as far as these tests need one: it keeps each host's cookies and says where its forms come from.
struct Browser {
    let portal: TestPortal
    var keepsCookies = true
    var jar: [String: [String: String]] = [:]
    var address = SourceAddress("192.0.2.7")!
    /// Replaces what a browser would send by itself.
    var fields: [(name: String, value: String)] = []

    init(_ portal: TestPortal) {
        self.portal = portal
    }

    mutating func get(
        _ url: String,
        method: String = "GET",
        accept: String = "text/html,*/*;q=0.8",
        more: [(name: String, value: String)] = []
    ) async -> PortalResponse {
        await send(method, url, [("Accept", accept), ("Sec-Fetch-Mode", "navigate")] + more, body: "")
    }

    mutating func post(
        _ url: String,
        _ form: [(String, String)],
        more: [(name: String, value: String)] = [("Sec-Fetch-Site", "same-origin")]
    ) async -> PortalResponse {
        let body = form.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
        return await post(url, raw: body, more: more)
    }

    mutating func post(
        _ url: String,
        raw body: String,
        type: String = "application/x-www-form-urlencoded",
        more: [(name: String, value: String)] = [("Sec-Fetch-Site", "same-origin")]
    ) async -> PortalResponse {
        await send("POST", url, [("Accept", "text/html"), ("Content-Type", type)] + more, body: body)
    }

    mutating func send(
        _ method: String,
        _ url: String,
        _ more: [(name: String, value: String)],
        body: String
    ) async -> PortalResponse {
        guard let (origin, rest) = Origin.split(url) else {
            return PortalResponse(status: 0, fields: [], body: ByteBuffer())
        }
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var sent = more + fields
        let cookies = jar[origin.host, default: [:]].sorted { $0.key < $1.key }
        if !cookies.isEmpty { sent.append(("Cookie", cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; "))) }
        let buffer = ByteBuffer(string: body)
        let response = await portal.service.respond(
            to: PortalRequest(
                id: .random(),
                method: method,
                host: origin.host,
                isPortalHost: origin == portal.configuration.origin,
                path: parts[0].isEmpty ? "/" : String(parts[0]),
                query: parts.count == 2 ? String(parts[1]) : nil,
                fields: sent,
                address: address,
                body: { limit in
                    if buffer.readableBytes > limit { throw BodyTooLarge() }
                    return buffer
                }
            )
        )
        if keepsCookies { store(response.values(of: "Set-Cookie"), origin.host) }
        return response
    }

    private mutating func store(_ cookies: [String], _ host: String) {
        for cookie in cookies {
            let pair = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let isCleared = cookie.contains("Max-Age=0")
            jar[host, default: [:]][String(pair[0])] = isCleared ? nil : String(pair[1])
        }
    }

    func cookie(_ name: String, _ host: String = "login.example.com") -> String? { jar[host]?[name] }

    /// Opens the form and sends it.
    mutating func signIn(
        _ user: String = "alice",
        password: String = "right",
        query: String = ""
    ) async -> PortalResponse {
        let form = await get("https://login.example.com/login" + query)
        return await post(
            "https://login.example.com/login",
            [("username", user), ("password", password)]
                + ["csrf", "rd", "state", "retry"].map { ($0, form.hidden($0) ?? "") }
        )
    }
}

extension PortalResponse {
    var text: String { String(buffer: body) }
    var location: String? { values(of: "Location").first }

    /// The value of a hidden field, unescaped as far as these tests need it.
    func hidden(_ name: String) -> String? {
        let marker = "name=\"\(name)\" value=\""
        guard let start = text.range(after: marker) else { return nil }
        return String(text[start...].prefix { $0 != "\"" }).replacing("&amp;", with: "&")
    }
}

extension String {
    func range(after marker: String) -> String.Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(marker) { return self.index(index, offsetBy: marker.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
