internal import Glibc

extension AuditWriter {
    /// What goes to the thread; gone before the writer runs, so that nothing else holds the file that it closes.
    private final class Parcel: Sendable {
        let writer: AuditWriter

        init(_ writer: AuditWriter) {
            self.writer = writer
        }
    }

    /// Runs the writer on a detached thread that no signal of the process is delivered to: SIGXFSZ, where a file may
    /// not grow, is the error of the write alone then.
    /// - Returns: false when the system has no thread left.
    consuming func start() -> Bool {
        let retained = unsafe Unmanaged.passRetained(Parcel(self))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                var signals = sigset_t()
                unsafe sigfillset(&signals)
                unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
                var writer = unsafe Unmanaged<Parcel>.fromOpaque(argument).takeRetainedValue().writer
                writer.run()
                return nil
            },
            retained.toOpaque()
        )
        guard status == 0 else {
            unsafe retained.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
