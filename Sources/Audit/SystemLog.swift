internal import Glibc

/// Sends lines to the system's log, as syslog(3) would (facility `authpriv`), and never waits for it: what it does not
/// take at once is dropped and counted.
struct SystemLog: Sendable {
    private static let facility = 10 << 3
    private static let warning = 4
    private static let information = 6
    private static let retryInterval: Duration = .seconds(1)

    private final class Socket: Sendable {
        let descriptor: Int32

        init(_ descriptor: Int32) {
            self.descriptor = descriptor
        }

        deinit {
            _ = close(descriptor)
        }
    }

    private let path: String
    private var socket: Socket?
    private var nextTry = ContinuousClock.now

    /// - Parameter path: of the socket, at most 107 bytes.
    init(path: String = "/dev/log") {
        self.path = path
    }

    /// - Parameter line: with or without its end, ASCII.
    /// - Returns: whether it was taken.
    mutating func send(_ line: [UInt8], outcome: AuditEvent.Outcome) -> Bool {
        let priority = Self.facility | (outcome == .failure ? Self.warning : Self.information)
        let message = Array("<\(priority)>gatehouse[\(getpid())]: ".utf8) + line.prefix { $0 != 0x0A }
        // The daemon may have been started anew since the last line.
        for isSecondTry in [false, true] {
            guard let socket = socket ?? connect(now: .now) else { return false }
            self.socket = socket
            let count = unsafe Glibc.send(
                socket.descriptor,
                message,
                message.count,
                Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
            )
            if count == message.count { return true }
            // A queue that is full, or a line that is too long, is no reason for another socket.
            if isSecondTry || errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE { return false }
            self.socket = nil
        }
        return false
    }

    private mutating func connect(now: ContinuousClock.Instant) -> Socket? {
        guard now >= nextTry else { return nil }
        nextTry = now + Self.retryInterval
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        let space = MemoryLayout.size(ofValue: address.sun_path)
        guard name.count < space else { return nil }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return nil }
        let socket = Socket(descriptor)
        let status = unsafe withUnsafeBytes(of: &address) { bytes -> Int32 in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return -1 }
            return unsafe Glibc.connect(descriptor, start, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        return status == 0 ? socket : nil
    }
}
