package import Logging
package import NIOCore

/// Redis for all event loops of a group: on each loop one connection over which its commands are pipelined, and one more,
/// on the first loop, over which Redis says what changed.
///
/// A client that was started is shut down before its group; until then it reconnects.
package final class RedisClient: Sendable {
    private struct Lane: Sendable {
        let eventLoop: any EventLoop
        let link: NIOLoopBoundBox<RedisDataLink>
    }

    private let lanes: [Lane]
    private let laneOfLoop: [ObjectIdentifier: Int]
    private let push: NIOLoopBoundBox<RedisPushLink>
    private let board: RedisStatusBoard

    /// - Parameters:
    ///   - security: adds the handlers that protect a connection's bytes; `nil` is plain text.
    ///   - prepare: runs on each new connection of a loop, on that loop, after the greeting and before the connection may be
    ///     used. Where it fails the connection is closed and tried again, and its error is the status' problem.
    package init(
        configuration: RedisConfiguration,
        group: any EventLoopGroup,
        logger: Logger,
        security: RedisTransportSecurity? = nil,
        prepare: @escaping @Sendable (RedisConnection) -> EventLoopFuture<Void> = {
            $0.eventLoop.makeSucceededVoidFuture()
        }
    ) {
        let dialer = RedisDialer(configuration: configuration, security: security)
        let eventLoops = Array(group.makeIterator())
        precondition(!eventLoops.isEmpty, "a group without event loops")
        let board = RedisStatusBoard(links: eventLoops.count, logger: logger)
        self.board = board
        lanes = eventLoops.enumerated().map { index, eventLoop in
            let link = RedisDataLink(
                eventLoop: eventLoop,
                dialer: dialer,
                index: index,
                board: board,
                prepare: prepare
            )
            return Lane(eventLoop: eventLoop, link: .makeBoxSendingValue(link, eventLoop: eventLoop))
        }
        laneOfLoop = Dictionary(uniqueKeysWithValues: eventLoops.enumerated().map { (ObjectIdentifier($1), $0) })
        push = .makeBoxSendingValue(
            RedisPushLink(eventLoop: eventLoops[0], dialer: dialer, board: board),
            eventLoop: eventLoops[0]
        )
    }

    package var status: RedisStatus { board.status }
    var firstLoop: any EventLoop { lanes[0].eventLoop }

    /// Adds a handler that hears, on the event loop, what becomes of the keys that the loop has read. Before ``start()``:
    /// it hears everything then.
    package func track(
        on eventLoop: any EventLoop,
        _ handler: @escaping @Sendable (RedisTrackingEvent) -> Void
    ) {
        let lane = lane(of: eventLoop)
        lane.eventLoop.execute { lane.link.value.track(handler) }
    }

    /// Adds a handler of a pub/sub channel, called on the group's first event loop. What is published while the connection
    /// is down is lost: whoever depends on it listens for ``RedisTrackingEvent/unconfirmed`` as well.
    package func subscribe(_ channel: String, _ handler: @escaping @Sendable ([UInt8]) -> Void) {
        let push = push
        push.eventLoop.execute { push.value.subscribe(channel, handler) }
    }

    /// Begins to connect, and returns.
    package func start() {
        let (push, lanes) = (push, lanes)
        push.eventLoop.execute {
            push.value.occurred = { event in Self.post(event, to: lanes) }
            push.value.start()
        }
        for lane in lanes { lane.eventLoop.execute { lane.link.value.start() } }
    }

    /// - Returns: the status when every loop's connection is up, or when the time is over.
    package func waitUntilUsable(within limit: Duration) async -> RedisStatus {
        try? await board.usable(within: TimeAmount(limit), on: lanes[0].eventLoop).get()
        return board.status
    }

    /// Closes all connections; commands that wait for a reply fail.
    package func shutdown() async {
        let push = push
        try? await push.eventLoop.flatSubmit { push.value.stop() }.get()
        for lane in lanes { try? await lane.eventLoop.flatSubmit { lane.link.value.stop() }.get() }
        board.releaseWaiters()
    }

    /// Sends a command over the event loop's own connection, behind those that were sent before.
    /// - Returns: a future on that loop; it fails with a ``RedisError``, at once where there is no connection.
    package func send(_ command: RedisCommand, on eventLoop: any EventLoop) -> EventLoopFuture<RedisValue> {
        onLane(of: eventLoop) { $0.send(command) }
    }

    /// Runs a script over the event loop's own connection. A script that the server does not know is sent once more, with its
    /// text: it then runs behind what was sent in the meantime.
    /// - Returns: a future on that loop; it fails with a ``RedisError``, at once where there is no connection.
    package func evaluate(
        _ script: RedisScript,
        keys: [String],
        arguments: [RedisArgument] = [],
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<RedisValue> {
        onLane(of: eventLoop) { $0.evaluate(script, keys: keys, arguments: arguments) }
    }

    private func lane(of eventLoop: any EventLoop) -> Lane {
        lanes[laneOfLoop[ObjectIdentifier(eventLoop)] ?? 0]
    }

    /// A loop of another group is served by the first of ours.
    private func onLane(
        of eventLoop: any EventLoop,
        _ body: @escaping @Sendable (RedisDataLink) -> EventLoopFuture<RedisValue>
    ) -> EventLoopFuture<RedisValue> {
        let lane = lane(of: eventLoop)
        if lane.eventLoop.inEventLoop { return body(lane.link.value).hop(to: eventLoop) }
        return lane.eventLoop.flatSubmit { body(lane.link.value) }.hop(to: eventLoop)
    }

    /// Redis does not say for which connection a key was tracked: every loop hears of it.
    private static func post(_ event: RedisPushLink.Event, to lanes: [Lane]) {
        for lane in lanes {
            lane.eventLoop.execute {
                switch event {
                case .target(let target): lane.link.value.pushTargetChanged(target)
                case .invalidated(let keys): for key in keys { lane.link.value.tell(.invalidated(key: key)) }
                case .invalidatedAll: lane.link.value.tell(.invalidatedAll)
                }
            }
        }
    }
}
