import Glibc
import TestSupport

/// The open file of a trail, behind whose descriptor a test puts something else: the kernel's refusals are real then.
final class SwappedFile: Sendable {
    struct NotOpen: Error {}

    private let descriptor: Int32
    private let original: Int32

    init(_ path: String) throws {
        guard let found = openDescriptor(of: path) else { throw NotOpen() }
        descriptor = found
        original = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    }

    deinit {
        close(original)
    }

    func swap(for path: String) throws {
        let other = unsafe open(path, O_RDWR | O_APPEND | O_CLOEXEC)
        guard other >= 0 else { throw NotOpen() }
        swap(for: other)
        close(other)
    }

    func swap(for other: Int32) {
        put(other)
    }

    private func put(_ other: Int32) {
        dup2(other, descriptor)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    func restore() {
        put(original)
    }
}

/// - Returns: the descriptor under which this process has the file open.
func openDescriptor(of path: String) -> Int32? {
    (3..<4096).first { descriptor in
        var target = [UInt8](repeating: 0, count: 4096)
        let count = unsafe target.withUnsafeMutableBytes { buffer in
            unsafe readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!, buffer.count)
        }
        return count > 0 && String(decoding: target.prefix(count), as: UTF8.self) == path
    }
}

/// A pipe that holds 4 KiB, neither end of which waits.
final class SmallPipe: Sendable {
    let writeEnd: Int32
    private let readEnd: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SwappedFile.NotOpen() }
        readEnd = ends[0]
        writeEnd = ends[1]
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        resize(4096)
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// - Parameter bytes: what it holds from now on.
    func resize(_ bytes: Int32) {
        // F_SETPIPE_SZ, which the module of the C library does not name.
        _ = fcntl(writeEnd, 1031, bytes)
    }

    func read() -> [UInt8] {
        var all: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(readEnd, &bytes, bytes.count)
            guard count > 0 else { return all }
            all += bytes.prefix(count)
        }
    }
}

/// A file system of a few pages. Only root can mount one.
final class TinyDisk: Sendable {
    /// Whether this process may mount anything.
    static let isPossible: Bool = {
        guard geteuid() == 0 else { return false }
        return (try? TinyDisk(kibibytes: 16)) != nil
    }()

    private let folder = TemporaryFolder()

    init(kibibytes: Int) throws {
        guard unsafe mount("tmpfs", folder.path, "tmpfs", 0, "size=\(kibibytes)k") == 0 else {
            throw SwappedFile.NotOpen()
        }
    }

    deinit {
        unsafe umount2(folder.path, Int32(MNT_DETACH))
    }

    func file(_ name: String) -> String { folder.file(name) }

    /// Fills the disk with a file, up to so many pages.
    func fill(_ name: String, leaving pages: Int) {
        let descriptor = unsafe open(file(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let page = [UInt8](repeating: 0, count: 4096)
        var size = 0
        while true {
            let count = unsafe write(descriptor, page, page.count)
            guard count > 0 else { break }
            size += count
        }
        ftruncate(descriptor, max(0, size - pages * 4096))
        close(descriptor)
    }
}
