import Glibc

/// The wall clock of events.
enum WallClock {
    /// Now, in microseconds since 1970 (UTC).
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
