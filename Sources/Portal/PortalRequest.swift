package import GatehouseCore
package import NIOCore

/// One request to the gateway's own pages, as the data plane understood it: host and path are canonical, fields are as
/// they came.
package struct PortalRequest: Sendable {
    package var id: RequestID
    /// The exact token.
    package var method: String
    /// Canonical, without port.
    package var host: String
    /// `false` for a `/.gatehouse/…` path on an app's host.
    package var isPortalHost: Bool
    /// Canonical.
    package var path: String
    /// Raw, without the question mark.
    package var query: String?
    package var fields: [(name: String, value: String)]
    package var address: SourceAddress
    /// Reads the whole body. Throws ``BodyTooLarge`` above the limit (in bytes), and whatever else keeps a body from
    /// arriving.
    package var body: @Sendable (_ limit: Int) async throws -> ByteBuffer

    package init(
        id: RequestID,
        method: String,
        host: String,
        isPortalHost: Bool,
        path: String,
        query: String?,
        fields: [(name: String, value: String)],
        address: SourceAddress,
        body: @escaping @Sendable (_ limit: Int) async throws -> ByteBuffer
    ) {
        self.id = id
        self.method = method
        self.host = host
        self.isPortalHost = isPortalHost
        self.path = path
        self.query = query
        self.fields = fields
        self.address = address
        self.body = body
    }
}

/// The body is longer than the limit that was asked for: a 413.
package struct BodyTooLarge: Error {
    package init() {}
}

extension PortalRequest {
    /// - Parameter name: in lower case.
    func values(of name: String) -> [String] {
        fields.filter { ByteText.isSameIgnoringCase($0.name.utf8, name) }.map(\.value)
    }

    /// The value of a field that comes once; `nil` when it is absent or repeated.
    /// - Parameter name: in lower case.
    func value(of name: String) -> String? {
        let all = values(of: name)
        return all.count == 1 ? all[0] : nil
    }
}
