package import NIOCore

/// A connection that is being made ready, in the hands of who prepares it. Its methods are called on its event loop.
package final class RedisConnection: Sendable {
    package let eventLoop: any EventLoop
    private let pipeline: NIOLoopBound<RedisPipeline>

    init(_ pipeline: RedisPipeline) {
        eventLoop = pipeline.eventLoop
        self.pipeline = NIOLoopBound(pipeline, eventLoop: pipeline.eventLoop)
    }

    /// Fails with a ``RedisError``.
    package func send(_ command: RedisCommand) -> EventLoopFuture<RedisValue> {
        pipeline.value.send(command)
    }

    /// Fails with a ``RedisError``.
    package func evaluate(
        _ script: RedisScript,
        keys: [String],
        arguments: [RedisArgument] = []
    ) -> EventLoopFuture<RedisValue> {
        pipeline.value.evaluate(script, keys: keys, arguments: arguments)
    }
}

extension RedisPipeline {
    /// By the script's name, and once with its text where the server does not know it: after a restart, a failover or
    /// `SCRIPT FLUSH`. A server that does not know a script has done nothing of it.
    func evaluate(_ script: RedisScript, keys: [String], arguments: [RedisArgument]) -> EventLoopFuture<RedisValue> {
        send(script.byName(keys: keys, arguments: arguments)).assumeIsolated().flatMapError { error in
            guard let error = error as? RedisError, error.cause.reply?.code == "NOSCRIPT" else {
                return self.eventLoop.makeFailedFuture(error)
            }
            return self.send(script.byText(keys: keys, arguments: arguments))
        }.nonisolated()
    }
}
