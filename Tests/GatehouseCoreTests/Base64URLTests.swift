import GatehouseCore
import TestSupport
import Testing

@Suite("Base64url")
struct Base64URLTests {
    @Test(
        "the vectors of RFC 4648 come out, without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func vectors(text: String, encoded: String) {
        #expect(Base64URL.encode(text.utf8) == encoded)
        #expect(Base64URL.decode(encoded.utf8) == Array(text.utf8))
    }

    @Test("the two characters of the URL alphabet stand for 62 and 63")
    func alphabet() {
        #expect(Base64URL.encode([0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF]) == "----____")
        #expect(Base64URL.decode("----____".utf8) == [0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF])
    }

    @Test("bytes of any length come back unchanged")
    func roundTrip() {
        var generator = SeededGenerator(seed: 1)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
        }
    }

    @Test(
        "padding, other alphabets, white space and impossible lengths are refused",
        arguments: [
            "Zg==", "Zg=", "=", "A", "AAAAA", "Zm9+", "Zm9/", "Zm 9v", "Zm9v\n", " Zm9v", "Zm9v\0", "Zm9é", "Zm9.v",
        ]
    )
    func malformed(text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }

    @Test("of all texts of two and three characters exactly one stands for each value")
    func oneSpelling() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var ones: Set<[UInt8]> = []
        var accepted = 0
        for first in alphabet {
            for second in alphabet {
                guard let bytes = Base64URL.decode([first, second]) else { continue }
                accepted += 1
                ones.insert(bytes)
            }
        }
        #expect(accepted == 256 && ones.count == 256)
        #expect(alphabet.filter { Base64URL.decode(Array("AA".utf8) + [$0]) != nil }.count == 16)
    }
}
