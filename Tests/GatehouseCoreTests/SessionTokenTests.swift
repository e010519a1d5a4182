import GatehouseCore
import TestSupport
import Testing

@Suite("Session token")
struct SessionTokenTests {
    private let token = SessionToken.random()
    private var text: [UInt8] { Array(token.text.utf8) }

    @Test("what a token writes is read as the same token")
    func roundTrip() {
        #expect(text.count == SessionToken.textCount)
        #expect(SessionToken(text) == token)
        #expect(token.bytes.count == SessionToken.byteCount)
    }

    @Test("every truncation is refused")
    func truncations() {
        for length in 0..<text.count {
            #expect(SessionToken(text.prefix(length)) == nil)
            #expect(SessionToken(text.suffix(length)) == nil)
        }
    }

    @Test("every extension is refused")
    func extensions() {
        for byte in UInt8.min...UInt8.max {
            #expect(SessionToken(text + [byte]) == nil)
            #expect(SessionToken([byte] + text) == nil)
        }
        #expect(SessionToken(text + text) == nil)
    }

    @Test("every flipped bit leads out of the alphabet, to spare bits that are set, or to another token")
    func bitFlips() {
        for index in text.indices {
            for bit in 0..<8 {
                var flipped = text
                flipped[index] ^= 1 << UInt8(bit)
                #expect(SessionToken(flipped) != token)
            }
        }
    }

    @Test("the last character has one spelling, whatever its spare bits could be")
    func spareBits() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let readable = alphabet.filter { SessionToken(text.dropLast() + [$0]) != nil }
        #expect(readable.count == 16)
    }

    @Test("padding, blanks and other alphabets are refused in any place", arguments: "=+/ \t\r\n\0.;,%\"".utf8)
    func strangeCharacters(byte: UInt8) {
        for index in text.indices {
            var changed = text
            changed[index] = byte
            #expect(SessionToken(changed) == nil)
        }
    }

    @Test("change of case makes another token or none")
    func caseChanges() {
        for index in text.indices {
            var changed = text
            guard (0x41...0x5A).contains(changed[index] & 0xDF) else { continue }
            changed[index] ^= 0x20
            #expect(SessionToken(changed) != token)
        }
    }

    @Test("a thousand random tokens are a thousand")
    func areRandom() {
        #expect(Set((0..<1000).map { _ in SessionToken.random() }).count == 1000)
    }

    @Test("a token, its digest and a secret are never printed, by themselves or inside something else")
    func neverPrinted() {
        struct Holder {
            let token: SessionToken
            let secret: Secret
            let digest: TokenDigest
        }
        let holder = Holder(
            token: token,
            secret: Secret(utf8: "hunter2 \(token.text)"),
            digest: TokenDigest(bytes: token.bytes)
        )
        var dumped = ""
        dump(holder, to: &dumped)
        dump(holder.token, to: &dumped)
        dump([holder.secret], to: &dumped)
        let texts = [
            "\(holder)", String(reflecting: holder), "\(holder.token)", String(reflecting: holder.token),
            "\(holder.secret)",
            String(reflecting: holder.secret), "\([holder.secret])", "\(Optional(holder.secret) as Any)", dumped,
            "\(holder.digest)", String(reflecting: holder.digest),
        ]
        let word = String(token.bytes[0..<8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
        for text in texts {
            #expect(text.contains("<redacted>"))
            for secret in [token.text, "hunter2", "\(token.bytes)", word] { #expect(!text.contains(secret)) }
        }
        for mirror in [
            Mirror(reflecting: holder.token), Mirror(reflecting: holder.secret), Mirror(reflecting: holder.digest),
        ] {
            #expect(mirror.children.isEmpty)
        }
    }

    @Test("the bytes of a secret are the bytes that were handed in")
    func secretBytes() {
        let secret = Secret(utf8: " pässword\0 ")
        #expect(secret.withBytes { $0 } == Array(" pässword\0 ".utf8))
        #expect(secret.count == 12 && !secret.isEmpty && Secret([]).isEmpty)
    }

    @Test("digests are equal when all bytes are")
    func digests() {
        let bytes = [UInt8](0..<32)
        #expect(TokenDigest(bytes: bytes) == TokenDigest(bytes: bytes))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x80
            #expect(TokenDigest(bytes: bytes) != TokenDigest(bytes: other))
        }
    }

    @Test("a request id is 16 characters of Crockford's alphabet, and all 80 bits count")
    func requestIDs() {
        var generator = SeededGenerator(seed: 2)
        let ids = (0..<1000).map { _ in RequestID.random(using: &generator).description }
        #expect(Set(ids).count == 1000)
        for id in ids {
            #expect(id.utf8.count == 16)
            #expect(id.utf8.allSatisfy { "0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8.contains($0) })
        }
        for position in 0..<16 {
            #expect(Set(ids.map { Array($0.utf8)[position] }).count == 32)
        }
        #expect(RequestID.random() != RequestID.random())
    }
}
