import NIOCore
import NIOPosix
import Synchronization

/// A server on 127.0.0.1 that greets as Redis does and then answers as a test says.
final class ScriptedServer: Sendable {
    /// What `INFO` tells by default.
    static let information = "redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\nrole:master\r\n"

    private let listener: any Channel
    private let count: Count

    /// The connections that were accepted so far.
    var accepted: Int { count.value }
    var port: UInt16 { UInt16(listener.localAddress?.port ?? 0) }

    private final class Count: Sendable {
        private let storage = Mutex(0)
        var value: Int { storage.withLock { $0 } }
        func add() { storage.withLock { $0 += 1 } }
    }

    /// - Parameters:
    ///   - answer: to the command `ATTACK`, byte for byte; `nil` closes the connection.
    ///   - greeting: to the commands of the greeting; by default what Redis answers; an empty one is silence.
    init(answer: String? = "", greeting: String? = nil) async throws {
        let count = Count()
        self.count = count
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                count.add()
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(answer: answer, greeting: greeting))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func stop() async throws {
        try await listener.close().get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: String?
        private let greeting: String

        init(answer: String?, greeting: String?) {
            self.answer = answer
            let information = "$\(ScriptedServer.information.utf8.count)\r\n\(ScriptedServer.information)\r\n"
            self.greeting = greeting ?? "+OK\r\n+OK\r\n+PONG\r\n" + information + information + information
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            var reply = ""
            if text.contains("SELECT") {
                reply += greeting
            } else if text.contains("PING") {
                reply += "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
            }
            if text.contains("\r\nID\r\n") { reply += ":7\r\n" }
            if text.contains("SUBSCRIBE") {
                reply += "*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n"
            }
            if text.contains("TRACKING") { reply += "+OK\r\n" }
            if text.contains("ATTACK") {
                guard let answer else { return context.close(promise: nil) }
                reply += answer
            }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: reply)), promise: nil)
        }
    }
}
