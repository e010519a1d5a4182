internal import GatehouseCore

/// The cookies of a request, with repetition kept: two session cookies are no session (docs/security-rules.md, rule 4).
/// Read by bytes as the data plane reads them, so that both see the same cookies.
struct RequestCookies: Sendable {
    private let pairs: [(name: Substring.UTF8View, value: Substring.UTF8View)]

    init(_ request: PortalRequest) {
        pairs = request.values(of: "cookie").flatMap { field in
            ByteText.members(of: field[...].utf8, separator: ByteText.semicolon).compactMap { pair in
                let (name, value) = ByteText.halves(of: pair, at: ByteText.equals)
                return value.map { (name, $0) }
            }
        }
    }

    /// The token that a cookie holds; anything else than one well-formed token is none (rule 6).
    func token(_ name: String) -> SessionToken? {
        let values = values(of: name)
        guard values.count == 1 else { return nil }
        return SessionToken(values[0])
    }

    func isRepeated(_ name: String) -> Bool {
        values(of: name).count > 1
    }

    private func values(of name: String) -> [Substring.UTF8View] {
        pairs.filter { $0.name.elementsEqual(name.utf8) }.map(\.value)
    }
}
