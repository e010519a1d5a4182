internal import Audit
internal import Cryptography
internal import GatehouseCore
internal import Logging
internal import NIOCore
internal import RedisClient

/// Where the trail's lines go besides its file.
struct AuditSinks {
    private static let stream = "gh:audit"
    /// Events that the stream keeps, about: the console's memory, not the archive.
    private static let streamLength = "100000"

    let configuration: AuditConfiguration
    let redis: RedisClient?
    let eventLoop: any EventLoop
    let logger: Logger

    init(_ configuration: AuditConfiguration, redis: RedisClient?, eventLoop: any EventLoop, logger: Logger) {
        self.configuration = configuration
        self.redis = redis
        self.eventLoop = eventLoop
        self.logger = logger
    }

    /// - Parameter counting: told of each line's event.
    func openTrail(
        key: GatewayKey,
        counting: @escaping @Sendable (_ event: String) -> Void = { _ in }
    ) throws(AuditError) -> AuditTrail {
        try AuditTrail(
            configuration,
            key: key,
            sinks: sinks() + [{ line in counting(Self.event(of: line)) }]
        )
    }

    /// The name of a line's event: the trail writes it in front of everything that anybody else said.
    private static func event(of line: [UInt8]) -> String {
        let text = String(decoding: line.prefix(512), as: UTF8.self)
        guard let start = text.firstRange(of: "\"event\":\"")?.upperBound else { return "" }
        return String(text[start...].prefix { $0 != "\"" })
    }

    private func sinks() -> [AuditSink] {
        var sinks: [AuditSink] = []
        if configuration.file == nil {
            // No archive: the application's log is better than nothing.
            sinks.append { [logger] line in
                logger.info("audit", metadata: ["event": "\(String(decoding: line.dropLast(), as: UTF8.self))"])
            }
        }
        if configuration.redisStream, let redis {
            sinks.append { [eventLoop] line in
                let command = RedisCommand(words: [
                    "XADD", RedisArgument(Self.stream), "MAXLEN", "~", RedisArgument(Self.streamLength), "*", "line",
                    RedisArgument(Array(line.dropLast())),
                ])
                // The stream is for looking at: what Redis does not take is in the file all the same.
                _ = redis.send(command, on: eventLoop)
            }
        }
        return sinks
    }
}
