import Glibc

/// The sources of the target under test, for tests about what is and is not used in them.
enum SourceFiles {
    static var portal: [(name: String, text: String)] {
        get throws {
            let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            let folder = tests.joined(separator: "/") + "/Sources/Portal"
            guard let directory = unsafe opendir(folder) else { throw Unreadable(path: folder) }
            defer { unsafe closedir(directory) }
            var files: [(name: String, text: String)] = []
            while let entry = unsafe readdir(directory) {
                let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.hasSuffix(".swift") { files.append((name, try read(folder + "/" + name))) }
            }
            return files
        }
    }

    struct Unreadable: Error {
        let path: String
    }

    private static func read(_ path: String) throws -> String {
        guard let file = unsafe fopen(path, "r") else { throw Unreadable(path: path) }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
