/// What an event loop learns of the keys that its connection has read (`CLIENT TRACKING`, redirected).
package enum RedisTrackingEvent: Sendable, Equatable {
    /// Somebody changed or removed the key, or it expired. It may be one that another loop has read.
    case invalidated(key: String)
    /// `FLUSHALL` or `FLUSHDB`, or Redis forgot what was read.
    case invalidatedAll
    /// Whatever this loop reads from now on is tracked. What it read before is not.
    case confirmed
    /// No change is told any more: what was read may have changed since.
    case unconfirmed
}

/// The connection that is subscribed to invalidations.
struct RedisPushTarget: Sendable, Equatable {
    /// Its `CLIENT ID`.
    let clientID: Int64
}
