import Glibc
import TestSupport
import Testing

@testable import Audit

@Suite("Lines for the system's log")
struct SystemLogTests {
    private let folder = TemporaryFolder()

    /// What a log daemon listens on.
    private final class Daemon: Sendable {
        private let descriptor: Int32

        init(_ path: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            unsafe unlink(path)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            let status = unsafe withUnsafeBytes(of: &address) { bytes in
                unsafe bind(
                    descriptor,
                    bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self),
                    socklen_t(MemoryLayout<sockaddr_un>.size)
                )
            }
            guard status == 0 else { throw SwappedFile.NotOpen() }
        }

        deinit { close(descriptor) }

        func receive() -> String? {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
        }
    }

    @Test("go to authpriv, failures as warnings, without the line's end")
    func message() throws {
        let daemon = try Daemon(folder.file("log"))
        var log = SystemLog(path: folder.file("log"))
        let isSent = [
            log.send(Array("{\"a\":1}\n".utf8), outcome: .success),
            log.send(Array("{\"b\":1}\n".utf8), outcome: .failure),
        ]
        #expect(isSent == [true, true])
        #expect(daemon.receive() == "<86>gatehouse[\(getpid())]: {\"a\":1}")
        #expect(daemon.receive() == "<84>gatehouse[\(getpid())]: {\"b\":1}")
    }

    @Test("are dropped while nobody reads them, without a wait, and go on when somebody does")
    func full() throws {
        let daemon = try Daemon(folder.file("log"))
        var log = SystemLog(path: folder.file("log"))
        let line = [UInt8](repeating: 0x61, count: 1000)
        let began = ContinuousClock.now
        var sent = 0
        while log.send(line, outcome: .success), sent < 100_000 { sent += 1 }
        #expect(sent < 100_000)
        #expect(began.duration(to: .now) < .seconds(5))
        while daemon.receive() != nil {}
        let isSent = log.send(line, outcome: .success)
        #expect(isSent)
    }

    @Test("reach a daemon that was started anew, and are refused while there is none")
    func restart() async throws {
        let path = folder.file("log")
        var log = SystemLog(path: path)
        let line = Array("x".utf8)
        let isSent = log.send(line, outcome: .success)
        #expect(!isSent)
        var daemon: Daemon? = try Daemon(path)
        #expect(await eventually { log.send(line, outcome: .success) })
        daemon = nil
        // A process that another test is just starting has the socket too, until it is what it will be.
        #expect(await eventually { !log.send(line, outcome: .success) })
        daemon = try Daemon(path)
        #expect(await eventually { log.send(line, outcome: .success) })
        #expect(daemon?.receive()?.hasSuffix(": x") == true)
    }

    @Test("are refused for a socket whose name is too long for the system")
    func longName() {
        var log = SystemLog(path: "/" + String(repeating: "x", count: 200))
        let isSent = log.send([0x61], outcome: .success)
        #expect(!isSent)
    }
}
