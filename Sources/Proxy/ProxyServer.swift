package import GatehouseCore
package import Identity
package import Logging
package import NIOCore
package import Sessions
internal import HTTPWire
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
    /// Who signs assertions at first; `nil` is nobody, and no app is sent one.
    package var assertions: AssertionIssuer?
    /// Reads a session's person anew and puts what the directory says now into the session. Called on the loop, at most
    /// once at a time for a session and loop; a late answer is dropped. `nil` is a session that is over; a failure, that
    /// the directory or the store cannot answer.
    package var refresh: @Sendable (Session, any EventLoop) -> EventLoopFuture<Session?>

    package init(
        store: any SessionStore,
        returnState: ReturnState,
        responder: LocalResponder,
        accessLog: AccessLog?,
        logger: Logger,
        clock: WallClock = .system,
        assertions: AssertionIssuer? = nil,
        refresh: @escaping @Sendable (Session, any EventLoop) -> EventLoopFuture<Session?>
    ) {
        self.store = store
        self.returnState = returnState
        self.responder = responder
        self.accessLog = accessLog
        self.logger = logger
        self.clock = clock
        self.assertions = assertions
        self.refresh = refresh
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

    /// Opens a listener. One that other machines reach serves peers in `trusted_proxies` alone, because what it speaks is
    /// plain HTTP; everybody else's connection is closed at once.
    /// - Returns: the address that was bound, its port filled in where 0 was asked for.
    package func listen(_ address: ListenAddress) async throws(ListenError) -> SocketAddress? {
        let contexts = contexts
        let gate = gate
        let admitsOnlyTrusted = address.isOpenToOthers
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
                    try ConnectionPipeline.http1(channel, context, admitsOnlyTrusted: admitsOnlyTrusted)
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
            throw ListenError(address: address, cause: BindProblem.words(for: error))
        }
    }

    /// Every loop judges its next exchange under the new snapshot, and what it forwards at this moment once more: what is
    /// no longer permitted is cut off. Its number must be larger than that of the snapshot before.
    package func install(_ snapshot: ProxySnapshot) async {
        await onEachLoop { $0.install(snapshot) }
    }

    /// Every loop's assertions are signed by this issuer from now on.
    package func install(assertions: AssertionIssuer) async {
        await onEachLoop { $0.install(assertions) }
    }

    /// Clients' connections, those included that say nothing at this moment.
    package var openConnections: Int { gate.count }

    /// From now on each answer asks its client to come back on another connection. Everything else goes on: to be
    /// followed by ``shutDown(within:)`` when those in front of us have learnt that they should look elsewhere.
    package func beginDraining() async {
        await onEachLoop { $0.beginDraining() }
    }

    /// Stops listening, lets running exchanges end, and closes what is left at the deadline. An idle connection closes
    /// when nothing has arrived on it.
    package func shutDown(within limit: Duration) async {
        let open = listeners.withLock { listeners in
            defer { listeners.removeAll() }
            return listeners
        }
        // A listener that closes resets whoever waits in its queue: first nobody may join it, and those in it are let in.
        for channel in open { await ListenerGate.refuseNewcomers(channel) }
        try? await Task.sleep(for: ListenerGate.queueTime)
        for channel in open { try? await channel.close().get() }
        await onEachLoop { $0.stop() }
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline, openConnections > 0, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await onEachLoop { $0.closeAll() }
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
            let code = errno
            try? await channel.close().get()
            throw IOError(errnoCode: code, reason: "chmod")
        }
        return channel
    }
}
