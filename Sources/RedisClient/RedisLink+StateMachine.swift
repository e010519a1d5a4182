internal import NIOCore

extension RedisLink {
    /// The life of a link to Redis, attempt by attempt. Pure: events and the time in, actions out. An attempt has a number;
    /// events of an earlier one change nothing.
    struct StateMachine {
        enum State: Equatable {
            case idle
            case connecting
            /// Connected; who we are and whether the server can serve is being said.
            case greeting
            case usable(since: NIODeadline)
            /// Until the next attempt.
            case resting
            case stopped
        }

        enum Action: Equatable {
            case connect(attempt: UInt64)
            case greet
            case announce
            /// - Parameter wasUsable: the link was announced before.
            case rest(Duration, wasUsable: Bool)
            case none
        }

        static let firstRest = Duration.milliseconds(50)
        static let longestRest = Duration.seconds(1)
        /// A link that broke sooner counts as one that was never made: no storm of connections to a server that accepts
        /// them and can do nothing.
        static let proof = TimeAmount.seconds(1)

        private(set) var state = State.idle
        private(set) var attempt: UInt64 = 0
        private var failures = 0

        mutating func start() -> Action {
            guard state == .idle else { return .none }
            return connect()
        }

        mutating func connected(_ attempt: UInt64) -> Action {
            guard attempt == self.attempt, state == .connecting else { return .none }
            state = .greeting
            return .greet
        }

        mutating func greeted(_ attempt: UInt64, now: NIODeadline) -> Action {
            guard attempt == self.attempt, state == .greeting else { return .none }
            state = .usable(since: now)
            return .announce
        }

        /// The attempt came to nothing, or its connection ended.
        /// - Parameter chance: from 0 to 1, at random: how much of the longest rest is taken, so that many nodes that
        ///   lost a server together do not come back together.
        mutating func failed(_ attempt: UInt64, now: NIODeadline, chance: Double) -> Action {
            guard attempt == self.attempt else { return .none }
            var wasUsable = false
            switch state {
            case .idle, .resting, .stopped: return .none
            case .connecting, .greeting: break
            case .usable(let since):
                wasUsable = true
                if now - since >= Self.proof { failures = 0 }
            }
            state = .resting
            let longest = min(Self.longestRest, Self.firstRest * (1 << min(failures, 5)))
            failures += 1
            return .rest(longest * chance, wasUsable: wasUsable)
        }

        mutating func rested(_ attempt: UInt64) -> Action {
            guard attempt == self.attempt, state == .resting else { return .none }
            return connect()
        }

        mutating func stop() {
            state = .stopped
        }

        private mutating func connect() -> Action {
            attempt += 1
            state = .connecting
            return .connect(attempt: attempt)
        }
    }
}
