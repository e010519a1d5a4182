internal import GatehouseCore
package import NIOCore
internal import NIOPosix

/// What protects a connection's bytes, added to its channel before anything else: the place for TLS.
package typealias RedisTransportSecurity = @Sendable (any Channel) -> EventLoopFuture<Void>

/// Opens connections to the server that is in charge, and greets it.
struct RedisDialer: Sendable {
    let configuration: RedisConfiguration
    let security: RedisTransportSecurity?

    /// The server to connect to now: where Sentinel or Cluster will answer differently from one attempt to the next.
    var address: RedisConfiguration.Address {
        switch configuration.topology {
        case .single(let address): address
        }
    }

    func connect(on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { [configuration, security] channel in
                let secured = security?(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
                return secured.flatMapThrowing {
                    let pipeline = RedisPipeline(eventLoop: channel.eventLoop, configuration: configuration)
                    try channel.pipeline.syncOperations.addHandler(pipeline)
                }
            }
        switch address {
        case .unixSocket(let path):
            return bootstrap.connect(unixDomainSocketPath: path)
        case .tcp(let host, let port):
            let bootstrap = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // An address literal needs no resolver, and so no thread.
            if let address = try? SocketAddress(ipAddress: host, port: Int(port)) {
                return bootstrap.connect(to: address)
            }
            return bootstrap.connect(host: host, port: Int(port))
        }
    }

    /// Says who we are and asks whether the server can hold sessions: all in one go, so that it costs one round trip.
    /// - Parameter name: what `CLIENT LIST` shows.
    /// - Returns: a future that fails with the ``RedisError`` that keeps the connection out of use.
    func greet(_ pipeline: RedisPipeline, name: String) -> EventLoopFuture<Void> {
        var steps: [EventLoopFuture<Void>] = []
        if let password = configuration.password {
            steps.append(Self.authenticate(pipeline, user: configuration.user, password: password))
        }
        func ask(_ command: StaticString, _ words: [String], _ judge: @escaping (RedisValue) throws(RedisError) -> Void)
        {
            let answer = pipeline.send(RedisCommand(words: words.map { RedisArgument($0) })).assumeIsolated()
            let judged = answer.flatMapThrowing { try judge($0) }.flatMapErrorThrowing { error in
                guard let error = error as? RedisError, let reply = error.cause.reply else { throw error }
                throw RedisError.greetingRefused(reply, command: command)
            }
            steps.append(judged.nonisolated())
        }
        ask("SELECT", ["SELECT", String(configuration.database)]) { _ in }
        ask("CLIENT SETNAME", ["CLIENT", "SETNAME", name]) { _ in }
        // Unlike those before it, it is refused while the data are being loaded.
        ask("PING", ["PING"]) { _ in }
        ask("INFO", ["INFO", "memory"]) { (info) throws(RedisError) in
            guard let policy = Self.field("maxmemory_policy", of: info) else { throw .silentAboutEviction }
            guard policy == "noeviction" else { throw .evicting(policy) }
        }
        ask("INFO", ["INFO", "server"]) { (info) throws(RedisError) in
            let version = Self.field("redis_version", of: info) ?? ""
            guard let major = Int(version.prefix { $0 != "." }), major >= 7 else { throw .tooOld(version) }
        }
        ask("INFO", ["INFO", "replication"]) { (info) throws(RedisError) in
            if Self.field("role", of: info) == "slave" { throw .replica }
        }
        // In order, so that the first thing that is wrong is the one that is told.
        let first = pipeline.eventLoop.makeSucceededVoidFuture()
        return steps.reduce(first) { before, step in before.flatMap { step } }
    }
}

extension RedisDialer {
    private static func authenticate(
        _ pipeline: RedisPipeline,
        user: String?,
        password: Secret
    ) -> EventLoopFuture<Void> {
        let name: [RedisArgument] = user.map { [RedisArgument($0)] } ?? []
        let command = password.withBytes { RedisCommand(words: ["AUTH"] + name + [RedisArgument($0)]) }
        return pipeline.send(command).map { _ in }.flatMapErrorThrowing { error in
            guard let error = error as? RedisError, let reply = error.cause.reply else { throw error }
            throw RedisError.authenticationRefused(reply)
        }
    }

    /// One line of `INFO`.
    private static func field(_ name: String, of info: RedisValue) -> String? {
        let lines = (info.text ?? "").split(whereSeparator: \.isNewline)
        return lines.first { $0.hasPrefix("\(name):") }.map { String($0.dropFirst(name.utf8.count + 1)) }
    }
}
