internal import ServiceLifecycle
internal import Synchronization

/// What event loops have to ask of somebody who waits: a bounded number of jobs in tasks of this service, so that no loop
/// makes a task.
final class BackgroundWork: Service {
    struct NoRoom: Error, CustomStringConvertible {
        let description = "too much is being done already, or the gateway is stopping"
    }

    /// Jobs that wait or run.
    private let limit: Int
    private let jobs: AsyncStream<@Sendable () async -> Void>
    private let queue: AsyncStream<@Sendable () async -> Void>.Continuation
    private let inWork = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
        (jobs, queue) = AsyncStream.makeStream()
    }

    /// - Returns: `false` when there is no room, or the gateway is stopping: the job is not done then.
    func submit(_ job: @escaping @Sendable () async -> Void) -> Bool {
        let hasRoom = inWork.add(1, ordering: .relaxed).newValue <= limit
        guard hasRoom, case .enqueued = queue.yield(job) else {
            inWork.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            await withGracefulShutdownHandler {
                for await job in jobs {
                    group.addTask {
                        await job()
                        self.inWork.subtract(1, ordering: .relaxed)
                    }
                }
            } onGracefulShutdown: {
                self.queue.finish()
            }
        }
    }
}
