import Glibc

/// A condition with its lock: threads wait in it, so that views need neither an event loop nor the cooperative pool.
final class Monitor: @unchecked Sendable {
    // Both are only touched through the pthread calls below and live as long as the object.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Waits for a signal with the lock held, at most so many milliseconds.
    func wait(milliseconds: Int? = nil) {
        guard let milliseconds else {
            pthread_cond_wait(condition, mutex)
            return
        }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let nanoseconds = time.tv_nsec + (milliseconds % 1000) * 1_000_000
        time.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        pthread_cond_timedwait(condition, mutex, &time)
    }

    func signalAll() { pthread_cond_broadcast(condition) }
}

/// A thread of its own that runs one function.
final class WorkerThread: @unchecked Sendable {
    // Written once before the thread starts, read by the one that joins.
    private var handle = pthread_t()
    private let isRunning: Bool

    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    init(_ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(body))
        let result = pthread_create(
            &handle,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            },
            start.toOpaque()
        )
        isRunning = result == 0
        if !isRunning { start.release() }
    }

    /// True when the system gave a thread.
    var started: Bool { isRunning }

    /// Lets the thread end by itself; nobody may join it then.
    func detach() {
        if isRunning { pthread_detach(handle) }
    }

    func join() {
        if isRunning { pthread_join(handle, nil) }
    }
}
