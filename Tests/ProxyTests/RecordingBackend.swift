import NIOCore
import NIOPosix

/// An upstream that keeps every byte it is sent, and answers as the test says.
final class RecordingBackend: Sendable {
    struct Request: Sendable {
        let head: String
        let fields: [(name: String, value: String)]
        let body: [UInt8]
        let connection: Connection
        /// Counted over all connections, from 0.
        let number: Int

        var method: String { String(head.prefix { $0 != " " }) }
        var target: String { String(head.split(separator: " ")[1]) }
        func values(_ name: String) -> [String] {
            fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }
    }

    /// One connection of the gateway's.
    final class Connection: Sendable {
        let raw: RawConnection
        let number: Int

        init(raw: RawConnection, number: Int) {
            self.raw = raw
            self.number = number
        }

        func write(_ text: String) { raw.send(text) }
        func answer(_ body: String, status: String = "200 OK", fields: String = "") {
            write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
        }
    }

    struct State: Sendable, CustomStringConvertible {
        var connections: [Connection] = []
        var requests: [Request] = []
        var closed = 0
        var bytes = 0
        var description: String {
            "\(connections.count) connections, \(closed) closed, \(bytes) bytes, requests: \(requests.map(\.head))"
        }
    }

    typealias Script = @Sendable (Request) -> Void

    /// What an upstream does besides answering whole requests.
    struct Hooks: Sendable {
        var onConnect: (@Sendable (Connection) -> Void)?
        /// Called with each head, before its content.
        var onHead: Script?
    }

    let state: Observed<State>
    let port: Int
    private let channel: any Channel

    private init(channel: any Channel, port: Int, state: Observed<State>) {
        self.channel = channel
        self.port = port
        self.state = state
    }

    /// - Parameters:
    ///   - readsAlone: `false` where the test asks for each piece of a large upload; nothing is parsed then.
    static func start(
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        readsAlone: Bool = true,
        keepsBytes: Bool = true,
        hooks: Hooks = Hooks(),
        _ script: @escaping Script = { $0.connection.answer("ok") }
    ) async throws -> RecordingBackend {
        let state = Observed(State())
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: readsAlone)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let inbox = Observed(RawConnection.Inbox())
                    let connection = state.update { state in
                        let raw = RawConnection(channel: channel, inbox: inbox)
                        let connection = Connection(raw: raw, number: state.connections.count)
                        state.connections.append(connection)
                        return connection
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        BackendHandler(connection, state, keepsBytes: keepsBytes, hooks, script)
                    )
                }
            }
            .bind(to: SocketAddress(ipAddress: "127.0.0.1", port: 0)).get()
        return RecordingBackend(channel: channel, port: channel.localAddress?.port ?? 0, state: state)
    }

    /// Stops listening; `andConnections` cuts what is open too.
    func stop(andConnections: Bool = true) async {
        try? await channel.close().get()
        if andConnections { for connection in state.value.connections { connection.raw.close() } }
    }

    @discardableResult
    func requests(_ count: Int) async throws -> [Request] {
        try await state.wait("\(count) requests at the upstream") { $0.requests.count >= count }.requests
    }
}

private final class BackendHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: RecordingBackend.Connection
    private let state: Observed<RecordingBackend.State>
    private let keepsBytes: Bool
    private let hooks: RecordingBackend.Hooks
    private let script: RecordingBackend.Script
    private var pending: [UInt8] = []
    private var headWasTold = false
    private var isBroken = false

    init(
        _ connection: RecordingBackend.Connection,
        _ state: Observed<RecordingBackend.State>,
        keepsBytes: Bool,
        _ hooks: RecordingBackend.Hooks,
        _ script: @escaping RecordingBackend.Script
    ) {
        self.connection = connection
        self.state = state
        self.keepsBytes = keepsBytes
        self.hooks = hooks
        self.script = script
    }

    func channelActive(context: ChannelHandlerContext) { hooks.onConnect?(connection) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        let keepsBytes = keepsBytes
        connection.raw.inbox.update {
            $0.count += buffer.readableBytes
            if keepsBytes { $0.bytes.append(contentsOf: buffer.readableBytesView) }
        }
        state.update { $0.bytes += buffer.readableBytes }
        guard keepsBytes else { return }
        pending.append(contentsOf: buffer.readableBytesView)
        while takeRequest() {}
    }

    private func takeRequest() -> Bool {
        guard let end = RawResponse.find([13, 10, 13, 10], in: pending, from: 0) else { return false }
        let head = String(decoding: pending[..<end], as: UTF8.self)
        let fields = head.split(separator: "\r\n").dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        func value(_ name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }
        if let onHead = hooks.onHead, !headWasTold {
            headWasTold = true
            onHead(
                .init(head: head, fields: fields, body: [], connection: connection, number: state.value.requests.count)
            )
        }
        var body: [UInt8] = []
        var next = end + 4
        if value("transfer-encoding") == "chunked" {
            guard let (content, after) = RawResponse.chunks(pending, from: next) else { return false }
            body = content
            next = after
        } else if let length = value("content-length").flatMap({ Int($0) }) {
            guard pending.count - next >= length else { return false }
            body = Array(pending[next..<next + length])
            next += length
        }
        pending.removeFirst(next)
        headWasTold = false
        let (connection, content) = (connection, body)
        let request = state.update { state in
            let request = RecordingBackend.Request(
                head: head,
                fields: fields,
                body: content,
                connection: connection,
                number: state.requests.count
            )
            state.requests.append(request)
            return request
        }
        script(request)
        return true
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            connection.raw.inbox.update { $0.isInputClosed = true }
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isBroken = true
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let end: RawConnection.End = isBroken ? .broken : .closed
        connection.raw.inbox.update { if $0.end == nil { $0.end = end } }
        state.update { $0.closed += 1 }
    }
}
