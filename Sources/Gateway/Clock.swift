package import Glibc

/// Readings of the system's clocks.
package enum Clock {
    /// Nanoseconds of the monotonic clock, which only moves forward.
    @inline(__always)
    package static func monotonic() -> Int64 { read(CLOCK_MONOTONIC) }

    /// Microseconds since 1970 (UTC), which may leap.
    @inline(__always)
    package static func wallMicroseconds() -> Int64 { read(CLOCK_REALTIME) / 1000 }

    /// The clock of the calling thread's processor time, for any thread to ``read(_:)``.
    package static func ofThread() -> clockid_t {
        var clock = clockid_t()
        return pthread_getcpuclockid(pthread_self(), &clock) == 0 ? clock : -1
    }

    /// Nanoseconds of a clock; 0 when there is no such clock any more.
    @inline(__always)
    package static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
