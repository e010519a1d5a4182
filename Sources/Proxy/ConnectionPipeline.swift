internal import NIOCore

/// What a client's connection is made of: one function for each kind of connection, each ending in an
/// ``ExchangeHandler``. TLS goes before `http1`; HTTP/2 will be a function of its own, with a handler for each stream.
enum ConnectionPipeline {
    /// HTTP/1.1 in the clear. Called on the channel's own event loop, whose context is handed in.
    /// - Parameter admitsOnlyTrusted: whether peers outside `trusted_proxies` are closed at once.
    static func http1(_ channel: any Channel, _ context: LoopContext, admitsOnlyTrusted: Bool) throws {
        try channel.pipeline.syncOperations.addHandler(
            ExchangeHandler(loop: context, admitsOnlyTrusted: admitsOnlyTrusted)
        )
    }
}
