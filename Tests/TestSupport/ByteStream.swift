internal import Glibc

/// A TCP connection to 127.0.0.1 that a test writes and reads byte by byte. Calls block for at most `timeout`: use them
/// through ``ChildProcess/offPool(_:)``.
package final class ByteStream: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let descriptor: Int32

    package init(port: UInt16, timeout: Int = 15) throws(Failure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        let status = unsafe withUnsafeBytes(of: &address) { bytes -> Int32 in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return unsafe connect(descriptor, start, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        guard status == 0 else { throw Failure(description: "no connection to port \(port): error \(errno)") }
    }

    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        _ = close(descriptor)
    }

    package func write(_ text: String) throws(Failure) {
        try write(Array(text.utf8))
    }

    package func write(_ bytes: [UInt8]) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "cannot write: error \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// Says that nothing more will be written.
    package func finishWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// - Returns: what came, at least one byte; `nil` at the end of the stream.
    package func read() throws(Failure) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
        guard count > 0 else { throw Failure(description: "nothing came in time: error \(errno)") }
        return Array(bytes.prefix(count))
    }

    /// Everything until the other side closes.
    package func readToEnd() throws(Failure) -> String {
        var all: [UInt8] = []
        while let bytes = try read() { all += bytes }
        return String(decoding: all, as: UTF8.self)
    }
}

/// A response as a test looks at it.
package struct WebResponse: Sendable {
    package let status: Int
    /// Names in lower case, in the order they came.
    package let fields: [(name: String, value: String)]
    package let body: String
    package let raw: String

    package func values(_ name: String) -> [String] {
        fields.filter { $0.name == name.lowercased() }.map(\.value)
    }

    package func value(_ name: String) -> String? { values(name).first }
}

extension ByteStream {
    /// Reads one response with Content-Length or chunks; good enough for servers that a test trusts.
    package func readResponse(toHead: Bool = false) throws(Failure) -> WebResponse {
        var bytes: [UInt8] = []
        func headEnd() -> Int? {
            guard bytes.count >= 4 else { return nil }
            return (0...bytes.count - 4).first { Array(bytes[$0..<$0 + 4]) == [13, 10, 13, 10] }.map { $0 + 4 }
        }
        while headEnd() == nil {
            guard let more = try read() else {
                throw Failure(description: "closed within a head: \(String(decoding: bytes, as: UTF8.self))")
            }
            bytes += more
        }
        let end = headEnd() ?? 0
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(
            separator: "\r\n",
            omittingEmptySubsequences: true
        )
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        let fields = lines.dropFirst().map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0].lowercased(), String(parts[1].drop { $0 == " " }))
        }
        let isBodiless = toHead || status == 204 || status == 304 || status < 200
        if let length = fields.first(where: { $0.name == "content-length" }).flatMap({ Int($0.value) }), !isBodiless {
            while bytes.count < end + length {
                guard let more = try read() else { throw Failure(description: "closed within a body") }
                bytes += more
            }
        } else if fields.contains(where: { $0.name == "transfer-encoding" }), !isBodiless {
            while !bytes.suffix(5).elementsEqual("0\r\n\r\n".utf8) {
                guard let more = try read() else { throw Failure(description: "closed within chunks") }
                bytes += more
            }
        }
        let raw = String(decoding: bytes, as: UTF8.self)
        return WebResponse(
            status: status,
            fields: fields,
            body: String(decoding: bytes[end...], as: UTF8.self),
            raw: raw
        )
    }
}
