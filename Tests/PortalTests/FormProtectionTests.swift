import Cryptography
import GatehouseCore
import Testing

@testable import Portal

@Suite("Form protection")
struct FormProtectionTests {
    private let time = ManualTime()
    private let key = GatewayKey(bytes: Array(repeating: 9, count: 32))!
    private let secret = SessionToken.random()
    private var protection: FormProtection { FormProtection(key: key, clock: time.wallClock) }

    @Test("A value is good for its form and its browser alone")
    func bound() {
        let value = protection.value(for: .signIn, secret: secret)
        #expect(protection.accepts(value, for: .signIn, secret: secret))
        #expect(!protection.accepts(value, for: .signOut, secret: secret))
        #expect(!protection.accepts(value, for: .signIn, secret: .random()))
        #expect(!protection.accepts(value, for: .signIn, secret: nil))
        #expect(!protection.accepts(nil, for: .signIn, secret: secret))
        #expect(!protection.accepts("", for: .signIn, secret: secret))
        #expect(!protection.accepts(value + "A", for: .signIn, secret: secret))
    }

    @Test("A value lives for one hour at least and two at most")
    func expires() {
        let value = protection.value(for: .signIn, secret: secret)
        time.advance(by: .seconds(3600))
        #expect(protection.accepts(value, for: .signIn, secret: secret))
        time.advance(by: .seconds(3600))
        #expect(!protection.accepts(value, for: .signIn, secret: secret))
    }

    @Test("A value of the next hour is not good yet")
    func future() {
        let later = ManualTime()
        later.advance(by: .seconds(3600))
        let value = FormProtection(key: key, clock: later.wallClock).value(for: .signIn, secret: secret)
        #expect(!protection.accepts(value, for: .signIn, secret: secret))
    }
}
