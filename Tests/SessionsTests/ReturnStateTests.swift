import Cryptography
import GatehouseCore
import Sessions
import Testing

@Suite("Return state")
struct ReturnStateTests {
    private let key: GatewayKey
    private let state: ReturnState
    private let secret: SessionToken

    init() throws {
        key = try #require(GatewayKey(bytes: [UInt8](0..<32)))
        state = ReturnState(key: key)
        secret = try #require(SessionToken(String(repeating: "A", count: 43).utf8))
    }

    @Test("the state of one cookie on one host is always the same, and has the form of a state")
    func isStable() {
        let first = state.state(of: secret, host: "crm.example.com")
        #expect(first == ReturnState(key: key).state(of: secret, host: "crm.example.com"))
        #expect(first.utf8.count == 43)
        #expect(ReturnState.isWellFormed(first))
    }

    @Test("another cookie, host or key has another state")
    func isBound() throws {
        let other = ReturnState(key: try #require(GatewayKey(bytes: [UInt8](1..<33))))
        let states = [
            state.state(of: secret, host: "crm.example.com"), state.state(of: secret, host: "crm.example.co"),
            state.state(of: secret, host: ""), state.state(of: .random(), host: "crm.example.com"),
            other.state(of: secret, host: "crm.example.com"),
        ]
        #expect(Set(states).count == states.count)
    }

    @Test("the state does not give the cookie away")
    func isPublic() {
        #expect(state.state(of: secret, host: "crm.example.com") != secret.text)
        #expect(!String(describing: state).contains("31"))
    }

    @Test(
        "what has not the form of a state is told apart",
        arguments: [
            "", "A", String(repeating: "A", count: 42), String(repeating: "A", count: 44),
            String(repeating: "A", count: 42) + "=", String(repeating: "A", count: 42) + "B",
            String(repeating: "A", count: 42) + "é", String(repeating: "+", count: 43),
        ]
    )
    func malformed(text: String) {
        #expect(!ReturnState.isWellFormed(text))
    }
}
