import Logging
import Synchronization

/// Keeps what is logged, rendered as text.
final class LogRecorder: LogHandler {
    private let entries = Mutex<[String]>([])

    var lines: [String] { entries.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        entries.withLock { $0.append("\(event.message) " + pairs.joined(separator: " ")) }
    }
}

/// Values that a closure saw.
final class Recorder<Value: Sendable>: Sendable {
    private let seen = Mutex<[Value]>([])

    var values: [Value] { seen.withLock { $0 } }

    func append(_ value: Value) {
        seen.withLock { $0.append(value) }
    }
}
