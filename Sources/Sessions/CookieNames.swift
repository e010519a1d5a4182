package import GatehouseCore

/// The gateway's own cookies (docs/contract.md, "Cookies"). Over plain HTTP, which is allowed on loopback alone, they lose
/// prefix and `Secure`.
package struct CookieNames: Sendable, Equatable {
    package let session: String
    package let login: String
    package let returning: String
    package let device: String
    package let isSecure: Bool

    package init(portal scheme: Origin.Scheme) {
        isSecure = scheme == .https
        let prefix = isSecure ? "__Host-" : ""
        session = prefix + "gatehouse"
        login = prefix + "gatehouse-login"
        returning = prefix + "gatehouse-return"
        device = prefix + "gatehouse-device"
    }

    /// Every name the gateway may set: none is forwarded to an app, and no app may set one.
    package var all: [String] { [session, login, returning, device] }

    /// A Set-Cookie value that lasts until the browser closes.
    package func setCookie(_ name: String, _ token: SessionToken) -> String {
        "\(name)=\(token.text); Path=/; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }

    package func clearCookie(_ name: String) -> String {
        "\(name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }
}
