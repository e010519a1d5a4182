internal import NIOCore

/// For what does not run on an event loop: commands, services, tests.
extension RedisClient {
    package func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        try await Self.result { self.send(command, on: self.firstLoop) }
    }

    package func evaluate(
        _ script: RedisScript,
        keys: [String],
        arguments: [RedisArgument] = []
    ) async throws(RedisError) -> RedisValue {
        try await Self.result { self.evaluate(script, keys: keys, arguments: arguments, on: self.firstLoop) }
    }

    private static func result(_ future: () -> EventLoopFuture<RedisValue>) async throws(RedisError) -> RedisValue {
        do {
            return try await future().get()
        } catch {
            throw error as? RedisError ?? .connectionBroke(error)
        }
    }
}
