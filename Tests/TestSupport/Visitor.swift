internal import Synchronization

/// Somebody with a browser's manners: keeps cookies by host, sends `text/html`, fills in forms. Follows nothing by
/// itself, so that every step can be looked at.
package final class Visitor: Sendable {
    private let port: UInt16
    private let always: [(String, String)]
    private let jar = Mutex<[String: [String: String]]>([:])

    /// - Parameter always: fields of every request, such as a proxy between would add.
    package init(port: UInt16, always: [(String, String)] = []) {
        self.port = port
        self.always = always
    }

    package func cookies(_ host: String) -> [String: String] { jar.withLock { $0[host] ?? [:] } }
    package func setCookie(_ host: String, _ name: String, _ value: String?) {
        jar.withLock { $0[host, default: [:]][name] = value }
    }
    package func forgetCookies() { jar.withLock { $0 = [:] } }

    /// One request to an absolute URL on the gateway's port.
    package func send(
        _ method: String,
        _ url: String,
        fields: [(String, String)] = [("Accept", "text/html,application/xhtml+xml"), ("Sec-Fetch-Mode", "navigate")],
        body: String? = nil
    ) async throws -> WebResponse {
        let rest = url.dropFirst("http://".count)
        let authority = String(rest.prefix { $0 != "/" && $0 != "?" })
        let target = rest.dropFirst(authority.count)
        let host = String(authority.prefix { $0 != ":" })
        var head = "\(method) \(target.isEmpty ? "/" : target) HTTP/1.1\r\nHost: \(authority)\r\n"
        for (name, value) in fields + always { head += "\(name): \(value)\r\n" }
        let cookies = cookies(host).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !cookies.isEmpty { head += "Cookie: \(cookies.joined(separator: "; "))\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        head += "Connection: close\r\n\r\n"
        let request = head + (body ?? "")
        let port = port
        let response = try await ChildProcess.offPool {
            let stream = try ByteStream(port: port, timeout: 30)
            try stream.write(request)
            return try stream.readResponse(toHead: method == "HEAD")
        }
        keepCookies(response, host)
        return response
    }

    package func get(_ url: String) async throws -> WebResponse { try await send("GET", url) }

    package func post(_ url: String, form: [(String, String)], origin: String? = nil) async throws -> WebResponse {
        let body = form.map { "\($0.0)=\(Self.encode($0.1))" }.joined(separator: "&")
        var fields = [
            ("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        if let origin {
            fields.append(("Origin", origin))
            fields.append(("Sec-Fetch-Site", "same-origin"))
        }
        return try await send("POST", url, fields: fields, body: body)
    }

    /// GET, then every redirect, at most ten.
    package func follow(_ url: String) async throws -> (url: String, response: WebResponse) {
        var url = url
        for _ in 0..<10 {
            let response = try await get(url)
            guard (300..<400).contains(response.status), let location = response.value("location") else {
                return (url, response)
            }
            url = Self.resolve(location, against: url)
        }
        throw ByteStream.Failure(description: "too many redirects at \(url)")
    }

    /// Fills in the sign-in form that a page shows and sends it.
    package func submitSignIn(_ page: WebResponse, portal: String, name: String, password: String) async throws
        -> WebResponse
    {
        var form = Self.hiddenFields(page.body)
        form.append(("username", name))
        form.append(("password", password))
        return try await post("\(portal)/login", form: form, origin: portal)
    }

    /// Signs in on the way to a URL.
    /// - Returns: where it ended.
    package func signIn(_ url: String, portal: String, name: String, password: String) async throws
        -> (url: String, response: WebResponse)
    {
        let (_, page) = try await follow(url)
        let answer = try await submitSignIn(page, portal: portal, name: name, password: password)
        guard answer.status == 303, let location = answer.value("location") else { return ("\(portal)/login", answer) }
        return try await follow(Self.resolve(location, against: portal))
    }

    package static func resolve(_ location: String, against base: String) -> String {
        if location.hasPrefix("http://") || location.hasPrefix("https://") { return location }
        let rest = base.dropFirst("http://".count)
        return "http://\(rest.prefix { $0 != "/" && $0 != "?" })\(location)"
    }

    /// Names and values of `<input type="hidden">`.
    package static func hiddenFields(_ html: String) -> [(String, String)] {
        html.split(separator: "<input").dropFirst().compactMap { part in
            let tag = part.prefix { $0 != ">" }
            guard tag.contains("type=\"hidden\""), let name = attribute("name", tag) else { return nil }
            return (name, attribute("value", tag) ?? "")
        }
    }

    private static func attribute(_ name: String, _ tag: Substring) -> String? {
        guard let range = tag.firstRange(of: " \(name)=\"") else { return nil }
        let value = tag[range.upperBound...].prefix { $0 != "\"" }
        let entities = [
            ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&#x3D;", "="),
            ("&#x2F;", "/"),
            ("&amp;", "&"),
        ]
        return entities.reduce(String(value)) { $0.replacing($1.0, with: $1.1) }
    }

    package static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    private func keepCookies(_ response: WebResponse, _ host: String) {
        for value in response.values("set-cookie") {
            let pair = value.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            let isGone = value.contains("Max-Age=0")
            setCookie(host, String(pair[0]), isGone ? nil : String(pair[1]))
        }
    }
}
