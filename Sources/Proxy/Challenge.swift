internal import GatehouseCore
internal import HTTPWire
internal import NIOCore
internal import Policy
internal import Sessions

/// The answer to an anonymous request at a protected path (docs/contract.md, "Anonymous at a protected path").
struct Challenge {
    enum Form {
        /// 302, or 303 after a POST: the browser walks to the sign-in page.
        case redirect(status: Int)
        /// 401 with the same address: scripts, DAV, APIs.
        case unauthorized
    }

    let form: Form
    let location: String
    /// A Set-Cookie for the return cookie, where the browser had none.
    let setCookie: String?

    init(
        _ request: CanonicalRequest,
        _ head: RequestHead,
        app: AppPolicy,
        routes: RouteTable,
        cookies: CookieMatcher,
        returnState: ReturnState
    ) {
        let host = request.host.name
        let secret: SessionToken
        if let held = cookies.returnSecret(in: head) {
            secret = held
            setCookie = nil
        } else {
            secret = .random()
            setCookie = cookies.names.setCookie(cookies.names.returning, secret)
        }
        let origin = app.origins[host]?.description ?? routes.portal.description
        let destination = origin + request.pathText(head) + (request.queryText(head).map { "?" + $0 } ?? "")
        location =
            "\(routes.portal)/login?rd=\(percentEncoded(destination))"
            + "&state=\(returnState.state(of: secret, host: host))"
        let isNavigation = Self.isNavigation(head)
        switch request.method {
        case .get, .head: form = isNavigation ? .redirect(status: 302) : .unauthorized
        case .post: form = isNavigation ? .redirect(status: 303) : .unauthorized
        default: form = .unauthorized
        }
    }

    /// `Sec-Fetch-Mode: navigate`, or, from browsers that do not send it, `text/html` in Accept; never with
    /// `X-Requested-With`.
    private static func isNavigation(_ head: RequestHead) -> Bool {
        let bytes = head.bytes.readableBytesUInt8Span
        if head.value(of: .xRequestedWith) != nil { return false }
        if let mode = head.value(of: .secFetchMode) { return FieldText.isEqual(bytes, mode, "navigate") }
        return acceptsHTML(head)
    }

    static func acceptsHTML(_ head: RequestHead) -> Bool {
        let bytes = head.bytes.readableBytesUInt8Span
        var accepts = false
        for field in head.fields where field.kind == .accept {
            FieldText.forEachMember(bytes, field.value) { member in
                var end = member.lowerBound
                while end < member.upperBound, bytes[end] != 0x3B, bytes[end] != 0x20 { end += 1 }
                if FieldText.isEqual(bytes, member.lowerBound..<end, "text/html") { accepts = true }
            }
        }
        return accepts
    }
}
