internal import Cryptography
internal import GatehouseCore
internal import NIOCore

/// A file of the pages, under a path that names its content: it can be kept forever.
struct Asset: Sendable {
    let path: String
    let contentType: String
    let body: ByteBuffer

    init(name: String, suffix: String, contentType: String, text: String) {
        let hash = Hexadecimal.encode(Array(SHA256.hash(Array(text.utf8)).prefix(8)))
        path = "/.gatehouse/assets/\(name)-\(hash).\(suffix)"
        self.contentType = contentType
        body = ByteBuffer(string: text)
    }
}

/// Served on the portal's host and on every app's.
enum Assets {
    static let stylesheet = Asset(
        name: "style",
        suffix: "css",
        contentType: "text/css; charset=utf-8",
        text: Stylesheet.palette + Stylesheet.elements + Stylesheet.launcher
    )

    static let icon = Asset(name: "icon", suffix: "svg", contentType: "image/svg+xml", text: gate)

    static let all = [stylesheet, icon]

    /// Two towers and an open gate.
    private static let gate = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="15" fill="#1d5c8f"/>\
        <path fill="#fff" d="M12 15h5v4h4v-4h5v8h12v-8h5v4h4v-4h5v35H40V39a8 8 0 0 0-16 0v11H12z"/></svg>
        """
}
