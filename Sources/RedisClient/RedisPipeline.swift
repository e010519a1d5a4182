internal import NIOCore

/// One connection: commands go out in order, their replies come back in order. Confined to its event loop.
///
/// Whatever is wrong with it ends it: every command that waits fails then, and ``ended`` is called once.
final class RedisPipeline: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Waiting {
        let promise: EventLoopPromise<RedisValue>
        let deadline: NIODeadline
    }

    /// What has come over the connection in some time.
    struct Received: Equatable {
        var hasBytes = false
        /// Whole ones, errors included.
        var replies = 0
    }

    /// What is kept of the buffer between two ticks of the loop; a larger one is let go.
    private static let outgoingCapacity = 4096

    let eventLoop: any EventLoop
    /// Called with the reason when the connection is over.
    var ended: ((RedisError) -> Void)?
    /// Once it is set what arrives answers no command: the connection is subscribed to channels.
    var pushed: ((RedisValue) -> Void)?

    private let timeout: TimeAmount
    private let limit: Int
    private var reader: RedisReader
    private var context: ChannelHandlerContext?
    private var waiting: CircularBuffer<Waiting> = []
    private var outgoing = ByteBuffer()
    private var isFlushScheduled = false
    private var timer: Scheduled<Void>?
    private var failure: RedisError?
    private var received = Received()

    init(eventLoop: any EventLoop, configuration: RedisConfiguration) {
        self.eventLoop = eventLoop
        timeout = TimeAmount(configuration.commandTimeout)
        limit = configuration.commandsInFlight
        reader = RedisReader(limits: configuration.replyLimits)
    }

    /// Sends a command with all others of this tick of the loop.
    func send(_ command: RedisCommand) -> EventLoopFuture<RedisValue> {
        eventLoop.preconditionInEventLoop()
        if let failure { return eventLoop.makeFailedFuture(failure) }
        guard waiting.count < limit else { return eventLoop.makeFailedFuture(RedisError.tooManyCommands) }
        let promise = eventLoop.makePromise(of: RedisValue.self)
        let deadline = NIODeadline.now() + timeout
        waiting.append(Waiting(promise: promise, deadline: deadline))
        if timer == nil { scheduleTimer(at: deadline) }
        write(command)
        return promise.futureResult
    }

    /// Sends a command to which no reply of its own comes: those of a subscribed connection.
    func write(_ command: RedisCommand) {
        outgoing.writeImmutableBuffer(command.encoded)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    /// Whether a command waits for its reply.
    var isAwaiting: Bool { !waiting.isEmpty }

    /// - Returns: what has come since the last call.
    func takeReceived() -> Received {
        defer { received = Received() }
        return received
    }

    /// Succeeds when the connection is closed; `nil` when it is already.
    var closed: EventLoopFuture<Void>? { context?.channel.closeFuture }

    /// The first reason stays; later ones find nothing to end.
    func end(_ error: RedisError) {
        guard failure == nil else { return }
        failure = error
        timer?.cancel()
        timer = nil
        outgoing = ByteBuffer()
        context?.close(promise: nil)
        let lost = waiting
        waiting.removeAll()
        // They did not run out of time themselves, nor did Redis say of them that it cannot do them.
        let isOfAnother = error.code == .timeout || error.code == .unusable
        let ended = ended
        self.ended = nil
        pushed = nil
        // The owner first: whoever falls back on what is cached finds it unconfirmed already.
        ended?(error)
        for command in lost { command.promise.fail(isOfAnother ? RedisError.lostWith(error) : error) }
    }

    /// Ends a connection that does not answer: of its commands the one that waits longest has run out of time.
    func timeOut() {
        let first = waiting.popFirst()
        end(.commandTimeout)
        first?.promise.fail(RedisError.commandTimeout)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        received.hasBytes = true
        do throws(RedisError) {
            try reader.feed(unwrapInboundIn(data))
            // Whoever gets a reply may end the connection.
            while failure == nil, let reply = try reader.next() { receive(reply) }
        } catch {
            end(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.connectionBroke(error))
        context.close(promise: nil)
    }

    private func receive(_ reply: RedisValue) {
        received.replies += 1
        if let pushed { return pushed(reply) }
        guard let command = waiting.popFirst() else { return end(.unexpectedReply) }
        guard case .error(let reply) = reply else { return command.promise.succeed(reply) }
        let error = RedisError(reply)
        if error.endsConnection { end(error) }
        command.promise.fail(error)
    }

    private func flush() {
        isFlushScheduled = false
        guard failure == nil, outgoing.readableBytes > 0, let context else { return }
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        outgoing = context.channel.allocator.buffer(capacity: Self.outgoingCapacity)
    }

    // One timer for all: the commands have the same time, so the first one's is over first.

    private func scheduleTimer(at deadline: NIODeadline) {
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.timerFired() }
    }

    private func timerFired() {
        timer = nil
        guard let first = waiting.first else { return }
        guard first.deadline <= .now() else { return scheduleTimer(at: first.deadline) }
        // The loop itself may have been held up, and the reply lie in the socket: it is read before the next task.
        timer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { self.judge(first.deadline) }
    }

    /// - Parameter deadline: of the command that was the first one a moment ago.
    private func judge(_ deadline: NIODeadline) {
        timer = nil
        guard let first = waiting.first else { return }
        guard first.deadline <= deadline else { return scheduleTimer(at: first.deadline) }
        timeOut()
    }
}
