import NIOCore
import NIOPosix
import Synchronization

/// A way to a server on 127.0.0.1 that can lose connections as a NAT does that forgets them: no end is told.
final class Relay: Sendable {
    enum Loss: CaseIterable {
        /// The server closed the connection, and its FIN never came.
        case serverEnd
        /// What the server sends goes nowhere.
        case replies
        /// What the client sends goes nowhere.
        case commands
    }

    private let listener: any Channel
    private let lines: Lines

    var port: UInt16 { UInt16(listener.localAddress?.port ?? 0) }
    /// Connections that were made so far, those that subscribed and those that did not.
    var pushConnections: Int { lines.all.count { $0.isPush } }
    var dataConnections: Int { lines.all.count { !$0.isPush } }
    /// `PING`s that the client has sent, those of its greetings included.
    var pushPings: Int { lines.all.reduce(0) { $0 + ($1.isPush ? $1.pings : 0) } }
    var dataPings: Int { lines.all.reduce(0) { $0 + ($1.isPush ? 0 : $1.pings) } }

    init(to port: UInt16) async throws {
        let lines = Lines()
        self.lines = lines
        // One loop for both ends: nothing passes an end while the other is lost.
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            .childChannelInitializer { client in
                let line = Line(client: client)
                return ClientBootstrap(group: client.eventLoop)
                    .channelInitializer { server in
                        server.eventLoop.makeCompletedFuture {
                            try server.pipeline.syncOperations.addHandler(ServerEnd(line: line))
                        }
                    }
                    .connect(host: "127.0.0.1", port: Int(port))
                    .flatMapThrowing { server in
                        try client.pipeline.syncOperations.addHandler(ClientEnd(line: line, server: server))
                        line.opened(server)
                        lines.add(line)
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Loses the connections of the data that there are now, at once; later ones are whole.
    func loseData(_ loss: Loss) {
        for line in lines.all where !line.isPush { line.lose(loss) }
    }

    func stop() async throws {
        try await listener.close().get()
    }

    private final class Lines: Sendable {
        private let storage: Mutex<[Line]> = Mutex([])
        var all: [Line] { storage.withLock { $0 } }
        func add(_ line: Line) { storage.withLock { $0.append(line) } }
    }

    private final class Line: Sendable {
        private struct State {
            var server: (any Channel)?
            var loss: Loss?
            var isPush = false
            var pings = 0
        }

        let client: any Channel
        private let state = Mutex(State())

        var loss: Loss? { state.withLock { $0.loss } }
        var isPush: Bool { state.withLock { $0.isPush } }
        var pings: Int { state.withLock { $0.pings } }

        init(client: any Channel) { self.client = client }

        func opened(_ server: any Channel) { state.withLock { $0.server = server } }

        func note(_ commands: String) {
            state.withLock { state in
                if commands.contains("SUBSCRIBE") { state.isPush = true }
                state.pings += commands.split(separator: "\r\n").count { $0 == "PING" }
            }
        }

        func lose(_ loss: Loss) {
            let server = state.withLock { state in
                state.loss = loss
                return state.server
            }
            if loss == .serverEnd { server?.close(promise: nil) }
        }
    }

    private final class ClientEnd: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let line: Line
        private let server: any Channel

        init(line: Line, server: any Channel) {
            self.line = line
            self.server = server
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let commands = unwrapInboundIn(data)
            line.note(String(buffer: commands))
            if line.loss == nil || line.loss == .replies { server.writeAndFlush(commands, promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) { server.close(promise: nil) }
    }

    private final class ServerEnd: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let line: Line

        init(line: Line) { self.line = line }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if line.loss == nil || line.loss == .commands {
                line.client.writeAndFlush(unwrapInboundIn(data), promise: nil)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            if line.loss == nil { line.client.close(promise: nil) }
        }
    }
}
