package import GatehouseCore
package import NIOCore
internal import Glibc
internal import HTTPWire
internal import NIOPosix
internal import Synchronization

/// Limits of the operations listener. It is for a handful of scrapers and probes.
package struct OperationsLimits: Sendable {
    /// From the first byte of a request's head to its last.
    package var headTimeout: Duration = .seconds(10)
    /// Without a request, and for the client to take an answer.
    package var idleTimeout: Duration = .seconds(60)
    /// Behind the last answer, for the client to close its side.
    package var lingerTimeout: Duration = .seconds(2)
    package var headBytes = 16 * 1024
    package var fields = 100
    /// More are closed as they come.
    package var connections = 100

    package init() {}
}

/// The listeners of `server.operations_listen`.
package final class OperationsServer: Sendable {
    private struct Storage {
        var listeners: [any Channel] = []
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isOver = false
    }

    private let group: any EventLoopGroup
    private let pages: OperationsPages
    private let limits: OperationsLimits
    private let clock: WallClock
    private let storage = Mutex(Storage())

    /// - Parameter group: a loop of its own. To write thousands of series takes milliseconds, which no visitor should
    ///   wait for; and `/healthz` should answer while the data plane is busy.
    package init(
        group: any EventLoopGroup,
        pages: OperationsPages,
        limits: OperationsLimits = OperationsLimits(),
        clock: WallClock = .system
    ) {
        self.group = group
        self.pages = pages
        self.limits = limits
        self.clock = clock
    }

    /// Opens a listener.
    /// - Parameter address: an IP address and a port, or the path of a Unix socket, which owner and group may use.
    /// - Returns: the address that was bound, its port filled in where 0 was asked for.
    /// - Throws: `.listen`, in words for the administrator.
    @discardableResult
    package func listen(on address: SocketAddress) async throws(OperationsError) -> SocketAddress? {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.begin(channel) }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
        do {
            let channel =
                if let path = address.pathname, !path.isEmpty {
                    try await Self.bindSocket(bootstrap, path)
                } else {
                    try await bootstrap.bind(to: address).get()
                }
            guard
                storage.withLock({ storage in
                    if !storage.isOver { storage.listeners.append(channel) }
                    return !storage.isOver
                })
            else {
                try await channel.close().get()
                return nil
            }
            return channel.localAddress
        } catch {
            throw OperationsError(
                .listen,
                "cannot listen on \(Self.name(of: address)) (server.operations_listen)",
                cause: BindProblem.words(for: error)
            )
        }
    }

    /// Closes listeners and connections, whatever they are at.
    package func shutDown() async {
        let open = storage.withLock { storage in
            storage.isOver = true
            defer { storage.listeners.removeAll() }
            return storage.listeners + Array(storage.connections.values)
        }
        for channel in open { try? await channel.close().get() }
    }

    package var openConnections: Int { storage.withLock { $0.connections.count } }

    private func begin(_ channel: any Channel) throws {
        let id = ObjectIdentifier(channel)
        let isTaken = storage.withLock { storage in
            guard !storage.isOver, storage.connections.count < limits.connections else { return false }
            storage.connections[id] = channel
            return true
        }
        // The channel is closed with the error.
        guard isTaken else { throw ChannelError.connectPending }
        channel.closeFuture.whenComplete { _ in self.storage.withLock { _ = $0.connections.removeValue(forKey: id) } }
        try channel.pipeline.syncOperations.addHandler(OperationsHandler(pages: pages, limits: limits, clock: clock))
    }

    private static func bindSocket(_ bootstrap: ServerBootstrap, _ path: String) async throws -> any Channel {
        let channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        guard unsafe chmod(path, 0o660) == 0 else {
            let code = errno
            try? await channel.close().get()
            throw IOError(errnoCode: code, reason: "chmod")
        }
        return channel
    }

    private static func name(of address: SocketAddress) -> String {
        guard let host = address.ipAddress, let port = address.port else { return "unix:\(address.pathname ?? "")" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
