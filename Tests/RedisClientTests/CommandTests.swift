import Cryptography
import GatehouseCore
import NIOCore
import TestSupport
import Testing

@testable import RedisClient

@Suite("Commands and scripts as they are sent")
struct CommandTests {
    private func text(_ command: RedisCommand) -> String { String(buffer: command.encoded) }

    @Test("each word is sent with its length, whatever is in it")
    func binary() {
        #expect(text(RedisCommand("GET", "a b\r\n")) == "*2\r\n$3\r\nGET\r\n$5\r\na b\r\n\r\n")
        #expect(text(RedisCommand("SET", "ä", "")) == "*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$0\r\n\r\n")
        let words: [RedisArgument] = ["SET", RedisArgument([0, 255]), RedisArgument(Int64(-12))]
        let bytes = Array(RedisCommand(words: words).encoded.readableBytesView)
        #expect(bytes == Array("*3\r\n$3\r\nSET\r\n$2\r\n".utf8) + [0, 255] + Array("\r\n$3\r\n-12\r\n".utf8))
    }

    @Test("a command that is printed shows nothing of its words")
    func redaction() {
        let words: [RedisArgument] = ["AUTH", "hunter2"]
        let command = RedisCommand(words: words)
        var dumped = ""
        dump(command, to: &dumped)
        dump(words, to: &dumped)
        #expect(!"\(command)\(words)\(dumped)".contains("hunter2"))
    }

    @Test(
        "SHA-1 is that of FIPS 180-4",
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
            (String(repeating: "a", count: 1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
        ]
    )
    func sha1(_ text: String, _ digest: String) {
        #expect(Hexadecimal.encode(SHA1.hash(Array(text.utf8))) == digest)
    }

    @Test("Redis gives a script the same name", arguments: [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1000])
    func scriptNames(_ length: Int) async throws {
        let text = "return 1 --" + String(repeating: "x", count: length)
        #expect(
            try await Self.server.value.cli("SCRIPT", "LOAD", text) == Hexadecimal.encode(SHA1.hash(Array(text.utf8)))
        )
    }

    private static let server = Task { try await TestRedis.start() }

    @Test("a script is called by name, and by text where it is not known; a reading one says so")
    func scripts() {
        let script = RedisScript("return 1")
        let name = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
        #expect(script.sha1 == name)
        #expect(
            text(script.byName(keys: ["k"], arguments: ["a"]))
                == "*5\r\n$7\r\nEVALSHA\r\n$40\r\n\(name)\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n"
        )
        #expect(text(script.byText(keys: [], arguments: [])) == "*3\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n")
        let reading = RedisScript("return 1", readOnly: true)
        #expect(text(reading.byName(keys: [], arguments: [])).contains("EVALSHA_RO"))
        #expect(text(reading.byText(keys: [], arguments: [])).contains("EVAL_RO"))
    }
}
