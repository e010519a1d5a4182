internal import Glibc
internal import Synchronization

/// A Redis server of its own on a free port of 127.0.0.1, its files in a temporary folder: made in a moment, gone with
/// the value. Policy `noeviction`, nothing saved unless a test wants it.
package final class TestRedis: Sendable {
    package struct Options: Sendable {
        /// `requirepass`: of the user `default`.
        package var password: String?
        /// Writes each command to disk, so that the data survive ``TestRedis/kill()``.
        package var isPersistent = false
        /// Lets ``TestRedis/moveClock(by:)`` set the server's clock.
        package var hasMovableClock = false
        /// More lines of redis.conf, such as `maxmemory 2mb` or `user name on >password ~* &* +@all`. A later line wins.
        package var lines: [String] = []

        package init() {}
    }

    package let port: UInt16
    package let options: Options
    let folder = TemporaryFolder()
    private let process: Mutex<ChildProcess?> = Mutex(nil)
    private let clockOffset: Mutex<Duration> = Mutex(.zero)

    package var url: String { "redis://127.0.0.1:\(port)/0" }
    package var socketPath: String { folder.file("redis.sock") }
    /// What the server wrote.
    package var log: String { contents(of: folder.file("redis.log")) }

    package static func start(_ options: Options = Options()) async throws -> TestRedis {
        try await ChildProcess.offPool {
            do {
                return try running(options)
            } catch {
                // Another process may have taken the port since it was found free.
                return try running(options)
            }
        }
    }

    private static func running(_ options: Options) throws -> TestRedis {
        let redis = TestRedis(options)
        redis.folder.write(redis.configuration, to: "redis.conf")
        redis.writeClock(.zero)
        try redis.run()
        return redis
    }

    private init(_ options: Options) {
        self.options = options
        port = FreePort.takeOne()
    }

    deinit {
        process.withLock { $0?.kill() }
    }

    /// Starts the server again, on the same port, after ``stop()`` or ``kill()``.
    package func restart() async throws {
        try await ChildProcess.offPool { try self.run() }
    }

    /// SIGTERM, and waits for the end.
    package func stop() async throws {
        try await ChildProcess.offPool { self.process.withLock { $0?.stop() } }
    }

    /// SIGKILL.
    package func kill() { process.withLock { $0?.kill() } }
    /// SIGSTOP: connections stay open and new ones are accepted by the kernel, nothing answers.
    package func suspend() { process.withLock { $0?.suspend() } }
    package func resume() { process.withLock { $0?.resume() } }

    /// Runs one command through redis-cli, as the user `default`.
    /// - Returns: what it printed, without the last newline: the raw value, elements on lines of their own.
    @discardableResult
    package func cli(_ words: [String]) async throws -> String {
        try await ChildProcess.offPool {
            let output = self.folder.file("cli-\(UInt64.random(in: .min ... .max)).out")
            defer { _ = unsafe unlink(output) }
            let environment = self.options.password.map { ["REDISCLI_AUTH": $0] } ?? [:]
            let arguments = ["-p", "\(self.port)", "--raw"] + words
            let status = try ChildProcess.run(
                "/usr/bin/redis-cli",
                arguments,
                environment: environment,
                output: output
            )
            let text = contents(of: output)
            guard status == 0 else { throw ChildProcess.Failure(description: "redis-cli: \(text)") }
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        }
    }

    @discardableResult
    package func cli(_ words: String...) async throws -> String { try await cli(words) }

    /// Moves the server's wall clock, by which keys expire and which `TIME` tells. Its timers go on as before.
    /// - Parameter duration: adds up over the calls; negative puts the clock back.
    package func moveClock(by duration: Duration) {
        precondition(options.hasMovableClock, "the option hasMovableClock is not set")
        clockOffset.withLock { offset in
            offset += duration
            writeClock(offset)
        }
    }

    private var configuration: String {
        var lines = [
            "bind 127.0.0.1", "port \(port)", "unixsocket \(socketPath)", "dir \(folder.path)", "save \"\"",
            "appendonly \(options.isPersistent ? "yes" : "no")", "appendfsync always", "maxmemory-policy noeviction",
            "enable-debug-command local", "repl-diskless-sync-delay 0",
        ]
        if let password = options.password { lines.append("requirepass \(password)") }
        return (lines + options.lines).joined(separator: "\n") + "\n"
    }

    /// Renamed into place: the server reads it at any moment.
    private func writeClock(_ offset: Duration) {
        let milliseconds = Int64(offset / .milliseconds(1))
        let fraction = String(milliseconds.magnitude % 1000 + 1000).dropFirst()
        let text = "\(milliseconds < 0 ? "-" : "+")\(milliseconds.magnitude / 1000).\(fraction)"
        _ = unsafe rename(folder.write(text, to: "clock.new"), folder.file("clock"))
    }

    private func run() throws {
        try process.withLock { process in
            process?.kill()
            let child = try ChildProcess(
                "/usr/bin/redis-server",
                [folder.file("redis.conf")],
                environment: options.hasMovableClock ? try Self.clockEnvironment(folder.file("clock")) : [:],
                output: folder.file("redis.log")
            )
            process = child
            for _ in 0..<2000 {
                if answersPing() { return }
                guard child.isRunning else { break }
                usleep(5000)
            }
            throw ChildProcess.Failure(description: "redis-server does not run:\n\(log)")
        }
    }

    /// libfaketime reads the file at each look at the clock. It and jemalloc call each other while both begin, which it gives
    /// up on: glibc's own allocator is put in its place.
    private static func clockEnvironment(_ file: String) throws -> [String: String] {
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, nil, &found) == 0,
            let path = unsafe found.gl_pathv[0]
        else { throw ChildProcess.Failure(description: "libfaketime is not installed") }
        return [
            "LD_PRELOAD": "\(unsafe String(cString: path)):libc_malloc_debug.so.0",
            "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
        ]
    }

    /// Whether the server serves: a refusal for want of a password counts, one while loading does not.
    private func answersPing() -> Bool {
        guard let stream = try? ByteStream(port: port, timeout: 1), (try? stream.write("PING\r\n")) != nil,
            let answer = try? stream.read()
        else { return false }
        let text = String(decoding: answer, as: UTF8.self)
        return text.hasPrefix("+PONG") || text.hasPrefix("-NOAUTH")
    }
}
