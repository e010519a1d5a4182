import Glibc
import NIOCore
import NIOPosix

/// A connection of which a test writes and sees every byte.
final class RawConnection: Sendable {
    enum End: Sendable, Equatable {
        /// The other side closed in good order.
        case closed
        /// The connection broke: a reset.
        case broken
    }

    struct Inbox: Sendable, CustomStringConvertible {
        var bytes: [UInt8] = []
        var count = 0
        /// The other side sent its FIN.
        var isInputClosed = false
        var end: End?

        var text: String { String(decoding: bytes, as: UTF8.self) }
        var isOver: Bool { isInputClosed || end != nil }
        var description: String {
            "\(count) bytes, input closed \(isInputClosed), end \(String(describing: end)): \(text.prefix(400))"
        }
    }

    let channel: any Channel
    let inbox: Observed<Inbox>

    init(channel: any Channel, inbox: Observed<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    /// - Parameters:
    ///   - keepsBytes: `false` for large transfers: they are counted only.
    ///   - readsAlone: `false` where the test asks for each piece.
    static func open(
        _ port: Int,
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        keepsBytes: Bool = true,
        readsAlone: Bool = true
    ) async throws -> RawConnection {
        try await open(
            to: SocketAddress(ipAddress: "127.0.0.1", port: port),
            on: group,
            keepsBytes: keepsBytes,
            readsAlone: readsAlone
        )
    }

    static func open(
        to address: SocketAddress,
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        keepsBytes: Bool = true,
        readsAlone: Bool = true
    ) async throws -> RawConnection {
        let inbox = Observed(Inbox())
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: readsAlone)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox, keepsBytes: keepsBytes))
                }
            }
            .connect(to: address).get()
        // A Unix socket has no such option, and no need of it.
        try? await channel.setOption(.tcpOption(.tcp_nodelay), value: 1).get()
        return RawConnection(channel: channel, inbox: inbox)
    }

    func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
    func send(bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
    func finishSending() { channel.close(mode: .output, promise: nil) }
    func close() { channel.close(promise: nil) }

    /// Ends the connection with a reset.
    func reset() {
        guard let options = channel as? any SocketOptionProvider else { return }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { [channel] _ in channel.close(promise: nil) }
    }

    /// Waits until the other side has said its last word.
    @discardableResult
    func readToEnd(seconds: Int64 = 60) async throws -> Inbox {
        try await inbox.wait("the connection's end", seconds: seconds) { $0.isOver }
    }

    @discardableResult
    func read(until text: String) async throws -> String {
        try await inbox.wait("\"\(text)\"") { $0.text.contains(text) }.text
    }

    /// Waits for whole answers and takes them off the inbox.
    func responses(_ count: Int = 1, toHead: Bool = false) async throws -> [RawResponse] {
        try await inbox.wait("\(count) responses") {
            $0.isOver || RawResponse.parse($0.bytes, toHead: toHead).responses.count >= count
        }
        return inbox.update { inbox in
            let (responses, used) = RawResponse.parse(inbox.bytes, toHead: toHead, limit: count)
            inbox.bytes.removeFirst(used)
            return responses
        }
    }

    func response(toHead: Bool = false) async throws -> RawResponse? { try await responses(1, toHead: toHead).first }

    func exchange(_ request: String) async throws -> RawResponse? {
        send(request)
        return try await response(toHead: request.hasPrefix("HEAD "))
    }
}

private final class InboxHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: Observed<RawConnection.Inbox>
    private let keepsBytes: Bool
    private var isBroken = false

    init(_ inbox: Observed<RawConnection.Inbox>, keepsBytes: Bool) {
        self.inbox = inbox
        self.keepsBytes = keepsBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        let keepsBytes = keepsBytes
        inbox.update {
            $0.count += buffer.readableBytes
            if keepsBytes { $0.bytes.append(contentsOf: buffer.readableBytesView) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { inbox.update { $0.isInputClosed = true } }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isBroken = true
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let end: RawConnection.End = isBroken ? .broken : .closed
        inbox.update { if $0.end == nil { $0.end = end } }
    }
}

/// A response as a plain reader sees it; written apart from the codec under test.
struct RawResponse: Sendable, CustomStringConvertible {
    let status: Int
    let head: String
    let fields: [(name: String, value: String)]
    let body: [UInt8]

    var bodyText: String { String(decoding: body, as: UTF8.self) }
    var description: String { head + "\n" + String(bodyText.prefix(300)) }

    func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    static func parse(
        _ bytes: [UInt8],
        toHead: Bool = false,
        limit: Int = .max
    ) -> (responses: [RawResponse], used: Int) {
        var responses: [RawResponse] = []
        var position = 0
        while responses.count < limit {
            guard let end = find([13, 10, 13, 10], in: bytes, from: position) else { break }
            let head = String(decoding: bytes[position..<end], as: UTF8.self)
            let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
            let fields = lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
            }
            let status = Int(lines[0].dropFirst(9).prefix(3)) ?? 0
            func value(_ name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }
            let start = end + 4
            if toHead || status < 200 || status == 204 || status == 304 {
                if status >= 200 { responses.append(RawResponse(status: status, head: head, fields: fields, body: [])) }
                position = start
            } else if value("transfer-encoding") == "chunked" {
                guard let (body, next) = chunks(bytes, from: start) else { break }
                responses.append(RawResponse(status: status, head: head, fields: fields, body: body))
                position = next
            } else if let length = value("content-length").flatMap({ Int($0) }) {
                guard bytes.count - start >= length else { break }
                responses.append(
                    RawResponse(status: status, head: head, fields: fields, body: Array(bytes[start..<start + length]))
                )
                position = start + length
            } else {
                break
            }
        }
        return (responses, position)
    }

    static func chunks(_ bytes: [UInt8], from start: Int) -> (body: [UInt8], next: Int)? {
        var body: [UInt8] = []
        var position = start
        while true {
            guard let end = find([13, 10], in: bytes, from: position) else { return nil }
            guard let size = Int(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16) else { return nil }
            position = end + 2
            guard bytes.count >= position + size + 2 else { return nil }
            body += bytes[position..<position + size]
            position += size + 2
            if size == 0 { return (body, position) }
        }
    }

    static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + needle.count <= bytes.count {
            if bytes[index] == needle[0], bytes[index..<index + needle.count].elementsEqual(needle) { return index }
            index += 1
        }
        return nil
    }
}
