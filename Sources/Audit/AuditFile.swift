internal import Glibc

/// One open file of a trail: appended to by this process alone.
final class AuditFile: Sendable {
    let path: String
    private let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        _ = close(descriptor)
    }

    /// Opens the file, or makes it with mode 0640, and locks it.
    static func open(_ path: String) throws(AuditError) -> AuditFile {
        // O_NONBLOCK: a FIFO must be refused, not waited for. On a file it means nothing.
        let flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        let descriptor = unsafe Glibc.open(path, flags, 0o640)
        guard descriptor >= 0 else { throw refusal(of: path, AuditError.lastCause) }
        let file = AuditFile(path: path, descriptor: descriptor)
        guard try file.status().st_mode & S_IFMT == S_IFREG else {
            throw AuditError(.notAFile, "The audit file \(path) is not a regular file.")
        }
        guard file.lock() else {
            throw AuditError(
                .inUse,
                "The audit file \(path) is written by another process: each gateway needs a file of its own.",
                cause: AuditError.lastCause
            )
        }
        return file
    }

    /// Waits a second where it has to: the process of before, or a child that it is just starting, may still be letting go.
    /// Only at the start, when nothing else runs yet, and on the writer's own thread after a rotation.
    private func lock() -> Bool {
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(50_000)
        }
        return false
    }

    private static func refusal(of path: String, _ cause: AuditError.Cause) -> AuditError {
        switch cause.number {
        case ENOENT, ENOTDIR:
            AuditError(.folderMissing, "The folder of the audit file \(path) does not exist: make it.", cause: cause)
        case ELOOP:
            AuditError(.notAFile, "The audit file \(path) is a symbolic link: name the file itself.", cause: cause)
        case EISDIR, ENXIO, ENODEV:
            AuditError(.notAFile, "The audit file \(path) is not a regular file.", cause: cause)
        default:
            AuditError(.cannotOpen, "The audit file \(path) cannot be opened.", cause: cause)
        }
    }

    /// Whether the file still has its name: false after it was renamed or removed.
    var isInPlace: Bool {
        var named = stat()
        guard unsafe lstat(path, &named) == 0, let own = try? status() else { return false }
        return named.st_dev == own.st_dev && named.st_ino == own.st_ino
    }

    /// - Returns: how many bytes the system took, and why not all.
    func write(_ bytes: [UInt8]) -> (count: Int, error: AuditError?) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // A disk that takes no byte and gives no error is full all the same.
            guard count > 0 else {
                let cause = count < 0 ? AuditError.lastCause : AuditError.Cause(ENOSPC)
                return (bytes.count - rest.count, AuditError.unwritable(path, cause))
            }
            rest = rest.dropFirst(count)
        }
        return (bytes.count, nil)
    }

    /// Takes the last bytes back.
    /// - Returns: false where the system does not let go of them (an append-only file).
    func truncate(by count: Int) -> Bool {
        guard let size = try? status().st_size, size >= count else { return false }
        return ftruncate(descriptor, size - count) == 0
    }

    /// Returns when the disk has what was written.
    func synchronize() throws(AuditError) {
        guard fdatasync(descriptor) == 0 else { throw .unwritable(path, AuditError.lastCause) }
    }

    /// The last bytes of the file, at most `limit` of them, and whether there are more before.
    func tail(_ limit: Int) throws(AuditError) -> (bytes: [UInt8], isWhole: Bool) {
        let size = Int(try status().st_size)
        var bytes = [UInt8](repeating: 0, count: min(size, limit))
        var filled = 0
        while filled < bytes.count {
            let offset = off_t(size - bytes.count + filled)
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw AuditError(.unreadable, "The audit file \(path) cannot be read.", cause: AuditError.lastCause)
            }
            filled += count
        }
        return (bytes, bytes.count == size)
    }

    private func status() throws(AuditError) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw AuditError(.cannotOpen, "The audit file \(path) cannot be examined.", cause: AuditError.lastCause)
        }
        return status
    }
}

extension AuditError {
    fileprivate static func unwritable(_ path: String, _ cause: Cause) -> AuditError {
        AuditError(.unwritable, "The audit file \(path) cannot be written.", cause: cause)
    }
}
