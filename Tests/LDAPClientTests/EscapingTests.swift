import GatehouseCore
import LDAPClient
import Testing

@Suite("Escaping")
struct EscapingTests {
    @Test(
        "filter values keep printable ASCII and escape the rest",
        arguments: [
            ("alice", "alice"), ("a*b", "a\\2ab"), ("(x)", "\\28x\\29"), ("a\\b", "a\\5cb"), ("a\0b", "a\\00b"),
            ("Zoë", "Zo\\c3\\ab"), ("*)(uid=*))(|(uid=*", "\\2a\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a"), ("", ""),
        ]
    )
    func filterValues(value: String, escaped: String) {
        #expect(LDAPFilter.escape(value) == escaped)
    }

    @Test("whatever the value, the filter around it keeps its shape and the value comes back unchanged")
    func filterValuesRoundTrip() {
        var generator = Seeded(state: 0x1DA9)
        for _ in 0..<2000 {
            let value = randomText(using: &generator)
            let escaped = LDAPFilter.escape(value)
            #expect(escaped.utf8.allSatisfy { (0x20...0x7E).contains($0) && !"()*".utf8.contains($0) })
            #expect(unescape(escaped) == Array(value.utf8))
        }
    }

    @Test("names of any content come back unchanged from a distinguished name")
    func nameValuesRoundTrip() throws {
        var generator = Seeded(state: 0x2DA9)
        for _ in 0..<2000 {
            let value = randomText(using: &generator)
            guard !value.isEmpty else { continue }
            let text = "cn=\(LDAPNameValue.escape(value)),dc=test"
            // Every byte as a pair of hexadecimal digits is the spelling that no rule can misread.
            let hex = value.utf8.map { "\\" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            let name = try #require(DistinguishedName(text))
            let base = try #require(DistinguishedName("dc=test"))
            #expect(name == DistinguishedName("cn=\(hex),dc=test"))
            #expect(name.isWithin(base) && name != base)
        }
    }

    @Test("special characters of names are escaped where RFC 4514 says so")
    func nameValues() {
        #expect(LDAPNameValue.escape("#1 \"Chief\", +;<=>\\ ") == "\\#1 \\\"Chief\\\"\\, \\+\\;\\<\\=\\>\\\\\\ ")
        #expect(LDAPNameValue.escape(" a#b ") == "\\ a#b\\ ")
    }

    @Test("a filter template puts the escaped name in each place")
    func templates() {
        let template = LDAPFilterTemplate("(&(objectClass=person)(|(uid={login})(mail={login})))")
        #expect(template.namesLogin)
        #expect(
            template.render(login: "a)(uid=*")
                == "(&(objectClass=person)(|(uid=a\\29\\28uid=\\2a)(mail=a\\29\\28uid=\\2a)))"
        )
        #expect(template.presence == "(&(objectClass=person)(|(uid=*)(mail=*)))")
        #expect(!LDAPFilterTemplate("(uid=alice)").namesLogin)
    }

    @Test(
        "a template that compares otherwise than by equality has no presence form",
        arguments: ["(uid:caseExactMatch:={login})", "(uid~={login})", "(uid={login}@example.test)", "(uid>={login})"]
    )
    func noPresence(filter: String) {
        #expect(LDAPFilterTemplate(filter).presence == nil)
    }

    private func unescape(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 0x5C else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private func randomText(using generator: inout Seeded) -> String {
        let pool = Array("ab (*)\\#+,;<=>\"'|&!~\0\u{7F}äß山\u{10FFFF}\n/:").map(String.init)
        return (0..<Int.random(in: 0...12, using: &generator)).map { _ in pool.randomElement(using: &generator) ?? "" }
            .joined()
    }
}

/// The same numbers at each run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
