internal import Glibc
internal import Synchronization

/// An application that keeps every byte it is sent, and answers 200 to each request.
package final class RecordingUpstream: Sendable {
    package let port: UInt16
    private let listener: Int32
    private let recorded = Mutex<[UInt8]>([])
    private let requests = Mutex<[String]>([])
    private let answer: @Sendable (String) -> String

    /// - Parameter answer: makes a whole response from a request's head; the default says `hello` and names no one.
    package init(answer: @escaping @Sendable (String) -> String = RecordingUpstream.hello) throws {
        self.answer = answer
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let port = unsafe withUnsafeMutableBytes(of: &address) { bytes -> UInt16? in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return nil }
            var size = socklen_t(bytes.count)
            guard unsafe bind(descriptor, start, size) == 0, Glibc.listen(descriptor, 512) == 0,
                unsafe getsockname(descriptor, start, &size) == 0
            else { return nil }
            return unsafe UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self))
        }
        guard let port else { throw ByteStream.Failure(description: "no port for an upstream") }
        listener = descriptor
        self.port = port
        ChildProcess.onThread { [weak self] in
            while true {
                let accepted = accept(descriptor, nil, nil)
                guard accepted >= 0, let self else { return }
                let stream = ByteStream(accepted: accepted)
                ChildProcess.onThread { [weak self] in self?.serve(stream) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        _ = close(listener)
    }

    @Sendable package static func hello(_ head: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n"
    }

    /// Every byte that arrived on any connection.
    package var bytes: String { String(decoding: recorded.withLock { $0 }, as: UTF8.self) }
    package var byteCount: Int { recorded.withLock { $0.count } }
    /// The heads of all requests, in the order they were complete.
    package var heads: [String] { requests.withLock { $0 } }

    /// The values of a field in the last request, by its exact folded name (lower case, `_` and `.` as `-`).
    package func lastValues(_ name: String) -> [String] {
        (heads.last ?? "").split(separator: "\r\n").dropFirst().compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            let folded = String(parts[0].lowercased().map { $0 == "_" || $0 == "." ? "-" : $0 })
            return folded == name.lowercased() ? String((parts.last ?? "").drop { $0 == " " }) : nil
        }
    }

    private func serve(_ stream: ByteStream) {
        var pending: [UInt8] = []
        while let bytes = try? stream.read() {
            recorded.withLock { $0 += bytes }
            pending += bytes
            while let (head, length) = Self.request(pending) {
                pending.removeFirst(length)
                requests.withLock { $0.append(head) }
                guard (try? stream.write(answer(head))) != nil else { return }
            }
        }
    }

    private static func request(_ bytes: [UInt8]) -> (head: String, length: Int)? {
        guard bytes.count >= 4,
            let end = (0...bytes.count - 4).first(where: { Array(bytes[$0..<$0 + 4]) == [13, 10, 13, 10] })
        else { return nil }
        let head = String(decoding: bytes[..<(end + 2)], as: UTF8.self)
        let lines = head.lowercased().split(separator: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length:") }.flatMap { line in
            Int(line.dropFirst(15).filter { $0 != " " })
        }
        let total = end + 4 + (length ?? 0)
        return bytes.count >= total ? (head, total) : nil
    }
}

/// For servers of tests that must be slow: blocks the calling thread, which is theirs alone.
package enum Pause {
    package static func milliseconds(_ count: UInt32) {
        usleep(count * 1000)
    }
}
