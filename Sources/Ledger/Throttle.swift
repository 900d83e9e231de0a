internal import Glibc
internal import Synchronization

/// Holds long work beside a serving process back for as long as that process's event loops are busy, so that an export,
/// an audit or a rebuild takes what they leave and little more.
///
/// The lowest priority alone does not do that: a thread on the other half of a processor's core slows the first half
/// down, and the disk and its caches are shared too. Any thread.
public final class Throttle: Sendable {
    /// What one thread has done since it last gave way. Belongs to that thread.
    public struct Stretch: Sendable {
        fileprivate var wall: Int64 = 0
        fileprivate var processor: Int64 = 0
    }

    /// Up to this share of the time an event loop counts as idle, and from ``busy`` on as busy.
    private static let idle = 0.15
    private static let busy = 0.45
    /// The share of the time that is worked beside busy loops.
    private static let leastShare = 0.05
    /// How long the loops are watched for one figure; after `stale` a figure begins anew.
    private static let window: Int64 = 20_000_000
    private static let stale: Int64 = 1_000_000_000
    /// The longest pause.
    private static let longest: Int64 = 500_000_000
    /// Work is at most so many times what the thread itself used: the rest was waiting for whoever takes the result.
    private static let helpers: Int64 = 8

    private struct State {
        var loopTimes: @Sendable () -> [Int64] = { [] }
        var seen: (at: Int64, times: [Int64])?
        var load = 0.0
        /// When what was done until now is paid for, of all threads together.
        var paidAt: Int64 = 0
    }

    private let now: @Sendable () -> Int64
    private let threadTime: @Sendable () -> Int64
    private let sleep: @Sendable (_ nanoseconds: Int64) -> Void
    private let state = Mutex(State())

    /// One that holds nothing back until it watches something.
    public convenience init() {
        self.init(now: { read(CLOCK_MONOTONIC) }, threadTime: { read(CLOCK_THREAD_CPUTIME_ID) }) { nanoseconds in
            var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
            nanosleep(&time, nil)
        }
    }

    /// The same with other clocks than the system's, in nanoseconds.
    package init(
        now: @escaping @Sendable () -> Int64,
        threadTime: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (_ nanoseconds: Int64) -> Void
    ) {
        self.now = now
        self.threadTime = threadTime
        self.sleep = sleep
    }

    /// Watches event loops by the processor time that each has used so far, in nanoseconds and always in the same order.
    public func watch(_ loopTimes: @escaping @Sendable () -> [Int64]) {
        state.withLock {
            $0.loopTimes = loopTimes
            $0.seen = nil
        }
    }

    /// Gives the calling thread the lowest priority for as long as it lives.
    public static func lowerPriority() { setpriority(Int32(bitPattern: PRIO_PROCESS.rawValue), 0, 19) }

    /// Ends a stretch of work on the calling thread and begins the next, after a pause where the loops are busy. To be
    /// called about once in a millisecond of work, the first time with nil; blocks for half a second at most.
    public func giveWay(_ stretch: inout Stretch?) {
        if let stretch { pause(after: stretch) }
        stretch = Stretch(wall: now(), processor: threadTime())
    }

    private func pause(after stretch: Stretch) {
        let now = now()
        let own = max(0, min(threadTime() - stretch.processor, Self.longest))
        let work = max(0, min(now - stretch.wall, own * Self.helpers))
        let pause = state.withLock { state -> Int64 in
            let share = Self.share(beside: load(&state, now))
            guard share < 1 else { return 0 }
            state.paidAt = max(now, state.paidAt) + Int64(Double(work) * (1 / share - 1))
            state.paidAt = min(state.paidAt, now + Self.longest)
            return state.paidAt - now
        }
        if pause > 0 { sleep(pause) }
    }

    /// The share of the time that may be worked beside loops that use `load` of theirs.
    private static func share(beside load: Double) -> Double {
        let spare = (busy - load) / (busy - idle)
        return min(1, max(leastShare, spare))
    }

    /// How busy the busiest loop is, of 1.
    private func load(_ state: inout State, _ now: Int64) -> Double {
        let last = state.seen
        if let last, now - last.at < Self.window { return state.load }
        let times = state.loopTimes()
        state.seen = (now, times)
        guard let last, last.times.count == times.count, now - last.at < Self.stale else {
            state.load = 0
            return 0
        }
        let most = zip(times, last.times).map { Double($0) - Double($1) }.max() ?? 0
        state.load = most / Double(max(1, now - last.at))
        return state.load
    }
}

private func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
}
