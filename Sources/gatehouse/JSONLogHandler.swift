internal import GatehouseCore
internal import Logging

/// The application's log: JSON lines.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    private let label: String
    private let writer: LineWriter

    init(label: String, writer: LineWriter) {
        self.label = label
        self.writer = writer
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = JSONLine()
        line.add("time", WallClock.system.now())
        line.add("level", event.level.rawValue)
        line.add("logger", label)
        line.add("message", event.message.description)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (name, value) in all.sorted(by: { $0.key < $1.key }) { line.add(dynamic: name, value.description) }
        writer.append(line.finish())
    }
}
