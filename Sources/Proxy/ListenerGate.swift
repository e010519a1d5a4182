internal import Glibc
internal import NIOCore

/// Keeps newcomers away from a listener that is about to close.
///
/// The kernel completes handshakes by itself, and closing a listener resets every connection that waits to be accepted:
/// its client has a connection, may have sent a request, and gets no answer. A socket filter (`SO_ATTACH_FILTER`,
/// socket(7)) that drops each SYN lets the queue run dry first; who is dropped tries again a second later and is refused in
/// good order.
enum ListenerGate {
    /// Long enough for what waits to be accepted.
    static let queueTime: Duration = .milliseconds(100)

    /// Drops TCP segments with the SYN flag, and passes the others: `ldb [13]; jset #2; ret 0; ret -1`.
    private static let dropNewcomers = [
        sock_filter(code: 0x30, jt: 0, jf: 0, k: 13), sock_filter(code: 0x45, jt: 0, jf: 1, k: 2),
        sock_filter(code: 0x06, jt: 0, jf: 0, k: 0), sock_filter(code: 0x06, jt: 0, jf: 0, k: .max),
    ]

    /// Where the system does not take the filter, the listener closes as before: some of those who wait are reset.
    static func refuseNewcomers(_ listener: any Channel) async {
        guard listener.localAddress?.ipAddress != nil, let socket = listener as? any SocketOptionProvider else {
            return
        }
        let filter = UnsafeMutableBufferPointer<sock_filter>.allocate(capacity: dropNewcomers.count)
        _ = unsafe filter.initialize(from: dropNewcomers)
        let program = unsafe FilterProgram(count: UInt16(filter.count), filter: filter.baseAddress)
        let name = NIOBSDSocket.Option(rawValue: 26)
        try? await unsafe socket.unsafeSetSocketOption(level: .socket, name: name, value: program).get()
        unsafe filter.deallocate()
    }
}

/// `struct sock_filter` of linux/filter.h, which Glibc's module does not have.
private struct sock_filter {
    let code: UInt16
    let jt: UInt8
    let jf: UInt8
    let k: UInt32
}

/// `struct sock_fprog`. `@unchecked Sendable`: the kernel reads it during one call, for which its maker waits, and nobody
/// else has the pointer.
@unsafe private struct FilterProgram: @unchecked Sendable {
    let count: UInt16
    let filter: UnsafeMutablePointer<sock_filter>?
}
