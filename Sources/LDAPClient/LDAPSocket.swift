internal import Glibc
internal import Synchronization

/// A connected stream socket. libldap works on a duplicate of its descriptor and may close that whenever it likes; this
/// one stays ours, so that the watchdog's `shutdown` can never hit a descriptor number that was given out anew.
final class LDAPSocket: Sendable {
    private let descriptor: Mutex<Int32>

    private init(descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        descriptor.withLock { _ = Glibc.close($0) }
    }

    /// Ends whatever blocks on this connection, in both directions.
    func shutdown() {
        descriptor.withLock { _ = Glibc.shutdown($0, Int32(SHUT_RDWR)) }
    }

    /// - Returns: a descriptor of the same connection that the caller owns, or -1.
    func duplicate() -> Int32 {
        descriptor.withLock { fcntl($0, F_DUPFD_CLOEXEC, 0) }
    }

    /// Whether anything waits to be read: bytes, the peer's end, or an error. On an idle connection each is a reason to
    /// leave it (LDAP servers speak unasked only to say good-bye).
    var hasInput: Bool {
        descriptor.withLock { descriptor in
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return unsafe poll(&request, 1, 0) != 0
        }
    }
}

extension LDAPSocket {
    static func connect(to endpoint: LDAPEndpoint, deadline: ContinuousClock.Instant) throws(LDAPError) -> LDAPSocket {
        let addresses = try addresses(of: endpoint, deadline: deadline)
        var failure = ETIMEDOUT
        for (position, address) in addresses.enumerated() {
            // A name with several addresses must not spend all its time on the first.
            let now = ContinuousClock.now
            let share = now.duration(to: deadline) / (addresses.count - position)
            switch connect(to: address, deadline: now + share) {
            case .success(let descriptor): return LDAPSocket(descriptor: descriptor)
            case .failure(let error): failure = error.number
            }
        }
        let isTimeout = failure == ETIMEDOUT
        throw LDAPError(
            isTimeout ? .timeout : .unavailable,
            isTimeout
                ? "The directory server did not accept a connection in time."
                : "The directory server cannot be reached.",
            cause: .init(server: endpoint, diagnostic: unsafe String(cString: strerror(failure)))
        )
    }

    private struct SystemError: Error {
        let number: Int32
    }

    private static func addresses(
        of endpoint: LDAPEndpoint,
        deadline: ContinuousClock.Instant
    ) throws(LDAPError) -> [NameResolution.Address] {
        if case .unixSocket(let path) = endpoint.transport {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
                throw LDAPError(
                    .invalidConfiguration,
                    "The path of the directory's socket is too long.",
                    cause: .init(server: endpoint)
                )
            }
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
            let whole = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
            return [NameResolution.Address(family: AF_UNIX, bytes: whole)]
        }
        switch NameResolution.resolve(endpoint.host, port: endpoint.port, deadline: deadline) {
        case .addresses(let addresses): return addresses
        case .failed(let reason):
            throw LDAPError(
                .unavailable,
                "The name of the directory server cannot be resolved.",
                cause: .init(server: endpoint, diagnostic: reason)
            )
        case nil:
            throw LDAPError(
                .timeout,
                "The name of the directory server was not resolved in time.",
                cause: .init(server: endpoint)
            )
        }
    }

    private static func connect(
        to address: NameResolution.Address,
        deadline: ContinuousClock.Instant
    ) -> Result<Int32, SystemError> {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { return .failure(SystemError(number: errno)) }
        let status = unsafe address.bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return Int32(-1) }
            return unsafe Glibc.connect(
                descriptor,
                start.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count)
            )
        }
        // EAGAIN is a Unix socket's full backlog: it is no "in progress".
        var failure = status == 0 ? 0 : errno
        if failure == EINPROGRESS { failure = awaitConnection(descriptor, deadline: deadline) }
        guard failure == 0 else {
            _ = Glibc.close(descriptor)
            return .failure(SystemError(number: failure))
        }
        if address.family != AF_UNIX { tune(descriptor) }
        // libldap wants a blocking descriptor; the watchdog keeps the time.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        return .success(descriptor)
    }

    private static func awaitConnection(_ descriptor: Int32, deadline: ContinuousClock.Instant) -> Int32 {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return ETIMEDOUT }
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let ready = unsafe poll(&request, 1, Int32(min(left / .milliseconds(1), 60_000)) + 1)
            if ready < 0, errno != EINTR { return errno }
            guard ready > 0 else { continue }
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno
        }
    }

    private static func tune(_ descriptor: Int32) {
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        let tcp = Int32(IPPROTO_TCP)
        set(tcp, TCP_NODELAY, 1)
        // An idle connection through a firewall dies silently: notice it within a minute.
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(tcp, TCP_KEEPIDLE, 30)
        set(tcp, TCP_KEEPINTVL, 10)
        set(tcp, TCP_KEEPCNT, 3)
    }
}
