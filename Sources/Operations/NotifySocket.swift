internal import Glibc

/// The datagram socket on which systemd hears from its services (sd_notify(3)), without libsystemd: the protocol is
/// lines of `NAME=value` in one datagram.
struct NotifySocket: Sendable, Equatable {
    enum Delivery: Sendable {
        case sent
        /// The receiver has not read what is there already; it is worth a try later.
        case busy
        /// `errno`.
        case failed(Int32)
    }

    /// Where it is: a path, or behind a leading NUL a name of Linux' abstract name space.
    private let path: [UInt8]

    /// - Parameter text: `/PATH` or `@NAME`, at most as long as a Unix socket's address may be.
    init?(_ text: String) {
        var path = Array(text.utf8)
        guard path.count > 1, !path.contains(0) else { return nil }
        switch path[0] {
        case UInt8(ascii: "/"):
            // A path ends in NUL.
            guard path.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
        case UInt8(ascii: "@"):
            guard path.count <= MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
            path[0] = 0
        default: return nil
        }
        self.path = path
    }

    /// Never waits.
    func send(_ message: String) -> Delivery {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .failed(errno) }
        defer { _ = close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        // An abstract name is as long as the address says; it does not end in NUL.
        let prefix = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let size = socklen_t(prefix + path.count + (path[0] == 0 ? 0 : 1))
        let bytes = Array(message.utf8)
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        let count = unsafe withUnsafeBytes(of: &address) { raw in
            unsafe sendto(
                descriptor,
                bytes,
                bytes.count,
                flags,
                raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                size
            )
        }
        if count == bytes.count { return .sent }
        let code = errno
        return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS || code == EINTR ? .busy : .failed(code)
    }
}
