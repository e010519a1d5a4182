import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import Proxy

extension Loopback {
    @Suite("Time and memory are bounded")
    struct Limits {
        @Test("a head that does not come is 408, a connection that says nothing ends without a word")
        func slowHead() async throws {
            var limits = ProxyLimits()
            limits.headTimeout = .milliseconds(300)
            let backend = try await RecordingBackend.start()
            try await withGateway(backend, limits: limits) { gateway in
                let silent = try await gateway.connect()
                #expect(try await silent.readToEnd().bytes.isEmpty)
                let slow = try await gateway.connect()
                // More bytes do not buy more time.
                let drip = slow.channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(40)) {
                    _ in slow.send("G")
                }
                let inbox = try await slow.readToEnd()
                drip.cancel()
                #expect(inbox.text.hasPrefix("HTTP/1.1 408 "))
                #expect(backend.state.value.connections.isEmpty)
            }
        }

        @Test("an idle connection ends, and not while it is at work")
        func idle() async throws {
            var limits = ProxyLimits()
            limits.idleTimeout = .milliseconds(250)
            let held = Observed<[RecordingBackend.Connection]>([])
            let backend = try await RecordingBackend.start { request in held.update { $0.append(request.connection) } }
            try await withGateway(backend, limits: limits) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("GET /a"))
                let upstream = try await held.wait("the request") { $0.count == 1 }[0]
                // Three idle times later it is still there.
                try await gateway.group.any().scheduleTask(in: .milliseconds(750)) {}.futureResult.get()
                upstream.answer("late")
                #expect(try await client.response()?.bodyText == "late")
                #expect(try await client.readToEnd().bytes.isEmpty)
            }
        }

        @Test("content that only drips is 408, however it drips", arguments: ["", "Transfer-Encoding: chunked\r\n"])
        func slowBody(_ fields: String) async throws {
            var limits = ProxyLimits()
            limits.bodyTimeout = .milliseconds(400)
            let backend = try await RecordingBackend.start()
            try await withGateway(backend, limits: limits) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("POST /a", fields: fields.isEmpty ? "Content-Length: 100000\r\n" : fields))
                let drip = client.channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20))
                { _ in
                    client.send(fields.isEmpty ? "x" : "1\r\nx\r\n")
                }
                let inbox = try await client.readToEnd()
                drip.cancel()
                #expect(inbox.text.hasPrefix("HTTP/1.1 408 "))
                try await backend.state.value.connections[0].raw.inbox.wait("the upstream's end") { $0.isOver }
                #expect(backend.state.value.requests.isEmpty)
            }
        }

        @Test("content that comes steadily may take its time")
        func steadyBody() async throws {
            var limits = ProxyLimits()
            limits.bodyTimeout = .seconds(3)
            limits.bodyPiece = 100
            let backend = try await RecordingBackend.start { $0.connection.answer("got \($0.body.count)") }
            try await withGateway(backend, limits: limits) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("POST /a", fields: "Content-Length: 10000\r\n"))
                let piece = String(repeating: "x", count: 100)
                for _ in 0..<100 {
                    client.send(piece)
                    try await gateway.group.any().scheduleTask(in: .milliseconds(40)) {}.futureResult.get()
                }
                #expect(try await client.response()?.bodyText == "got 10000")
            }
        }

        @Test("a response that stands still is cut")
        func slowResponse() async throws {
            var limits = ProxyLimits()
            limits.responseTimeout = .milliseconds(250)
            let backend = try await RecordingBackend.start {
                $0.connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            }
            try await withGateway(backend, limits: limits) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("GET /a"))
                let inbox = try await client.readToEnd()
                #expect(inbox.text.hasSuffix("part"))
                try await backend.state.value.connections[0].raw.inbox.wait("the upstream's end") { $0.isOver }
            }
        }

        @Test("an upstream that takes nothing of a request is to blame: 504")
        func slowUpstream() async throws {
            var limits = ProxyLimits()
            limits.writeTimeout = .milliseconds(500)
            let backend = try await RecordingBackend.start(readsAlone: false, keepsBytes: false)
            try await withGateway(backend, limits: limits) { gateway in
                let client = try await gateway.connect()
                client.send(gateway.request("POST /a", fields: "Content-Length: 60000000\r\n"))
                let pump = Pump(client.channel, total: 60_000_000)
                pump.start()
                let inbox = try await client.inbox.wait("an answer") { $0.text.contains("\r\n\r\n") || $0.isOver }
                #expect(inbox.text.hasPrefix("HTTP/1.1 504 "))
            }
        }

        @Test("100 MB go down to a slow reader in bounded memory")
        func download() async throws {
            let size = 100_000_000
            let backend = try await RecordingBackend.start { request in
                request.connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                Pump(request.connection.raw.channel, total: size).start()
            }
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect(keepsBytes: false, readsAlone: false)
                let before = residentBytes()
                let peak = Observed(0)
                client.send(gateway.request("GET /a"))
                let reading = client.channel.eventLoop.scheduleRepeatedTask(
                    initialDelay: .milliseconds(300),
                    delay: .milliseconds(1)
                ) { _ in
                    client.channel.read()
                    peak.update { $0 = max($0, residentBytes()) }
                }
                try await client.inbox.wait("all of it", seconds: 240) { $0.count > size }
                reading.cancel()
                #expect(peak.value - before < 40_000_000, "grew by \((peak.value - before) / 1_000_000) MB")
            }
        }

        @Test("100 MB go up to a slow upstream in bounded memory", arguments: [true, false])
        func upload(_ isChunked: Bool) async throws {
            let size = 100_000_000
            let backend = try await RecordingBackend.start(readsAlone: false, keepsBytes: false)
            try await withGateway(backend) { gateway in
                let client = try await gateway.connect()
                let before = residentBytes()
                let peak = Observed(0)
                client.send(
                    gateway.request(
                        "POST /a",
                        fields: isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(size)\r\n"
                    )
                )
                Pump(client.channel, total: size, isChunked: isChunked).start()
                let upstream = try await backend.state.wait("the connection") { $0.connections.count == 1 }.connections[
                    0
                ]
                let channel = upstream.raw.channel
                let reading = channel.eventLoop.scheduleRepeatedTask(
                    initialDelay: .milliseconds(300),
                    delay: .milliseconds(1)
                ) { _ in
                    channel.read()
                    peak.update { $0 = max($0, residentBytes()) }
                }
                try await upstream.raw.inbox.wait("all of it", seconds: 240) { $0.count > size }
                upstream.answer("thanks")
                #expect(try await client.response()?.bodyText == "thanks")
                reading.cancel()
                #expect(peak.value - before < 40_000_000, "grew by \((peak.value - before) / 1_000_000) MB")
            }
        }

        @Test("answers that nobody reads do not pile up")
        func unreadAnswers() async throws {
            let backend = try await RecordingBackend.start()
            let responder = Gateway.responder { request, promise in
                promise.succeed(
                    LocalResponse(status: 200, fields: [], body: ByteBuffer(repeating: 0x78, count: 100_000))
                )
                return true
            }
            try await withGateway(backend, responder: responder) { gateway in
                let client = try await gateway.connect(keepsBytes: false, readsAlone: false)
                let before = residentBytes()
                let peak = Observed(0)
                let count = 1500
                client.send(
                    String(repeating: gateway.request("GET /login", host: "login.test", cookie: "a=b"), count: count)
                )
                try await gateway.records.wait("the first answers") { $0.count >= 10 }
                let reading = client.channel.eventLoop.scheduleRepeatedTask(
                    initialDelay: .milliseconds(300),
                    delay: .milliseconds(1)
                ) { _ in
                    peak.update { $0 = max($0, residentBytes()) }
                    client.channel.read()
                }
                try await client.inbox.wait("all answers", seconds: 240) { $0.count >= count * 100_000 }
                reading.cancel()
                #expect(peak.value - before < 40_000_000, "grew by \((peak.value - before) / 1_000_000) MB")
            }
        }

        enum LastAnswer: Sendable, CaseIterable {
            case connectionCloses
            case clientSaidItsLastWord
            case connectionIsIdle
            case serverStops
        }

        @Test("a slow reader gets its last answer to the end", arguments: LastAnswer.allCases)
        func slowEnd(_ kind: LastAnswer) async throws {
            let size = 30_000_000
            var limits = ProxyLimits()
            // Short, so that an idle connection would end before its answer was read.
            limits.idleTimeout = .seconds(2)
            let backend = try await RecordingBackend.start()
            let held = Observed<[EventLoopPromise<LocalResponse>]>([])
            let responder = Gateway.responder { _, promise in
                held.update { $0.append(promise) }
                return true
            }
            try await withGateway(backend, limits: limits, responder: responder) { gateway in
                let client = try await gateway.connect(keepsBytes: false, readsAlone: false)
                let fields = kind == .connectionCloses ? "Connection: close\r\n" : ""
                client.send(gateway.request("GET /login", host: "login.test", fields: fields))
                let promise = try await held.wait("the request") { $0.count == 1 }[0]
                if kind == .clientSaidItsLastWord {
                    client.finishSending()
                    try await gateway.seesWhatWasSent()
                }
                promise.succeed(LocalResponse(status: 200, fields: [], body: ByteBuffer(repeating: 0x78, count: size)))
                // The gateway has written all of it, and no client's buffer holds that much.
                try await gateway.records.wait("the exchange's end") { $0.contains { $0.status == 200 } }
                async let stopped: Void = kind == .serverStops ? gateway.server.shutDown(within: .seconds(120)) : ()
                try await gateway.group.any().scheduleTask(in: .milliseconds(2600)) {}.futureResult.get()
                let reading = client.channel.eventLoop.scheduleRepeatedTask(
                    initialDelay: .zero,
                    delay: .milliseconds(1)
                ) { _ in
                    client.channel.read()
                }
                let inbox = try await client.inbox.wait("all of it", seconds: 120) { $0.count > size || $0.isOver }
                reading.cancel()
                #expect(inbox.count > size)
                client.close()
                await stopped
            }
        }

        @Test("2,000 idle connections cost little and hinder nobody")
        func manyConnections() async throws {
            try raiseFileLimit()
            let backend = try await RecordingBackend.start()
            try await withGateway(backend) { gateway in
                let before = residentBytes()
                var clients: [RawConnection] = []
                for _ in 0..<2000 { clients.append(try await gateway.connect()) }
                // Half of them within a head.
                for client in clients.prefix(1000) { client.send("GET / HTTP/1.1\r\nHost:") }
                let client = try await gateway.connect()
                for _ in 0..<50 { #expect(try await client.exchange(gateway.request("GET /a"))?.status == 200) }
                // Both ends are in this process.
                #expect(residentBytes() - before < 2000 * 40_000, "\((residentBytes() - before) / 2000) bytes each")
                clients[0].send(" app.test\r\nCookie: \(gateway.alice)\r\n\r\n")
                #expect(try await clients[0].response()?.status == 200)
                for client in clients { client.close() }
            }
        }

        private func raiseFileLimit() throws {
            var limit = rlimit()
            #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            limit.rlim_cur = min(limit.rlim_max, 16_384)
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        }
    }
}

/// Writes many bytes as fast as the other side takes them, from one piece of memory.
final class Pump: Sendable {
    private let channel: any Channel
    private let piece: ByteBuffer
    private let left: Observed<Int>
    private let isChunked: Bool

    init(_ channel: any Channel, total: Int, isChunked: Bool = false) {
        self.channel = channel
        self.isChunked = isChunked
        left = Observed(total)
        piece = ByteBuffer(repeating: 0x78, count: 50_000)
    }

    func start() {
        let size = left.update { left in
            let size = min(left, 50_000)
            left -= size
            return size
        }
        guard size > 0 else {
            if isChunked { channel.writeAndFlush(ByteBuffer(string: "0\r\n\r\n"), promise: nil) }
            return
        }
        if isChunked { channel.write(ByteBuffer(string: String(size, radix: 16) + "\r\n"), promise: nil) }
        let promise = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(piece.getSlice(at: 0, length: size), promise: isChunked ? nil : promise)
        if isChunked { channel.writeAndFlush(ByteBuffer(string: "\r\n"), promise: promise) }
        promise.futureResult.whenSuccess { self.start() }
    }
}
