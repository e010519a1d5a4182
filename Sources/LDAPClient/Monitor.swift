internal import Glibc

/// State behind a mutex, whose changes a thread of our own can wait for. Nothing of the cooperative pool waits here.
///
/// `@unchecked Sendable`: `state` is read and written with `mutex` held, always.
@safe
final class Monitor<State>: @unchecked Sendable {
    enum Step<Result> {
        case done(Result)
        /// Look again at the next change, or at this moment.
        case wait(until: ContinuousClock.Instant?)
    }

    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        // The wall clock may jump; a deadline must not.
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Changes the state and wakes whoever waits.
    func change<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }
        return body(&state)
    }

    /// Blocks this thread until `body` is done; it is asked at once, after each change and at the moment it names.
    func wait<Result>(_ body: (inout State) -> Step<Result>) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            switch body(&state) {
            case .done(let result): return result
            case .wait(until: nil): unsafe pthread_cond_wait(condition, mutex)
            case .wait(until: let deadline?):
                var moment = Self.monotonic(deadline)
                unsafe pthread_cond_timedwait(condition, mutex, &moment)
            }
        }
    }

    /// ContinuousClock counts by another clock than the condition variable; both run at the same pace.
    private static func monotonic(_ deadline: ContinuousClock.Instant) -> timespec {
        let (seconds, attoseconds) = max(.zero, ContinuousClock.now.duration(to: deadline)).components
        var moment = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &moment)
        moment.tv_sec += Int(min(seconds, 86_400))
        moment.tv_nsec += Int(attoseconds / 1_000_000_000)
        if moment.tv_nsec >= 1_000_000_000 {
            moment.tv_sec += 1
            moment.tv_nsec -= 1_000_000_000
        }
        return moment
    }
}

/// Starts a detached thread.
/// - Returns: false when the system has no thread left.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
    let retained = unsafe Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread,
        nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        },
        retained.toOpaque()
    )
    guard status == 0 else {
        unsafe retained.release()
        return false
    }
    pthread_detach(thread)
    return true
}
