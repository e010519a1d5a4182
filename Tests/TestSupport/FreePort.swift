internal import Glibc
internal import Synchronization

/// TCP ports of 127.0.0.1 that nobody listens on now, below the range from which the kernel takes ports for outgoing
/// connections: a server that is killed and started again finds its port free.
package enum FreePort {
    /// Where this process looks next; it starts anywhere, so that two processes seldom meet.
    private static let next = Mutex(UInt16.random(in: 16_000..<31_000))

    package static func take(_ count: Int = 1) -> [UInt16] {
        (0..<count).map { _ in takeOne() }
    }

    package static func takeOne() -> UInt16 {
        for _ in 0..<10_000 {
            let port = next.withLock { next in
                next = next >= 31_000 ? 16_000 : next + 1
                return next
            }
            if isFree(port) { return port }
        }
        preconditionFailure("no free port")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { _ = close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return unsafe withUnsafeBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress else { return false }
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            return unsafe bind(descriptor, start.assumingMemoryBound(to: sockaddr.self), size) == 0
        }
    }
}
