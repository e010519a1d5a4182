internal import Glibc

/// Reading of small files, with a reason in words when it fails.
enum ConfigurationFile {
    struct Failure: Error {
        let reason: String
    }

    struct Content {
        let bytes: [UInt8]
        /// Permission bits.
        let mode: UInt32
    }

    /// - Parameter limit: a larger file is a failure.
    static func read(_ path: String, limit: Int) throws(Failure) -> Content {
        guard !path.utf8.contains(0) else { throw Failure(reason: "its path contains a NUL") }
        // Without O_NONBLOCK the open of a named pipe would wait for its writer.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(reason: message(errno)) }
        defer { _ = close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Failure(reason: message(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(reason: "it is no regular file") }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unsafe Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(reason: message(errno)) }
            if count == 0 { break }
            bytes += piece[..<count]
            guard bytes.count <= limit else { throw Failure(reason: "it is larger than \(limit / 1024) KiB") }
        }
        return Content(bytes: bytes, mode: status.st_mode & 0o7777)
    }

    /// `path`, taken from the folder of `file` unless it is absolute.
    static func resolve(_ path: String, relativeTo file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// The files that a pattern of glob(7) names, in the order of their bytes, whatever the locale.
    static func matches(_ pattern: String, relativeTo file: String) throws(Failure) -> [String] {
        // The folder is a place, not a pattern, whatever characters it has.
        let place = resolve("", relativeTo: file).flatMap { "*?[\\".contains($0) ? "\\\($0)" : "\($0)" }
        let pattern = pattern.hasPrefix("/") ? pattern : String(place) + pattern
        var result = unsafe glob_t()
        defer { unsafe globfree(&result) }
        let status = unsafe glob(pattern, GLOB_ERR | GLOB_NOSORT, nil, &result)
        // With GLOB_ERR a folder that is not there is an error of its own.
        if status == GLOB_NOMATCH || (status == GLOB_ABORTED && errno == ENOENT) { return [] }
        guard status == 0 else { throw Failure(reason: message(errno)) }
        var paths: [String] = []
        for index in unsafe 0..<Int(result.gl_pathc) {
            if let path = unsafe result.gl_pathv[index] { paths.append(unsafe String(cString: path)) }
        }
        return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    static func isPattern(_ path: String) -> Bool {
        path.contains { "*?[".contains($0) }
    }

    private static func message(_ code: Int32) -> String {
        unsafe String(cString: strerror(code))
    }
}
