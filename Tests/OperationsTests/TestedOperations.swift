import NIOCore
import NIOPosix
import TestSupport

@testable import Operations

/// An operations server on a free port of 127.0.0.1, with a loop of its own.
final class TestedOperations: Sendable {
    let server: OperationsServer
    let readiness = Readiness()
    let registry = MetricsRegistry()
    let port: UInt16
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(_ limits: OperationsLimits) async throws {
        _ = try registry.counter("steps_total", "Steps.")
        let pages = OperationsPages(readiness: readiness, metrics: registry)
        server = OperationsServer(group: group, pages: pages, limits: limits)
        port = FreePort.takeOne()
        try await server.listen(on: SocketAddress(ipAddress: "127.0.0.1", port: Int(port)))
    }

    static func run(
        _ limits: OperationsLimits = OperationsLimits(),
        _ body: (TestedOperations) async throws -> Void
    ) async throws {
        let server = try await TestedOperations(limits)
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func stop() async {
        await server.shutDown()
        try? await group.shutdownGracefully()
    }

    func get(_ target: String) async throws -> WebResponse {
        let port = port
        return try await ChildProcess.offPool {
            let stream = try ByteStream(port: port)
            try stream.write("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
            return try stream.readResponse()
        }
    }

    /// Writes, and reads until the server closes.
    func exchange(_ text: String) async throws -> String {
        let port = port
        return try await ChildProcess.offPool {
            let stream = try ByteStream(port: port)
            try stream.write(text)
            return try stream.readToEnd()
        }
    }

    func wait(until isMet: (OperationsServer) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !isMet(server) {
            guard ContinuousClock.now < deadline else { throw ChildProcess.Failure(description: "waited in vain") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

extension String {
    func count(of part: String) -> Int { ranges(of: part).count }
}
