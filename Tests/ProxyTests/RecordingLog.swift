import Logging

/// Keeps what is logged.
struct RecordingLog: LogHandler {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    let lines: Observed<[Line]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    static func logger(_ lines: Observed<[Line]>) -> Logger {
        Logger(label: "test") { _ in RecordingLog(lines: lines) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = Line(level: event.level, message: "\(event.message)", metadata: event.metadata ?? [:])
        lines.update { $0.append(line) }
    }
}
