import Glibc
import Synchronization

/// A listener on 127.0.0.1 that does what a test says with each connection, on a thread of its own. It records all that
/// it was sent.
final class FakeServer: Sendable {
    enum Step: Sendable {
        /// Reads until something came (or the peer closed).
        case read
        case send([UInt8])
        case close
        /// Reads on and says nothing, until the peer closes.
        case mute
    }

    let port: UInt16
    private let listener: Int32
    private let log = Mutex<[[UInt8]]>([])

    /// What each connection sent, in the order of accepting.
    var received: [[UInt8]] { log.withLock { $0 } }

    init(_ script: [Step]) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        unsafe withUnsafeMutableBytes(of: &address) { bytes in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return }
            _ = unsafe bind(listener, start, size)
            _ = listen(listener, 64)
            _ = unsafe getsockname(listener, start, &size)
        }
        port = UInt16(bigEndian: address.sin_port)
        start { [self] in
            while true {
                let connection = accept4Cloexec(listener)
                guard connection >= 0 else { return }
                let index = log.withLock { log in
                    log.append([])
                    return log.count - 1
                }
                start { [self] in run(script, connection, index) }
            }
        }
    }

    func stop() {
        _ = shutdown(listener, Int32(SHUT_RDWR))
    }

    private func run(_ script: [Step], _ connection: Int32, _ index: Int) {
        defer { _ = close(connection) }
        for step in script {
            switch step {
            case .read: _ = receive(connection, index)
            case .send(let bytes): _ = unsafe send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            case .close: return
            case .mute: while receive(connection, index) {}
            }
        }
    }

    private func receive(_ connection: Int32, _ index: Int) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(connection, &chunk, chunk.count)
        guard count > 0 else { return false }
        log.withLock { $0[index] += chunk.prefix(count) }
        return true
    }

    private func accept4Cloexec(_ listener: Int32) -> Int32 {
        accept(listener, nil, nil)
    }

    private func start(_ body: @escaping @Sendable () -> Void) {
        final class Body: Sendable {
            let run: @Sendable () -> Void
            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
        unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument
        )
        pthread_detach(thread)
    }
}

/// LDAP messages as a server writes them.
enum Wire {
    /// ExtendedResponse with a result code, for StartTLS.
    static func extendedResponse(_ message: UInt8, code: UInt8) -> [UInt8] {
        [0x30, 0x0C, 0x02, 0x01, message, 0x78, 0x07, 0x0A, 0x01, code, 0x04, 0x00, 0x04, 0x00]
    }

    static func bindResponse(_ message: UInt8, code: UInt8) -> [UInt8] {
        [0x30, 0x0C, 0x02, 0x01, message, 0x61, 0x07, 0x0A, 0x01, code, 0x04, 0x00, 0x04, 0x00]
    }

    /// A bind response with a password policy control whose value is not what it should be.
    static func bindResponseWithBadControl(_ message: UInt8) -> [UInt8] {
        let oid = Array("1.3.6.1.4.1.42.2.27.8.5.1".utf8)
        let control = [0x04, UInt8(oid.count)] + oid + [0x04, 0x03, 0x30, 0x05, 0x80]
        let controls = [0xA0, UInt8(control.count + 2), 0x30, UInt8(control.count)] + control
        let body = [0x02, 0x01, message, 0x61, 0x07, 0x0A, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00] + controls
        return [0x30, UInt8(body.count)] + body
    }
}
