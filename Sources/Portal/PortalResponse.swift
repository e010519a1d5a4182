package import NIOCore

/// An answer of the portal. The writer adds `Content-Length` and `Date`. To HEAD the body is what GET would have got: the
/// writer counts it and sends none of it.
package struct PortalResponse: Sendable {
    package var status: Int
    package var fields: [(name: String, value: String)]
    package var body: ByteBuffer

    package init(status: Int, fields: [(name: String, value: String)], body: ByteBuffer) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

extension PortalResponse {
    /// 303: the browser asks for the other address with GET, whatever the method was. The address of a redirect may hold
    /// a ticket, so nothing on the way stores it or names it as a referrer.
    static func seeOther(_ location: String) -> PortalResponse {
        PortalResponse(
            status: 303,
            fields: [
                ("Location", location), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"),
                ("X-Content-Type-Options", "nosniff"),
            ],
            body: ByteBuffer()
        )
    }

    func setting(_ name: String, _ value: String) -> PortalResponse {
        var response = self
        response.fields.append((name, value))
        return response
    }

    func values(of name: String) -> [String] {
        fields.filter { ByteText.isSameIgnoringCase($0.name.utf8, name) }.map(\.value)
    }
}
