import Glibc

/// systemd's end of the notification socket: a datagram socket that a test reads.
final class NotificationInbox: Sendable {
    struct Failure: Error {
        let code: Int32
    }

    private let descriptor: Int32

    /// - Parameter name: a path, or `@` and an abstract name.
    init(_ name: String) throws(Failure) {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8) + [0]
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let size = socklen_t(2 + bytes.count)
        let status = unsafe withUnsafeBytes(of: &address) { raw -> Int32 in
            guard let start = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return unsafe bind(descriptor, start, size)
        }
        guard status == 0 else { throw Failure(code: errno) }
    }

    deinit {
        _ = close(descriptor)
    }

    /// What has come and was not read yet; `nil` if nothing has.
    func next() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// Waits for the next one.
    func wait() async throws -> String {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if let text = next() { return text }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw Failure(code: ETIMEDOUT)
    }
}
