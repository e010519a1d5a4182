/// What arrives on a subscribed connection (RESP2).
enum RedisPushMessage: Sendable, Equatable {
    case subscribed
    case pong
    case invalidated(keys: [String])
    case invalidatedAll
    case message(channel: String, [UInt8])
    case refused(RedisServerError)
    case unknown

    init(_ value: RedisValue) {
        if case .error(let reply) = value {
            self = .refused(reply)
            return
        }
        guard let parts = value.elements, let kind = parts.first?.text else {
            self = .unknown
            return
        }
        switch (kind, parts.count) {
        case ("message", 3): self = Self.message(parts[1], parts[2])
        case ("pong", 2): self = .pong
        case ("subscribe", 3): self = .subscribed
        default: self = .unknown
        }
    }

    /// Invalidations come as an array of keys; instead of all keys there is a null.
    private static func message(_ channel: RedisValue, _ payload: RedisValue) -> RedisPushMessage {
        guard let channel = channel.text else { return .unknown }
        switch payload {
        case .array(let keys) where channel == RedisPushLink.invalidations:
            return .invalidated(keys: keys.compactMap(\.text))
        case .null where channel == RedisPushLink.invalidations:
            return .invalidatedAll
        case .bulk where channel != RedisPushLink.invalidations:
            return .message(channel: channel, payload.bytes ?? [])
        default:
            return .unknown
        }
    }
}
