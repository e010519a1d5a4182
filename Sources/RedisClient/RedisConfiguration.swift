package import GatehouseCore

/// How the gateway reaches Redis: the `redis` section of the configuration, read and validated.
package struct RedisConfiguration: Sendable, Equatable {
    package enum Address: Sendable, Hashable, CustomStringConvertible {
        /// A name or an address literal without brackets.
        case tcp(host: String, port: UInt16)
        case unixSocket(path: String)

        package var description: String {
            switch self {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unixSocket(let path): "unix:\(path)"
            }
        }
    }

    /// Which servers hold the keys. Sentinel and Cluster are further cases of it: all keys of one script have one hash tag
    /// already (schema/redis.md).
    package enum Topology: Sendable, Hashable, CustomStringConvertible {
        case single(Address)

        package var description: String {
            switch self {
            case .single(let address): address.description
            }
        }
    }

    package var topology: Topology
    /// An ACL user; `nil` with a password is Redis' `default`. Besides what its callers send it needs
    /// `+select +ping +info +subscribe +client|setname +client|id +client|tracking` and `&__redis__:invalidate`.
    package var user: String?
    package var password: Secret?
    /// The logical database, 0 to 15 unless Redis is set up for more.
    package var database: Int
    /// From the first packet to a connection that may be used, the greeting included.
    package var connectTimeout: Duration = .seconds(2)
    /// From a command's sending to its reply. A connection on which nothing at all comes is given up after 750 ms to 1 s,
    /// whatever this says.
    package var commandTimeout: Duration = .seconds(1)
    /// Commands of one event loop that may wait for their replies; one more fails at once.
    package var commandsInFlight: Int = 10_000
    package var replyLimits = RedisReplyLimits()

    package init(topology: Topology, user: String? = nil, password: Secret? = nil, database: Int = 0) {
        self.topology = topology
        self.user = user
        self.password = password
        self.database = database
    }
}
