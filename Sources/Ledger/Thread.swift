internal import Glibc
internal import Synchronization

/// A counting semaphore on the monotonic clock, to be waited on by dedicated threads only.
final class Semaphore: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var count = 0

    init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func signal() {
        pthread_mutex_lock(mutex)
        count += 1
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }

    /// Waits for a signal, at most until `deadline` in monotonic nanoseconds when there is one.
    func wait(until deadline: UInt64? = nil) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while count == 0 {
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(
                tv_sec: Int(clamping: deadline / 1_000_000_000),
                tv_nsec: Int(clamping: deadline % 1_000_000_000)
            )
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return }
        }
        count -= 1
    }
}

/// Puts one thread to sleep and lets others wake it at no cost while it is awake.
///
/// The sleeper announces itself, looks once more for work, and only then sleeps; a producer publishes its work and
/// only then looks for an announcement. Both steps are sequentially consistent, so one of the two sees the other.
struct Wakeup: ~Copyable, Sendable {
    private enum State {
        static let awake: UInt8 = 0
        static let dozing: UInt8 = 1
        static let asleep: UInt8 = 2
    }

    private let state = Atomic<UInt8>(State.awake)
    private let semaphore = Semaphore()

    /// Wakes the thread if it sleeps, for as long as it meant to.
    func wake() {
        guard state.load(ordering: .sequentiallyConsistent) != State.awake else { return }
        if state.exchange(State.awake, ordering: .sequentiallyConsistent) != State.awake { semaphore.signal() }
    }

    /// Wakes the thread only if it sleeps without a deadline.
    func wakeIfAsleep() {
        guard state.load(ordering: .sequentiallyConsistent) == State.asleep else { return }
        wake()
    }

    /// Sleeps until woken or until `deadline` (monotonic nanoseconds; nil for none), unless `hasWork`.
    func sleep(until deadline: UInt64?, unless hasWork: () -> Bool) {
        state.store(deadline == nil ? State.asleep : State.dozing, ordering: .sequentiallyConsistent)
        if !hasWork() {
            semaphore.wait(until: deadline)
        }
        // A signal that comes between the two lines above and this one only makes the next sleep short.
        state.store(State.awake, ordering: .sequentiallyConsistent)
    }
}

/// The monotonic clock, in nanoseconds.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
}

/// The monotonic clock to a few milliseconds, at the price of one memory read.
func coarseMilliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec) / 1_000_000
}

/// A thread of its own, for work that blocks on the disk.
struct Thread: Sendable {
    private let thread: pthread_t

    /// Starts `body`; nil when the system gives no further thread.
    init?(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body: body))
        var thread = pthread_t()
        let failed = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                box.body()
                return nil
            },
            box.toOpaque()
        )
        guard failed == 0 else {
            box.release()
            return nil
        }
        self.thread = thread
    }

    func join() { pthread_join(thread, nil) }

    private final class Box: Sendable {
        let body: @Sendable () -> Void

        init(body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }
}

/// Where a caller of `appendAndWait` waits.
final class Waiter: Sendable {
    private let semaphore = Semaphore()
    private let outcome = Mutex<Result<UInt64, LedgerError>?>(nil)

    /// Tells the outcome; the first one holds.
    func finish(_ result: Result<UInt64, LedgerError>) {
        outcome.withLock { $0 = $0 ?? result }
        semaphore.signal()
    }

    /// The outcome, once there is one; waits at most until `deadline` (monotonic nanoseconds).
    func wait(until deadline: UInt64) throws(LedgerError) -> UInt64? {
        semaphore.wait(until: deadline)
        return try outcome.withLock({ $0 })?.get()
    }

    func wait() throws(LedgerError) -> UInt64 {
        semaphore.wait()
        guard let result = outcome.withLock({ $0 }) else { throw LedgerError(.closed, "the ledger is closed") }
        return try result.get()
    }
}
