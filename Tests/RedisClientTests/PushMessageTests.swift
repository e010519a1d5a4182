import NIOCore
import Testing

@testable import RedisClient

@Suite("What a subscribed connection hears")
struct PushMessageTests {
    private func bulk(_ text: String) -> RedisValue { .bulk(ByteBuffer(string: text)) }

    @Test("invalidations name keys or, by a null, all of them; a channel carries bytes")
    func messages() {
        let channel = bulk("__redis__:invalidate")
        #expect(
            RedisPushMessage(.array([bulk("message"), channel, .array([bulk("a"), bulk("b")])]))
                == .invalidated(keys: ["a", "b"])
        )
        #expect(RedisPushMessage(.array([bulk("message"), channel, .null])) == .invalidatedAll)
        #expect(
            RedisPushMessage(.array([bulk("message"), bulk("news"), bulk("x")])) == .message(channel: "news", [120])
        )
        #expect(RedisPushMessage(.array([bulk("pong"), bulk("")])) == .pong)
        #expect(RedisPushMessage(.array([bulk("subscribe"), channel, .integer(1)])) == .subscribed)
    }

    @Test(
        "anything else is not understood, and nothing traps",
        arguments: [
            RedisValue.null, .integer(1), .status("PONG"), .array([]), .array([.null]), .array([.integer(1)]),
            .array([.bulk(ByteBuffer(string: "message"))]),
            .array([.bulk(ByteBuffer(string: "message")), .null, .null]),
            .array([.bulk(ByteBuffer(string: "message")), .bulk(ByteBuffer(string: "news")), .null]),
            .array([
                .bulk(ByteBuffer(string: "message")), .bulk(ByteBuffer(string: "__redis__:invalidate")), .integer(1),
            ]),
            .array([.bulk(ByteBuffer(string: "unsubscribe")), .null, .integer(0)]),
        ]
    )
    func unknown(_ value: RedisValue) {
        #expect(RedisPushMessage(value) == .unknown)
    }
}
