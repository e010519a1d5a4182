internal import Glibc
internal import Synchronization

/// A process that a test starts. It never outlives the test process: a guardian waits at the other end of a socket
/// that closes with us, however we end, and kills the child then.
package final class ChildProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    package let pid: Int32
    private let guardian: Int32
    private let lifeline: Int32
    private let status: Mutex<Int32?> = Mutex(nil)

    /// - Parameter output: the file that standard output and error are appended to; `nil` discards them.
    package init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        output: String? = nil
    ) throws(Failure) {
        pid = try Self.spawn(executable, arguments, environment, input: "/dev/null", output: output)
        var ends: [Int32] = [0, 0]
        // A socket pair is made with close-on-exec at once: no child that another thread starts now inherits our end.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Failure(description: "no socket pair") }
        lifeline = ends[1]
        let script = "read line; kill -9 \(pid)"
        guardian = try Self.spawn("/bin/sh", ["-c", script], [:], inputDescriptor: ends[0], output: nil)
        _ = close(ends[0])
    }

    deinit {
        kill()
    }

    /// Runs a command to its end.
    /// - Returns: its exit status and everything it wrote.
    @discardableResult
    package static func run(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String = "/dev/null",
        output: String? = nil
    ) throws(Failure) -> Int32 {
        let pid = try spawn(executable, arguments, environment, input: input, output: output)
        return reap(pid)
    }

    /// Whether the process has not ended yet.
    package var isRunning: Bool {
        status.withLock { status in
            if status != nil { return false }
            var value: Int32 = 0
            guard unsafe waitpid(pid, &value, WNOHANG) == pid else { return true }
            status = Self.exitStatus(value)
            return false
        }
    }

    /// What the process ended with, or the number of the signal that ended it, negative; `nil` while it runs.
    package var exitStatus: Int32? { isRunning ? nil : status.withLock { $0 } }

    /// Asks the process to end and waits until it has; after five seconds it is killed.
    package func stop() {
        send(SIGCONT)
        send(SIGTERM)
        for _ in 0..<500 where isRunning { usleep(10_000) }
        kill()
    }

    /// SIGKILL, and waits until the process is gone.
    package func kill() {
        send(SIGKILL)
        status.withLock { status in
            guard status == nil else { return }
            status = Self.reap(pid)
        }
        endGuardian()
    }

    /// SIGSTOP: the process keeps its sockets and does nothing.
    ///
    /// Returns when every thread has stopped: the signal alone lets a busy one finish what it is at.
    package func suspend() {
        status.withLock { status in
            guard status == nil, Glibc.kill(pid, SIGSTOP) == 0 else { return }
            var value: Int32 = 0
            while unsafe waitpid(pid, &value, WUNTRACED) < 0, errno == EINTR {}
            if value & 0xFF != 0x7F { status = Self.exitStatus(value) }
        }
    }

    package func resume() { send(SIGCONT) }

    /// Never sent to a process number that may belong to somebody else by now.
    package func send(_ signal: Int32) {
        status.withLock { status in
            if status == nil { _ = Glibc.kill(pid, signal) }
        }
    }

    private let isGuarded = Mutex(true)

    private func endGuardian() {
        isGuarded.withLock { isGuarded in
            guard isGuarded else { return }
            isGuarded = false
            _ = Glibc.kill(guardian, SIGKILL)
            _ = Self.reap(guardian)
            _ = close(lifeline)
        }
    }

    /// Runs what blocks on a thread of its own: a test that waits for a process must not hold one of the few threads on
    /// which all other tests go on.
    package static func offPool<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
        -> Result
    {
        try await withCheckedThrowingContinuation { continuation in
            startThread { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    /// Runs something that blocks for long on a thread of its own.
    package static func onThread(_ body: @escaping @Sendable () -> Void) {
        startThread(body)
    }

    private static func reap(_ pid: Int32) -> Int32 {
        var value: Int32 = 0
        while unsafe waitpid(pid, &value, 0) < 0, errno == EINTR {}
        return exitStatus(value)
    }

    /// - Parameter value: as waitpid(2) gives it.
    private static func exitStatus(_ value: Int32) -> Int32 {
        value & 0x7F == 0 ? value >> 8 & 0xFF : -(value & 0x7F)
    }

    private static func spawn(
        _ executable: String,
        _ arguments: [String],
        _ environment: [String: String],
        input: String = "/dev/null",
        inputDescriptor: Int32? = nil,
        output: String?
    ) throws(Failure) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let inputDescriptor {
            unsafe posix_spawn_file_actions_adddup2(&actions, inputDescriptor, 0)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        }
        unsafe posix_spawn_file_actions_addopen(
            &actions,
            1,
            output ?? "/dev/null",
            O_WRONLY | O_CREAT | O_APPEND,
            0o600
        )
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // NIO's sockets do not close on exec: a child that inherited one would keep it open after we closed it. That some
        // of these are not open is no error.
        for descriptor in 3..<Int32(min(1024, sysconf(Int32(_SC_OPEN_MAX)))) {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // A process group of its own: Ctrl-C ends the tests, whose end ends the child.
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        var variables = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LDAPNOINIT": "1", "LC_ALL": "C.UTF-8"]
        variables.merge(environment) { $1 }
        var argv = unsafe ([executable] + arguments).map { unsafe strdup($0) } + [nil]
        var envp = unsafe variables.map { unsafe strdup("\($0)=\($1)") } + [nil]
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        var pid: Int32 = 0
        let error = unsafe posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp)
        guard error == 0 else { throw Failure(description: "cannot start \(executable): error \(error)") }
        return pid
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    let argument = unsafe Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread,
        nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        },
        argument
    )
    precondition(status == 0, "no thread")
    pthread_detach(thread)
}
