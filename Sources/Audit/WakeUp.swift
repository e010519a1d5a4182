internal import Glibc

/// Wakes a thread of ours that waits for something to do. Whoever wakes it never blocks, an event loop above all.
final class WakeUp: Sendable {
    private let waitingEnd: Int32
    private let wakingEnd: Int32

    init() throws(AuditError) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw AuditError(.noResources, "The audit trail gets no descriptors.", cause: AuditError.lastCause)
        }
        waitingEnd = ends[0]
        wakingEnd = ends[1]
    }

    deinit {
        _ = close(waitingEnd)
        _ = close(wakingEnd)
    }

    /// A full socket is as good as one more byte in it.
    func signal() {
        var byte: UInt8 = 1
        _ = unsafe send(wakingEnd, &byte, 1, Int32(MSG_NOSIGNAL))
    }

    /// Returns after a signal, also one that came before, or at the deadline.
    func wait(until deadline: ContinuousClock.Instant?) {
        var milliseconds: Int32 = -1
        if let deadline {
            let (seconds, attoseconds) = max(.zero, ContinuousClock.now.duration(to: deadline)).components
            // Rounded up, or a deadline would be met in many small steps.
            milliseconds = Int32(min(seconds, 3600) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
        }
        var interest = pollfd(fd: waitingEnd, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&interest, 1, milliseconds) > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 256)
        while unsafe recv(waitingEnd, &bytes, bytes.count, 0) == bytes.count {}
    }
}
