import Glibc
import TestSupport
import Testing

@testable import Operations

@Suite("Clients of the operations listener that take their time, or too much")
struct OperationsFlowTests {
    @Test("pipelined requests are answered in their order, however the bytes are cut")
    func pipelined() async throws {
        let requests =
            "\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\nHEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
            + "GET /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
            + "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        try await TestedOperations.run { server in
            for size in [1, 7, 64, 1_000] {
                let text = try await ChildProcess.offPool {
                    let stream = try ByteStream(port: server.port)
                    var rest = Array(requests.utf8)[...]
                    while !rest.isEmpty {
                        try stream.write(Array(rest.prefix(size)))
                        rest = rest.dropFirst(size)
                    }
                    return try stream.readToEnd()
                }
                #expect(text.count(of: "HTTP/1.1 ") == 4)
                let order = ["HTTP/1.1 200 ", "text/plain; version", "HTTP/1.1 404 ", "HTTP/1.1 503 "]
                var place = text.startIndex
                for mark in order {
                    let found = try #require(text[place...].firstRange(of: mark), "\(mark)")
                    place = found.upperBound
                }
            }
        }
    }

    @Test("a client that asks and says its last word in one breath has its answer")
    func halfClosed() async throws {
        try await TestedOperations.run { server in
            let text = try await ChildProcess.offPool {
                let stream = try ByteStream(port: server.port)
                try stream.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                stream.finishWriting()
                return try stream.readToEnd()
            }
            #expect(text.hasPrefix("HTTP/1.1 200 ") && text.hasSuffix("{\"status\":\"ok\"}\n"))
        }
    }

    @Test("a head that drips in is given up at its deadline, whatever else came before")
    func slowHead() async throws {
        var limits = OperationsLimits()
        limits.headTimeout = .milliseconds(300)
        limits.idleTimeout = .seconds(30)
        try await TestedOperations.run(limits) { server in
            let (text, duration) = try await ChildProcess.offPool {
                let stream = try ByteStream(port: server.port)
                try stream.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT")
                let start = ContinuousClock.now
                ChildProcess.onThread {
                    // Every byte that comes must not put the deadline off; writing fails when the connection is closed.
                    while (try? stream.write("T")) != nil, ContinuousClock.now - start < .seconds(20) { usleep(20_000) }
                }
                return (try stream.readToEnd(), ContinuousClock.now - start)
            }
            #expect(text.hasPrefix("HTTP/1.1 200 ") && text.contains("}\nHTTP/1.1 408 Request Timeout\r\n"))
            #expect(duration >= .milliseconds(290) && duration < .seconds(20))
        }
    }

    @Test("an idle connection is closed without a word, before its first request and after")
    func idle() async throws {
        var limits = OperationsLimits()
        limits.idleTimeout = .milliseconds(200)
        try await TestedOperations.run(limits) { server in
            let silent = try await ChildProcess.offPool { try ByteStream(port: server.port).readToEnd() }
            #expect(silent == "")
            let kept = try await server.exchange("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(kept.hasSuffix("{\"status\":\"ok\"}\n") && !kept.contains("Connection: close"))
            #expect(kept.count(of: "HTTP/1.1 ") == 1)
        }
    }

    @Test("who asks and does not read is held back, then dropped, and costs no memory")
    func greedy() async throws {
        var limits = OperationsLimits()
        limits.idleTimeout = .milliseconds(500)
        try await TestedOperations.run(limits) { server in
            let sent = try await ChildProcess.offPool {
                let stream = try ByteStream(port: server.port, timeout: 20)
                let requests = String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 1_000)
                var sent = 0
                while sent < 200_000, (try? stream.write(requests)) != nil { sent += 1_000 }
                return sent
            }
            // The kernel's buffers hold some tens of thousands of requests, and no more are taken.
            #expect(sent < 200_000)
            #expect(try await server.get("/healthz").status == 200)
        }
    }

    @Test("a long pipeline of large answers is answered to its end")
    func longPipeline() async throws {
        try await TestedOperations.run { server in
            _ = try server.registry.counter("large_total", String(repeating: "x", count: 100_000))
            let last = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let requests = String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 399) + last
            let count = try await ChildProcess.offPool {
                let stream = try ByteStream(port: server.port)
                try stream.write(requests)
                return try stream.readToEnd().utf8.count { $0 == UInt8(ascii: "#") }
            }
            #expect(count == 400 * text(of: server.registry).utf8.count { $0 == UInt8(ascii: "#") })
        }
    }

    @Test("who takes the last answer slowly has all of it", arguments: [true, false])
    func slowReader(isHalfClosed: Bool) async throws {
        var limits = OperationsLimits()
        limits.lingerTimeout = .milliseconds(50)
        try await TestedOperations.run(limits) { server in
            // More than the kernel keeps of a connection.
            let help = String(repeating: "x", count: 16_000_000)
            _ = try server.registry.counter("large_total", help)
            let count = try await ChildProcess.offPool {
                let stream = try ByteStream(port: server.port, timeout: 60)
                try stream.write("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if isHalfClosed { stream.finishWriting() }
                var count = try stream.read()?.count ?? 0
                // Longer than the server lingers.
                usleep(300_000)
                while let bytes = try stream.read() { count += bytes.count }
                return count
            }
            #expect(count > 16_000_000)
        }
    }

    @Test("of a pipeline whose answers nobody takes no more is answered than the kernel keeps")
    func untaken() async throws {
        var limits = OperationsLimits()
        limits.idleTimeout = .milliseconds(500)
        try await TestedOperations.run(limits) { server in
            let looks = MetricCounter()
            try server.registry.reading("looks", String(repeating: "x", count: 100_000), kind: .gauge) {
                looks.add()
                return 0
            }
            let stream = try ByteStream(port: server.port)
            try stream.write(String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 600))
            try await server.wait { _ in looks.value > 0 }
            try await server.wait { $0.openConnections == 0 }
            #expect((1..<300).contains(looks.value))
        }
    }

    @Test("content that nobody wants is read away, so that its sender sees the answer")
    func unwantedContent() async throws {
        try await TestedOperations.run { server in
            let text = try await ChildProcess.offPool {
                let stream = try ByteStream(port: server.port)
                try stream.write("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n")
                for _ in 0..<40 { try stream.write([UInt8](repeating: 0x61, count: 100_000)) }
                return try stream.readToEnd()
            }
            #expect(text.hasPrefix("HTTP/1.1 413 ") && text.hasSuffix("\r\n\r\nNo content is taken here.\n"))
        }
    }

    @Test("connections beyond the limit are closed, and there is room again when one ends")
    func crowded() async throws {
        var limits = OperationsLimits()
        limits.connections = 3
        try await TestedOperations.run(limits) { server in
            var streams: [ByteStream] = []
            for _ in 0..<3 {
                let stream = try ByteStream(port: server.port)
                streams.append(stream)
                try stream.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await ChildProcess.offPool { try stream.readResponse() }.status == 200)
            }
            #expect(try await ChildProcess.offPool { try ByteStream(port: server.port).readToEnd() } == "")
            streams.removeLast()
            try await server.wait { $0.openConnections == 2 }
            #expect(try await server.get("/healthz").status == 200)
        }
    }
}
