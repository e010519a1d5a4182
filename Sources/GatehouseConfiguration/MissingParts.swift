internal import GatehouseCore

/// What an administrator expects of a gateway and does not get from this file.
enum MissingParts {
    static func warn(_ root: MappingReader, publicOrigin: Origin?, trustsProxies: Bool) {
        let places = KeyPlaces(root.field.node)
        func warn(_ key: String, _ message: String) {
            root.field.problems.warn(key, at: places[key], message)
        }
        if root["redis"] == nil {
            warn(
                "redis",
                "sessions and counted failures are kept in memory: they end with the process, and there is one node"
            )
        }
        if root["audit"] == nil {
            warn(
                "audit",
                "no audit trail is kept: its events go to the log alone; "
                    + "write audit: { file: /var/log/gatehouse/audit.jsonl }"
            )
        }
        if publicOrigin?.scheme == .https, !trustsProxies {
            warn(
                "server.trusted_proxies",
                "every request comes from the TLS server in front, so that all failed sign-ins count as those of one network, and a "
                    + "stranger can use up \"limits.sign_in.per_network\" for everybody; name that server, as [\"127.0.0.1\", \"::1\"]"
            )
        }
    }
}
