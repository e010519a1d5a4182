internal import NIOCore

/// The connection to which Redis speaks unasked: invalidations of what the other connections have read, and channels.
/// Confined to its event loop.
final class RedisPushLink {
    static let invalidations = "__redis__:invalidate"
    /// Between two pings.
    static let pingInterval = TimeAmount.milliseconds(250)
    /// Pings without a pong after which the connection is dead: 750 ms. Ticks of the loop are counted, not time, so that a
    /// loop that was held up reads before it judges.
    static let pingsUnanswered = 3

    private static let ping = RedisCommand("PING")

    enum Event: Sendable {
        /// Subscribed, or (`nil`) no more.
        case target(RedisPushTarget?)
        case invalidated(keys: [String])
        case invalidatedAll
    }

    let eventLoop: any EventLoop
    /// Set before ``start()``.
    var occurred: ((Event) -> Void)?

    private let link: RedisLink
    private let board: RedisStatusBoard
    private var channels: [String: [@Sendable ([UInt8]) -> Void]] = [:]
    private var target: RedisPushTarget?
    private var pinging: Scheduled<Void>?
    private var pingsOutstanding = 0
    /// The connection from its first `SUBSCRIBE` on.
    private var listening: RedisPipeline?
    private var pendingSubscriptions = 0
    private var subscribed: EventLoopPromise<Void>?

    init(eventLoop: any EventLoop, dialer: RedisDialer, board: RedisStatusBoard) {
        self.eventLoop = eventLoop
        self.board = board
        link = RedisLink(eventLoop: eventLoop, dialer: dialer, name: "gatehouse-push")
    }

    func start() {
        link.establish = { pipeline in self.establish(pipeline) }
        link.changed = { change in self.linkChanged(change) }
        link.start()
    }

    func stop() -> EventLoopFuture<Void> {
        let closed = link.stop()
        occurred = nil
        channels = [:]
        return closed
    }

    /// Adds a handler of a channel, from the next connection on or from now.
    func subscribe(_ channel: String, _ handler: @escaping @Sendable ([UInt8]) -> Void) {
        eventLoop.preconditionInEventLoop()
        let isNew = channels[channel] == nil
        channels[channel, default: []].append(handler)
        guard isNew, let listening else { return }
        pendingSubscriptions += 1
        listening.write(RedisCommand("SUBSCRIBE", channel))
    }

    private func establish(_ pipeline: RedisPipeline) -> EventLoopFuture<Void> {
        pipeline.send(RedisCommand("CLIENT", "ID")).assumeIsolated().flatMapThrowing { reply throws -> Int64 in
            guard case .integer(let number) = reply else { throw RedisError.unexpectedReply }
            return number
        }.flatMap { number in
            self.target = RedisPushTarget(clientID: number)
            return self.subscribeAll(pipeline)
        }.nonisolated()
    }

    /// From here on the connection is not asked anything but to ping.
    private func subscribeAll(_ pipeline: RedisPipeline) -> EventLoopFuture<Void> {
        let names = [Self.invalidations] + channels.keys.sorted()
        let promise = eventLoop.makePromise(of: Void.self)
        pendingSubscriptions = names.count
        subscribed = promise
        listening = pipeline
        pipeline.pushed = { message in self.receive(RedisPushMessage(message), pipeline) }
        pipeline.write(RedisCommand(words: ["SUBSCRIBE"] + names.map { RedisArgument($0) }))
        return promise.futureResult
    }

    private func linkChanged(_ change: RedisLink.Change) {
        switch change {
        case .up(let pipeline):
            board.pushLinkChanged(problem: nil)
            pingsOutstanding = 0
            schedulePing(pipeline)
            occurred?(.target(target))
        case .down(let error, let wasUp):
            pinging?.cancel()
            pinging = nil
            target = nil
            listening = nil
            let subscribed = subscribed
            self.subscribed = nil
            subscribed?.fail(error)
            board.pushLinkChanged(problem: error)
            if wasUp { occurred?(.target(nil)) }
        }
    }

    private func schedulePing(_ pipeline: RedisPipeline) {
        pinging = eventLoop.assumeIsolated().scheduleTask(in: Self.pingInterval) {
            guard self.pingsOutstanding < Self.pingsUnanswered else { return pipeline.end(.pingTimeout) }
            self.pingsOutstanding += 1
            pipeline.write(Self.ping)
            self.schedulePing(pipeline)
        }
    }

    private func receive(_ message: RedisPushMessage, _ pipeline: RedisPipeline) {
        switch message {
        case .pong:
            pingsOutstanding -= 1
        case .subscribed:
            pendingSubscriptions -= 1
            guard pendingSubscriptions == 0, let subscribed else { return }
            self.subscribed = nil
            subscribed.succeed()
        case .invalidated(let keys):
            occurred?(.invalidated(keys: keys))
        case .invalidatedAll:
            occurred?(.invalidatedAll)
        case .message(let channel, let bytes):
            for handler in channels[channel] ?? [] { handler(bytes) }
        case .refused(let reply):
            pipeline.end(.greetingRefused(reply, command: "SUBSCRIBE"))
        case .unknown:
            pipeline.end(.unexpectedReply)
        }
    }
}
