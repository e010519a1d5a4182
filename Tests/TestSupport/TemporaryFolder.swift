internal import Glibc
internal import Synchronization

/// A folder of its own for one test, removed with everything in it when the value goes.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() {
        var template = Array("/tmp/gatehouse-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { fatalError("no temporary folder can be made") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        Leftovers.add(path)
    }

    deinit {
        Leftovers.remove(path)
        _ = try? ChildProcess.run("/bin/rm", ["-rf", path])
    }

    /// Folders of values that live as long as the process, which no `deinit` ever meets.
    private enum Leftovers {
        private static let paths = Mutex<Set<String>>([])
        private static let cleaning: Void = {
            atexit {
                let paths = Leftovers.paths.withLock { $0 }
                if !paths.isEmpty { _ = try? ChildProcess.run("/bin/rm", ["-rf"] + paths.sorted()) }
            }
        }()

        static func add(_ path: String) {
            cleaning
            paths.withLock { _ = $0.insert(path) }
        }

        static func remove(_ path: String) {
            paths.withLock { _ = $0.remove(path) }
        }
    }

    package func file(_ name: String) -> String {
        "\(path)/\(name)"
    }

    /// - Returns: the file's path.
    @discardableResult
    package func write(_ text: String, to name: String, mode: UInt32 = 0o600) -> String {
        let path = file(name)
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        precondition(descriptor >= 0, "cannot write \(path)")
        defer { _ = close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            precondition(count > 0, "cannot write \(path)")
            rest = rest.dropFirst(count)
        }
        return path
    }

    package func makeFolder(_ name: String) {
        _ = unsafe mkdir(file(name), 0o700)
    }
}

/// The text of a file, or an empty one.
package func contents(of path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk.prefix(count)
    }
}
