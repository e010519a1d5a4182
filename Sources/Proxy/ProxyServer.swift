package import GatehouseCore
package import Logging
package import NIOCore
package import Sessions
internal import NIOPosix
internal import Synchronization
internal import Glibc

/// What the data plane needs of the rest of the house.
package struct ProxyServices: Sendable {
    package var store: any SessionStore
    package var returnState: ReturnState
    package var responder: LocalResponder
    package var accessLog: AccessLog?
    package var logger: Logger
    package var clock: WallClock

    package init(
        store: any SessionStore,
        returnState: ReturnState,
        responder: LocalResponder,
        accessLog: AccessLog?,
        logger: Logger,
        clock: WallClock = .system
    ) {
        self.store = store
        self.returnState = returnState
        self.responder = responder
        self.accessLog = accessLog
        self.logger = logger
        self.clock = clock
    }
}

/// A listener that could not be opened, in words for the administrator.
package struct ListenError: Error, CustomStringConvertible {
    package let address: ListenAddress
    package let cause: String

    package var description: String { "cannot listen on \(address): \(cause)" }
}

/// The listeners and their event loops.
package final class ProxyServer: Sendable {
    private let group: any EventLoopGroup
    private let contexts: [ObjectIdentifier: NIOLoopBound<LoopContext>]
    private let listeners = Mutex<[any Channel]>([])
    private let gate = ConnectionGate()
    private let logger: Logger

    package init(group: any EventLoopGroup, snapshot: ProxySnapshot, services: ProxyServices) async throws {
        self.group = group
        self.logger = services.logger
        var contexts: [ObjectIdentifier: NIOLoopBound<LoopContext>] = [:]
        for eventLoop in group.makeIterator() {
            contexts[ObjectIdentifier(eventLoop)] = try await eventLoop.submit {
                NIOLoopBound(
                    LoopContext(eventLoop: eventLoop, snapshot: snapshot, services: services),
                    eventLoop: eventLoop
                )
            }.get()
        }
        self.contexts = contexts
    }

    /// Opens a listener.
    /// - Returns: the address that was bound, its port filled in where 0 was asked for.
    package func listen(_ address: ListenAddress) async throws(ListenError) -> SocketAddress? {
        let contexts = contexts
        let gate = gate
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let context = contexts[ObjectIdentifier(channel.eventLoop)]?.value else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    guard gate.enter() else { throw ChannelError.connectPending }
                    channel.closeFuture.whenComplete { _ in gate.leave() }
                    try ConnectionPipeline.http1(channel, context)
                }
            }
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
        do {
            let channel =
                switch address {
                case .ip(let host, let port):
                    try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                        .bind(to: SocketAddress(ipAddress: host, port: Int(port))).get()
                case .unixSocket(let path):
                    try await Self.bindSocket(bootstrap, path)
                }
            listeners.withLock { $0.append(channel) }
            return channel.localAddress
        } catch {
            throw ListenError(address: address, cause: Self.words(for: error))
        }
    }

    /// Every loop judges its next exchange under the new snapshot.
    package func install(_ snapshot: ProxySnapshot) async {
        await onEachLoop { $0.install(snapshot) }
    }

    /// Stops listening, lets running exchanges end, and closes what is left at the deadline.
    package func shutDown(within limit: Duration) async {
        let open = listeners.withLock { listeners in
            defer { listeners.removeAll() }
            return listeners
        }
        for channel in open { try? await channel.close().get() }
        await onEachLoop { $0.drain() }
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline, await openConnections() > 0 {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await onEachLoop { $0.closeAll() }
    }

    private func openConnections() async -> Int {
        var count = 0
        for context in contexts.values {
            count += (try? await context.eventLoop.submit { context.value.openConnections }.get()) ?? 0
        }
        return count
    }

    private func onEachLoop(_ body: @escaping @Sendable (LoopContext) -> Void) async {
        for context in contexts.values {
            try? await context.eventLoop.submit { body(context.value) }.get()
        }
    }

    /// Owner and group may connect, whatever the umask.
    private static func bindSocket(_ bootstrap: ServerBootstrap, _ path: String) async throws -> any Channel {
        let channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        guard unsafe chmod(path, 0o660) == 0 else {
            try? await channel.close().get()
            throw IOError(errnoCode: errno, reason: "chmod")
        }
        return channel
    }

    private static func words(for error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        switch error.errnoCode {
        case EADDRINUSE: return "the address is in use by another process"
        case EACCES: return "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE"
        case EADDRNOTAVAIL: return "this machine has no such address"
        default: return error.description
        }
    }
}
