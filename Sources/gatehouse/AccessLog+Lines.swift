internal import GatehouseCore
internal import Proxy

extension AccessLog {
    /// One JSON line for each exchange, with its end.
    static func line(_ record: ExchangeRecord) -> [UInt8] {
        var line = JSONLine()
        line.add("time", WallClock.system.now())
        line.add("request_id", record.requestID.description)
        line.add("ip", record.address?.description)
        line.add("method", record.method)
        line.add("host", record.host)
        line.add("path", record.path)
        line.add("app", record.app)
        line.add("user", record.user)
        line.add("session", record.session?.description)
        line.add("status", Int64(record.status))
        line.add("outcome", record.outcome.rawValue)
        line.add("reason", record.reason)
        line.add("rule", record.rule.map(Int64.init))
        line.add("request_bytes", Int64(record.requestBytes))
        line.add("response_bytes", Int64(record.responseBytes))
        line.add("duration_us", record.duration)
        line.add("upstream_us", record.upstreamDuration)
        line.add("dropped_fields", record.droppedFields > 0 ? Int64(record.droppedFields) : nil)
        return line.finish()
    }
}
