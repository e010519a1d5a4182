import GatehouseCore
import Sessions
import Testing

@Suite("Cookie names")
struct CookieNamesTests {
    private let token = SessionToken.random()

    @Test("over https every cookie is bound to its host by its name")
    func secureNames() {
        let names = CookieNames(portal: .https)
        #expect(
            names.all == [
                "__Host-gatehouse", "__Host-gatehouse-login", "__Host-gatehouse-return", "__Host-gatehouse-device",
            ]
        )
        #expect(names.isSecure)
    }

    @Test("over plain http on loopback the names lose their prefix")
    func plainNames() {
        let names = CookieNames(portal: .http)
        #expect(names.all == ["gatehouse", "gatehouse-login", "gatehouse-return", "gatehouse-device"])
        #expect(!names.isSecure)
    }

    @Test("what is set has every attribute that the prefix demands, no Domain and no Max-Age")
    func setting() {
        let names = CookieNames(portal: .https)
        #expect(
            names.setCookie(names.session, token)
                == "__Host-gatehouse=\(token.text); Path=/; HttpOnly; SameSite=Lax; Secure"
        )
        let plain = CookieNames(portal: .http)
        #expect(plain.setCookie(plain.session, token) == "gatehouse=\(token.text); Path=/; HttpOnly; SameSite=Lax")
    }

    @Test("what is deleted has the same attributes, so that browsers accept the deletion")
    func clearing() {
        let names = CookieNames(portal: .https)
        for name in names.all {
            #expect(names.clearCookie(name) == "\(name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure")
        }
    }
}
