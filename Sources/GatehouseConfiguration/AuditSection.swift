internal import Audit

/// `audit`: where the trail goes.
struct AuditSection {
    private(set) var configuration = AuditConfiguration()

    /// - Parameters:
    ///   - reader: `nil` where the file wants no trail.
    ///   - hasRedis: `redis` stands in the file, be it right or wrong.
    ///   - taken: files that are something else, by the key that names them.
    init(_ reader: MappingReader?, hasRedis: Bool, taken: [(path: String, key: String)]) {
        guard let reader else { return }
        let file = reader["file"].map { $0.filePath() }
        let syslog = reader["syslog"].map { $0.flag() }
        let stream = reader["redis_stream"].map { $0.flag() }
        if let path = file ?? nil, let other = taken.first(where: { $0.path == path }) {
            reader.refuse("file", "this is the file of \(other.key); the trail needs one of its own")
        }
        if stream == true, !hasRedis {
            reader.refuse(
                "redis_stream",
                "there is no \"redis\" in this file that could hold the stream; write false, or leave the key out"
            )
        }
        configuration = AuditConfiguration(
            file: file ?? nil,
            syslog: (syslog ?? false) ?? false,
            redisStream: (stream ?? hasRedis) ?? false
        )
        // Where a key is unknown or a value wrong, that is the one thing to say.
        guard file == nil, syslog != .some(nil), stream != .some(nil), !configuration.syslog, reader.knowsAllKeys else {
            return
        }
        if configuration.redisStream {
            reader.field.warn(
                "the stream in Redis keeps the latest events alone, and \"gatehouse audit verify\" reads files; name a \"file\""
            )
        } else {
            reader.field.refuse(
                "this says nowhere where the trail is kept; write file: /var/log/gatehouse/audit.jsonl, or \"audit: false\""
            )
        }
    }
}
