internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Operations
internal import Proxy
internal import ServiceLifecycle

/// `server.operations_listen`: health, readiness and metrics, on an event loop of its own. Open before anything else: whoever
/// watches the gateway sees it begin.
struct OperationsService: Service {
    private let group: MultiThreadedEventLoopGroup
    private let server: OperationsServer

    static func open(_ addresses: [ListenAddress], pages: OperationsPages, logger: Logger) async throws
        -> OperationsService
    {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let service = OperationsService(group: group, server: OperationsServer(group: group, pages: pages))
        do {
            for address in addresses {
                try await service.server.listen(on: address.socketAddress)
                logger.info("operations listening", metadata: ["address": "\(address)"])
            }
        } catch {
            await service.close()
            throw error
        }
        return service
    }

    func run() async throws {
        try? await gracefulShutdown()
        await close()
    }

    private func close() async {
        await server.shutDown()
        try? await group.shutdownGracefully()
    }
}

extension ListenAddress {
    fileprivate var socketAddress: SocketAddress {
        get throws {
            switch self {
            case .ip(let host, let port): try SocketAddress(ipAddress: host, port: Int(port))
            case .unixSocket(let path): try SocketAddress(unixDomainSocketPath: path)
            }
        }
    }
}

/// Feeds systemd's watchdog as long as every event loop answers.
struct WatchdogService: Service {
    let systemd: SystemdNotifier
    let group: any EventLoopGroup

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await systemd.feedWatchdog { await isAlive() }
        }
        try? await gracefulShutdown()
    }

    private func isAlive() async -> Bool {
        for eventLoop in group.makeIterator() {
            do { try await eventLoop.submit {}.get() } catch { return false }
        }
        return true
    }
}
