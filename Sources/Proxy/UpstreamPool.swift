internal import GatehouseCore
internal import NIOCore
internal import NIOPosix

/// Connections to upstreams, kept between requests; one pool for each event loop, so that a request never hops.
final class UpstreamPool {
    private let eventLoop: any EventLoop
    /// Of the snapshot in force.
    var limits: ProxyLimits
    private var idle: [UpstreamAddress: [UpstreamHandler]] = [:]
    /// Upstreams of the snapshot in force; `nil` until the first reload, and then a connection to any other is not kept.
    private var named: Set<UpstreamAddress>?
    private var sweep: Scheduled<Void>?
    private var isClosed = false

    init(eventLoop: any EventLoop, limits: ProxyLimits) {
        self.eventLoop = eventLoop
        self.limits = limits
    }

    /// The connection used last, so that the others may grow old and close.
    func takeIdle(_ address: UpstreamAddress) -> UpstreamHandler? {
        while let handler = idle[address]?.popLast() {
            if handler.isUsable { return handler }
            handler.close()
        }
        return nil
    }

    /// Opens a connection. The future fails with the connection's error.
    func connect(_ address: UpstreamAddress) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(limits.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { [limits] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UpstreamHandler(address: address, limits: limits))
                }
            }
        // An address literal needs no resolver, and so no thread.
        if let socketAddress = try? SocketAddress(ipAddress: address.host, port: Int(address.port)) {
            return bootstrap.connect(to: socketAddress)
        }
        return bootstrap.connect(host: address.host, port: Int(address.port))
    }

    func release(_ handler: UpstreamHandler) {
        let count = idle[handler.address, default: []].count
        guard !isClosed, handler.isUsable, count < limits.idleUpstreamConnections,
            named?.contains(handler.address) ?? true
        else {
            handler.close()
            return
        }
        handler.idleSince = .now()
        handler.pool = self
        idle[handler.address, default: []].append(handler)
        if sweep == nil { scheduleSweep() }
    }

    /// An idle connection that closed, or that spoke without being asked.
    func remove(_ handler: UpstreamHandler) {
        idle[handler.address]?.removeAll { $0 === handler }
    }

    /// A reload: connections to upstreams that are not named any more close, now or when their exchange is over.
    func keep(only named: Set<UpstreamAddress>) {
        self.named = named
        for address in Array(idle.keys) where !named.contains(address) {
            for handler in idle.removeValue(forKey: address) ?? [] { handler.close() }
        }
    }

    /// The server is stopping: what is idle closes, and what becomes idle from now on.
    func close() {
        isClosed = true
        let all = idle.values.flatMap { $0 }
        idle.removeAll()
        for handler in all { handler.close() }
        sweep?.cancel()
        sweep = nil
    }

    private func scheduleSweep() {
        sweep = eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) {
            self.closeAged()
            self.sweep = nil
            if !self.idle.isEmpty { self.scheduleSweep() }
        }
    }

    private func closeAged() {
        let oldest = NIODeadline.now() - TimeAmount(limits.upstreamIdleTimeout)
        for (address, handlers) in idle {
            let aged = handlers.filter { $0.idleSince < oldest }
            let young = handlers.filter { $0.idleSince >= oldest }
            idle[address] = young.isEmpty ? nil : young
            for handler in aged { handler.close() }
        }
    }
}
