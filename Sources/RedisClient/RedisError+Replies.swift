extension RedisError {
    /// What an error reply to a command means.
    init(_ reply: RedisServerError) {
        let words: String? =
            switch reply.code {
            case "READONLY": "Redis is a read-only replica."
            case "LOADING": "Redis is loading its data."
            case "MASTERDOWN": "Redis is a replica that has lost its primary."
            case "NOAUTH": "Redis wants a password."
            case "OOM": "Redis has reached its maxmemory."
            case "MISCONF": "Redis refuses writes because it cannot save to its disk."
            case "NOREPLICAS": "Redis refuses writes because it has too few replicas."
            case "CLUSTERDOWN": "The Redis Cluster is down."
            case "BUSY": "Redis is busy with a script that does not end."
            default: nil
            }
        let cause = Cause(reply: reply)
        self =
            words.map { RedisError(.unusable, $0, cause: cause) }
            ?? RedisError(.server, "Redis refused a command.", cause: cause)
    }

    /// What an error reply to a command of the greeting means: whatever it is, this connection cannot serve.
    static func greetingRefused(_ reply: RedisServerError, command: StaticString) -> RedisError {
        let error = RedisError(reply)
        if error.code == .unusable { return error }
        if reply.code == "NOPERM" {
            return RedisError(.unusable, "The Redis user may not use \(command).", cause: Cause(reply: reply))
        }
        return RedisError(.unusable, "Redis refused \(command).", cause: Cause(reply: reply))
    }

    /// The reply's own words are left out: no server is trusted not to repeat what it was sent.
    static func authenticationRefused(_ reply: RedisServerError) -> RedisError {
        let message =
            reply.code == "WRONGPASS"
            ? "Redis did not accept the user and password (WRONGPASS)."
            : "Redis refused AUTH (\(reply.code)): it may know no password for this user."
        return RedisError(.unusable, message)
    }

    static func tooOld(_ version: String) -> RedisError {
        RedisError(.unusable, "This is Redis \(version); Gatehouse needs 7.0 or newer.")
    }

    static func evicting(_ policy: String) -> RedisError {
        RedisError(
            .unusable,
            """
            maxmemory-policy is \(policy); set it to noeviction \
            (CONFIG SET maxmemory-policy noeviction, and in redis.conf).
            """
        )
    }

    static let replica = RedisError(
        .unusable,
        "Redis is a read-only replica (INFO replication says role:slave); redis.url must name the primary."
    )
    static let silentAboutEviction = RedisError(
        .unusable,
        "INFO memory does not say which maxmemory-policy is in force."
    )
    static let notConnected = RedisError(.disconnected, "There is no connection to Redis yet.")
    static let closed = RedisError(.disconnected, "The connection to Redis was closed.")
    static let shutDown = RedisError(.disconnected, "The connections to Redis are shut down.")
    static let tooManyCommands = RedisError(.disconnected, "Too many commands wait for Redis.")
    static let commandTimeout = RedisError(.timeout, "Redis did not answer in time.")
    static let connectTimeout = RedisError(.timeout, "No usable connection to Redis was made in time.")
    static let pingTimeout = RedisError(.timeout, "Redis does not answer on the connection for invalidations.")
    static let unexpectedReply = RedisError(.protocolViolation, "Redis sent something that nobody asked for.")

    static func connectionFailed(_ error: any Error) -> RedisError {
        RedisError(.disconnected, "Redis cannot be reached.", cause: Cause(diagnostic: "\(error)"))
    }

    static func connectionBroke(_ error: any Error) -> RedisError {
        RedisError(.disconnected, "The connection to Redis broke.", cause: Cause(diagnostic: "\(error)"))
    }

    /// Of the commands behind the one that ended their connection.
    static func lostWith(_ error: RedisError) -> RedisError {
        RedisError(.disconnected, "The connection to Redis was given up.", cause: Cause(diagnostic: error.message))
    }

    /// Whether the connection must be made anew: another server may answer, or this one's state has changed.
    var endsConnection: Bool {
        switch cause.reply?.code {
        case "READONLY", "LOADING", "NOAUTH", "MASTERDOWN": true
        default: false
        }
    }
}
