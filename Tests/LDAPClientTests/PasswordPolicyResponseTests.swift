import Testing

@testable import LDAPClient

@Suite("Password policy control")
struct PasswordPolicyResponseTests {
    private func read(_ value: [UInt8]) throws -> PasswordPolicyResponse {
        try PasswordPolicyResponse(controls: [(PasswordPolicyResponse.policyControl, value)])
    }

    @Test("an empty sequence says nothing")
    func empty() throws {
        #expect(try read([0x30, 0x00]) == PasswordPolicyResponse())
    }

    @Test("expiry, grace and error are read")
    func fields() throws {
        #expect(try read([0x30, 0x07, 0xA0, 0x05, 0x80, 0x03, 0x06, 0x97, 0x7F]).expiresIn == .seconds(431_999))
        #expect(try read([0x30, 0x05, 0xA0, 0x03, 0x81, 0x01, 0x02]).graceLogins == 2)
        #expect(try read([0x30, 0x03, 0x81, 0x01, 0x01]).failure == .accountLocked)
        let both = try read([0x30, 0x08, 0xA0, 0x03, 0x80, 0x01, 0x05, 0x81, 0x01, 0x02])
        #expect(both == PasswordPolicyResponse(expiresIn: .seconds(5), failure: .changeAfterReset))
    }

    @Test(
        "a control that is cut, too long, unknown or negative is no answer",
        arguments: [
            [], [0x30], [0x30, 0x01], [0x31, 0x00], [0x30, 0x00, 0x00], [0x30, 0x03, 0x81, 0x01, 0x0A],
            [0x30, 0x03, 0x81, 0x01, 0xFF], [0x30, 0x02, 0xA0, 0x00], [0x30, 0x04, 0xA0, 0x02, 0x80, 0x00],
            [0x30, 0x80, 0x00, 0x00], [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], [0x30, 0x03, 0x82, 0x01, 0x00],
            [0x30, 0x05, 0xA0, 0x03, 0x82, 0x01, 0x02], [0x30, 0x06, 0x81, 0x01, 0x01, 0x81, 0x01, 0x01],
        ] as [[UInt8]]
    )
    func malformed(value: [UInt8]) {
        #expect(throws: PasswordPolicyResponse.Malformed.self) { try read(value) }
    }

    @Test("two policy controls are no answer")
    func twice() {
        let control = (type: PasswordPolicyResponse.policyControl, value: [0x30, 0x00] as [UInt8])
        #expect(throws: PasswordPolicyResponse.Malformed.self) {
            try PasswordPolicyResponse(controls: [control, control])
        }
    }

    @Test("no bytes whatever make the reader trap")
    func anyBytes() {
        var generator = Seeded(state: 7)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                [
                    0x30, 0xA0, 0x80, 0x81, UInt8.random(in: 0...8, using: &generator),
                    .random(in: 0...255, using: &generator),
                ]
                .randomElement(using: &generator) ?? 0
            }
            _ = try? read(bytes)
        }
    }

    @Test("Netscape's controls count where the policy control is silent")
    func netscape() throws {
        let expired = (type: PasswordPolicyResponse.expiredControl, value: Array("0".utf8))
        #expect(try PasswordPolicyResponse(controls: [expired]).failure == .passwordExpired)
        let policy = (type: PasswordPolicyResponse.policyControl, value: [0x30, 0x03, 0x81, 0x01, 0x02] as [UInt8])
        #expect(try PasswordPolicyResponse(controls: [expired, policy]).failure == .changeAfterReset)
        let expiring = (type: PasswordPolicyResponse.expiringControl, value: Array("3600".utf8))
        #expect(try PasswordPolicyResponse(controls: [expiring]).expiresIn == .seconds(3600))
        let broken = (type: PasswordPolicyResponse.expiringControl, value: Array("-1".utf8))
        #expect(throws: PasswordPolicyResponse.Malformed.self) { try PasswordPolicyResponse(controls: [broken]) }
    }

    @Test("only result code 0 without an error and without grace is clean")
    func clean() throws {
        let endpoint = try #require(LDAPEndpoint("ldap://127.0.0.1", startTLS: false))
        func outcome(_ code: Int32, _ policy: PasswordPolicyResponse) -> LDAPBindOutcome {
            LDAPBindOutcome(resultCode: code, diagnostic: "", policy: policy, server: endpoint)
        }
        #expect(outcome(0, .init()).isClean)
        #expect(outcome(0, .init(expiresIn: .seconds(1))).isClean)
        #expect(!outcome(0, .init(graceLogins: 1)).isClean)
        #expect(!outcome(0, .init(failure: .changeAfterReset)).isClean)
        #expect(!outcome(49, .init()).isClean)
        #expect(!outcome(10, .init()).isClean)
    }
}
