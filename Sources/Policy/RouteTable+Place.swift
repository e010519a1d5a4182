/// What a path on a configured host leads to, and the form in which it is judged and forwarded.
package struct Place: Sendable {
    package enum Owner: Equatable, Sendable {
        /// A page of the portal's own host.
        case portal
        /// `/.gatehouse/…` on an app's host.
        case gateway
        case app(RouteTable.AppIndex)
    }

    package let owner: Owner
    /// The canonical path; `.unchanged` where the bytes that were given are canonical.
    package let form: CanonicalPath.Form

    /// Why a path leads nowhere.
    package enum Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        case path(CanonicalPath.Refusal)
        case noApplication
        /// The app that one reading leads to reads the path as another app's.
        case severalApplications

        package var description: String {
            switch self {
            case .path(let refusal): refusal.rawValue
            case .noApplication: "no application of this host has this path"
            case .severalApplications: "the path belongs to no application in one reading alone"
            }
        }
    }
}

extension RouteTable {
    /// Finds the owner of a path. Which app it is decides how its path is read: so the path is read once with everything
    /// kept, to find the app, and then by that app's own settings, which must lead to the same app.
    ///
    /// - Parameter path: of a request target or an address, without its query.
    package func place(on host: Host, path: Span<UInt8>) throws(Place.Refusal) -> Place {
        let form = try Self.form(path, keepEncodedSlash: true, mergeSlashes: true)
        if host.site == .portal { return Place(owner: .portal, form: form) }
        if Self.withBytes(of: form, path, Self.isBelowGatewayPrefix) { return Place(owner: .gateway, form: form) }
        guard let index = app(on: host, form, path) else { throw .noApplication }
        // Two flags, not a copy of the app: every request comes this way.
        let keepsEncodedSlash = apps[index].encodedSlash == .keep
        let mergesSlashes = apps[index].mergeSlashes
        guard !keepsEncodedSlash || !mergesSlashes else { return Place(owner: .app(index), form: form) }
        let own = try Self.form(path, keepEncodedSlash: keepsEncodedSlash, mergeSlashes: mergesSlashes)
        guard self.app(on: host, own, path) == index else { throw .severalApplications }
        return Place(owner: .app(index), form: own)
    }

    private func app(on host: Host, _ form: CanonicalPath.Form, _ path: Span<UInt8>) -> AppIndex? {
        Self.withBytes(of: form, path) { app(on: host, path: $0) }
    }

    private static func form(
        _ path: Span<UInt8>,
        keepEncodedSlash: Bool,
        mergeSlashes: Bool
    ) throws(Place.Refusal) -> CanonicalPath.Form {
        do throws(CanonicalPath.Refusal) {
            return try CanonicalPath.form(of: path, keepEncodedSlash: keepEncodedSlash, mergeSlashes: mergeSlashes)
        } catch {
            throw .path(error)
        }
    }

    private static func withBytes<Result>(
        of form: CanonicalPath.Form,
        _ path: Span<UInt8>,
        _ body: (Span<UInt8>) -> Result
    ) -> Result {
        if case .rewritten(let canonical) = form { body(canonical.span) } else { body(path) }
    }

    private static func isBelowGatewayPrefix(_ path: Span<UInt8>) -> Bool {
        guard path.count >= gatewayPrefix.count else { return false }
        for index in 0..<gatewayPrefix.count where path[index] != gatewayPrefix[index] { return false }
        return path.count == gatewayPrefix.count || path[gatewayPrefix.count] == CanonicalPath.slash
    }

    private static let gatewayPrefix = Array("/.gatehouse".utf8)
}
