internal import NIOCore

/// The connection on which one event loop asks Redis, and what that loop is told of changes. Confined to the loop.
final class RedisDataLink {
    /// Before tracking is asked for again where Redis refused it.
    private static let trackingPause = TimeAmount.milliseconds(100)
    private static let ping = RedisCommand("PING")

    let eventLoop: any EventLoop
    private let link: RedisLink
    private let index: Int
    private let board: RedisStatusBoard
    private let prepare: @Sendable (RedisConnection) -> EventLoopFuture<Void>
    private var tracking = RedisTracking()
    private var handlers: [@Sendable (RedisTrackingEvent) -> Void] = []
    private var pulse = Pulse()
    private var ticking: Scheduled<Void>?

    init(
        eventLoop: any EventLoop,
        dialer: RedisDialer,
        index: Int,
        board: RedisStatusBoard,
        prepare: @escaping @Sendable (RedisConnection) -> EventLoopFuture<Void>
    ) {
        self.eventLoop = eventLoop
        self.index = index
        self.board = board
        self.prepare = prepare
        link = RedisLink(eventLoop: eventLoop, dialer: dialer, name: "gatehouse")
    }

    func start() {
        let prepare = prepare
        link.establish = { pipeline in
            let prepared = prepare(RedisConnection(pipeline))
            return prepared.hop(to: pipeline.eventLoop)
        }
        link.changed = { change in self.linkChanged(change) }
        link.start()
    }

    func stop() -> EventLoopFuture<Void> {
        handlers = []
        return link.stop()
    }

    /// Adds a handler, which hears at once if there is something to hear.
    func track(_ handler: @escaping @Sendable (RedisTrackingEvent) -> Void) {
        eventLoop.preconditionInEventLoop()
        handlers.append(handler)
        if tracking.isConfirmed { handler(.confirmed) }
    }

    /// The future fails with a ``RedisError``, at once where there is no connection.
    func send(_ command: RedisCommand) -> EventLoopFuture<RedisValue> {
        eventLoop.preconditionInEventLoop()
        guard let pipeline = link.pipeline else { return eventLoop.makeFailedFuture(unavailable) }
        return pipeline.send(command)
    }

    /// The future fails with a ``RedisError``, at once where there is no connection.
    func evaluate(_ script: RedisScript, keys: [String], arguments: [RedisArgument]) -> EventLoopFuture<RedisValue> {
        eventLoop.preconditionInEventLoop()
        guard let pipeline = link.pipeline else { return eventLoop.makeFailedFuture(unavailable) }
        return pipeline.evaluate(script, keys: keys, arguments: arguments)
    }

    func pushTargetChanged(_ target: RedisPushTarget?) {
        eventLoop.preconditionInEventLoop()
        for action in tracking.targetChanged(target) { perform(action) }
    }

    func tell(_ event: RedisTrackingEvent) {
        eventLoop.preconditionInEventLoop()
        for handler in handlers { handler(event) }
    }

    /// Whatever is wrong with the link, to a caller it means that nothing was sent.
    private var unavailable: RedisError {
        var cause = link.problem.cause
        cause.diagnostic = link.problem.message
        return RedisError(.disconnected, "There is no usable connection to Redis.", cause: cause)
    }

    private func linkChanged(_ change: RedisLink.Change) {
        switch change {
        case .up(let pipeline):
            board.linkChanged(index, problem: nil)
            pulse = Pulse()
            scheduleTick(pipeline)
            for action in tracking.linkWentUp() { perform(action) }
        case .down(let error, let wasUp):
            ticking?.cancel()
            ticking = nil
            board.linkChanged(index, problem: error)
            guard wasUp else { return }
            for action in tracking.linkWentDown() { perform(action) }
        }
    }

    private func scheduleTick(_ pipeline: RedisPipeline) {
        ticking = eventLoop.assumeIsolated().scheduleTask(in: RedisPushLink.pingInterval) {
            switch self.pulse.tick(pipeline.takeReceived(), isAwaited: pipeline.isAwaiting) {
            case .none: break
            case .ping: _ = pipeline.send(Self.ping)
            case .giveUp: return pipeline.timeOut()
            }
            self.scheduleTick(pipeline)
        }
    }

    private func perform(_ action: RedisTracking.Action) {
        switch action {
        case .none:
            break
        case .tell(let event):
            tell(event)
        case .ask(let target, let number):
            ask(target, number)
        case .askLater(let number):
            eventLoop.assumeIsolated().scheduleTask(in: Self.trackingPause) { [weak self] in
                guard let self else { return }
                perform(tracking.rested(number))
            }
        }
    }

    /// Not with `NOLOOP`: Redis forgets a key for every connection once it was changed, so one that is not told of its own
    /// change would not be told of the next one by somebody else either.
    private func ask(_ target: RedisPushTarget, _ number: UInt64) {
        let command = RedisCommand("CLIENT", "TRACKING", "ON", "REDIRECT", String(target.clientID))
        send(command).assumeIsolated().whenComplete { [weak self] result in
            guard let self else { return }
            switch result {
            case .success:
                board.trackingChanged(index, problem: nil)
                perform(tracking.answered(number, isTracking: true))
            case .failure(let error):
                board.trackingChanged(index, problem: error as? RedisError)
                perform(tracking.answered(number, isTracking: false))
            }
        }
    }
}
