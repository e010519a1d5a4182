internal import Audit
internal import Proxy
internal import RedisClient

extension GatewayConfiguration {
    /// What a reload cannot change, because it is in use from the first moment on: listeners, threads, keys, the store and the
    /// trail; and the portal's address, which every cookie and link was made for.
    /// - Parameter running: what the gateway runs by.
    /// - Returns: an error for each key that differs, at its place in these files (or where it would stand); by line. Empty
    ///   where a reload may take this configuration.
    package func restartReasons(comparedTo running: GatewayConfiguration) -> [ConfigurationProblem] {
        var keys: [String] = []
        func compare<Value: Equatable>(_ key: String, _ value: (GatewayConfiguration) -> Value) {
            if value(self) != value(running), !keys.contains(key) { keys.append(key) }
        }
        compare("server.listen") { Set($0.listen) }
        compare("server.public_url") { $0.publicOrigin }
        compare("server.threads") { $0.threads }
        compare("server.operations_listen") { Set($0.operationsListen) }
        compare("keys.file") { $0.keyFile }
        compare("keys.previous") { $0.previousKeyFiles }
        if (redis == nil) != (running.redis == nil) {
            keys.append("redis")
        } else {
            compare("redis.url") { RedisPlace(topology: $0.redis?.topology, database: $0.redis?.database) }
            let hasUserKey = places.has("redis.user") || running.places.has("redis.user")
            compare(hasUserKey ? "redis.user" : "redis.url") { $0.redis?.user }
            compare("redis.password") { $0.redis?.password }
        }
        compare("audit.file") { $0.audit.file }
        compare("audit.syslog") { $0.audit.syslog }
        // Its default follows "redis", of which enough was said.
        if !keys.contains("redis") { compare("audit.redis_stream") { $0.audit.redisStream } }
        let reasons = ProblemLog()
        for key in keys {
            reasons.refuse(key, at: places[key], "changed; this takes effect with a restart only")
        }
        return reasons.sorted(by: files)
    }
}

private struct RedisPlace: Equatable {
    let topology: RedisConfiguration.Topology?
    let database: Int?
}
