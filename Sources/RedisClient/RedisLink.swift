internal import Logging
internal import NIOCore

/// Keeps one connection to Redis: connects, greets, makes it ready, and starts again when it ends. Confined to its event
/// loop. It goes on, and lives, until it is stopped.
final class RedisLink {
    enum Change {
        /// The connection may be used from now on.
        case up(RedisPipeline)
        /// The attempt or the connection failed.
        /// - Parameter wasUp: there was an `up` before.
        case down(RedisError, wasUp: Bool)
    }

    let eventLoop: any EventLoop
    /// The last step before a connection counts. Set before ``start()``, as is ``changed``.
    var establish: ((RedisPipeline) -> EventLoopFuture<Void>)?
    var changed: ((Change) -> Void)?
    /// The connection, while it may be used.
    private(set) var pipeline: RedisPipeline?
    /// Why there is none.
    private(set) var problem = RedisError.notConnected

    private let dialer: RedisDialer
    private let name: String
    private var machine = StateMachine()
    /// The connection of the present attempt, usable or not.
    private var current: RedisPipeline?
    private var deadline: Scheduled<Void>?
    private var pause: Scheduled<Void>?

    /// - Parameter name: of its connections, in `CLIENT LIST`.
    init(eventLoop: any EventLoop, dialer: RedisDialer, name: String) {
        self.eventLoop = eventLoop
        self.dialer = dialer
        self.name = name
    }

    func start() {
        eventLoop.preconditionInEventLoop()
        perform(machine.start())
    }

    /// Ends the connection for good; whoever waits for a reply gets the error.
    /// - Returns: a future that succeeds when the connection is closed.
    func stop() -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        machine.stop()
        problem = .shutDown
        deadline?.cancel()
        pause?.cancel()
        let wasUp = pipeline != nil
        let current = current
        let closed = current?.closed
        self.current = nil
        pipeline = nil
        current?.ended = nil
        current?.end(.shutDown)
        changed?(.down(.shutDown, wasUp: wasUp))
        changed = nil
        establish = nil
        return closed ?? eventLoop.makeSucceededVoidFuture()
    }

    private func perform(_ action: StateMachine.Action) {
        switch action {
        case .none: break
        case .connect(let attempt): connect(attempt)
        case .greet: greet(machine.attempt)
        case .announce: announce()
        case .rest(let duration, let wasUsable): rest(duration, wasUsable: wasUsable)
        }
    }

    private func connect(_ attempt: UInt64) {
        let limit = TimeAmount(dialer.configuration.connectTimeout)
        deadline = eventLoop.assumeIsolated().scheduleTask(in: limit) { self.failed(attempt, .connectTimeout) }
        dialer.connect(on: eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(attempt, channel)
            case .failure(let error): self.failed(attempt, .connectionFailed(error))
            }
        }
    }

    private func connected(_ attempt: UInt64, _ channel: any Channel) {
        let action = machine.connected(attempt)
        guard action == .greet, let pipeline = try? channel.pipeline.syncOperations.handler(type: RedisPipeline.self)
        else {
            // Too late, or closed again already.
            channel.close(promise: nil)
            return failed(attempt, .closed)
        }
        current = pipeline
        pipeline.ended = { error in self.failed(attempt, error) }
        perform(action)
    }

    private func greet(_ attempt: UInt64) {
        guard let current, let establish else { return }
        dialer.greet(current, name: name).assumeIsolated().flatMap { establish(current) }.whenComplete { result in
            switch result {
            case .success: self.perform(self.machine.greeted(attempt, now: .now()))
            case .failure(let error): self.failed(attempt, Self.preparationFailed(error))
            }
        }
    }

    private func announce() {
        deadline?.cancel()
        pipeline = current
        if let current { changed?(.up(current)) }
    }

    private func failed(_ attempt: UInt64, _ error: RedisError) {
        let action = machine.failed(attempt, now: .now(), chance: .random(in: 0...1))
        guard action != .none else { return }
        deadline?.cancel()
        problem = error.at(dialer.address)
        perform(action)
    }

    private func rest(_ duration: Duration, wasUsable: Bool) {
        let current = current
        self.current = nil
        pipeline = nil
        current?.ended = nil
        current?.end(problem)
        let attempt = machine.attempt
        pause = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) {
            self.perform(self.machine.rested(attempt))
        }
        changed?(.down(problem, wasUp: wasUsable))
    }

    private static func preparationFailed(_ error: any Error) -> RedisError {
        if let error = error as? RedisError { return error }
        return RedisError(
            .unusable,
            "A connection to Redis could not be prepared.",
            cause: RedisError.Cause(diagnostic: "\(error)")
        )
    }
}
