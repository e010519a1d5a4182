extension RedisDataLink {
    /// Whether a connection still answers. A server or a NAT may drop one without a word: its tracking is gone then, and
    /// what the loop has cached would be believed for as long as nobody asks. Pure: a tick of the loop in, an action out.
    ///
    /// Ticks are counted, not time, so that a loop that was held up reads before it judges. Whatever is awaited is as good
    /// as a ping, and any byte of a reply as good as a pong.
    struct Pulse {
        enum Action: Equatable {
            case none
            case ping
            /// Nothing has come for ``ticksUnanswered`` ticks although something was awaited.
            case giveUp
        }

        static let ticksUnanswered = RedisPushLink.pingsUnanswered

        /// Ticks in a row at which something was awaited and nothing had come.
        private var unanswered = 0
        private var isPinging = false

        /// - Parameters:
        ///   - received: since the last tick.
        ///   - isAwaited: whether a command waits for its reply now.
        mutating func tick(_ received: RedisPipeline.Received, isAwaited: Bool) -> Action {
            if received.hasBytes { unanswered = 0 }
            guard unanswered < Self.ticksUnanswered else { return .giveUp }
            // A pong alone is no reason to leave the next ping out: a loss shall be noticed as soon whenever it comes.
            let pongs = isPinging && received.replies > 0 ? 1 : 0
            if pongs > 0 { isPinging = false }
            if isAwaited {
                unanswered += 1
                return .none
            }
            guard received.replies == pongs else { return .none }
            isPinging = true
            unanswered = 1
            return .ping
        }
    }
}
