internal import GatehouseCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Synchronization

/// Writes log lines to a descriptor that may stand still: whoever logs only appends to memory, a thread of the blocking
/// pool writes. An event loop must never wait for the reader of a pipe.
final class LineWriter: Service {
    /// What may wait while nobody reads; lines beyond it are dropped and counted.
    private static let limit = 8 * 1024 * 1024

    private struct Waiting {
        var bytes: [UInt8] = []
        var dropped = 0
    }

    private let descriptor: Int32
    private let waiting = Mutex(Waiting())

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// - Parameter line: with its end.
    func append(_ line: [UInt8]) {
        waiting.withLock { waiting in
            if waiting.bytes.count + line.count > Self.limit {
                waiting.dropped += 1
            } else {
                waiting.bytes += line
            }
        }
    }

    func run() async throws {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            try? await Task.sleep(for: .milliseconds(100))
            await flush()
        }
        await flush()
    }

    func flush() async {
        try? await NIOThreadPool.singleton.runIfActive { self.flushBlocking() }
    }

    /// Writes what waits on the calling thread: at the end of the process.
    func flushBlocking() {
        let (bytes, dropped) = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return (waiting.bytes, waiting.dropped)
        }
        if !bytes.isEmpty { FileDescriptorOutput.write(bytes, to: descriptor) }
        guard dropped > 0 else { return }
        var line = JSONLine()
        line.add("time", WallClock.system.now())
        line.add("dropped_lines", Int64(dropped))
        FileDescriptorOutput.write(line.finish(), to: descriptor)
    }
}
