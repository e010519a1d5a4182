/// The one thread of an ``LDAPConnection``: libldap blocks, so its calls run neither on the cooperative pool nor on an
/// event loop. Jobs run in the order in which they arrive.
final class LDAPThread: SerialExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let queue = Monitor(Queue())

    private init() {}

    static func start() throws(LDAPError) -> LDAPThread {
        let thread = LDAPThread()
        guard startThread({ thread.run() }) else {
            throw LDAPError(.unavailable, "The system has no thread left for a connection to a directory.")
        }
        return thread
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.change { $0.jobs.append(job) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// The thread ends after what is queued now. The connection says this as the last thing in its life.
    func stop() {
        queue.change { $0.isStopped = true }
    }

    private func run() {
        while let job = nextJob() {
            unsafe job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }

    private func nextJob() -> UnownedJob? {
        queue.wait { queue in
            if !queue.jobs.isEmpty { return .done(queue.jobs.removeFirst()) }
            return queue.isStopped ? .done(nil) : .wait(until: nil)
        }
    }
}
