internal import Glibc

/// Readings of the system's clocks.
package enum Clock {
    /// Nanoseconds of the monotonic clock, which only moves forward.
    @inline(__always)
    package static func monotonic() -> Int64 { read(CLOCK_MONOTONIC) }

    /// Microseconds since 1970 (UTC), which may leap.
    @inline(__always)
    package static func wallMicroseconds() -> Int64 { read(CLOCK_REALTIME) / 1000 }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
