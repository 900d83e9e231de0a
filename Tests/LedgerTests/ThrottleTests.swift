import Ledger
import Synchronization
import Testing

@Suite struct ThrottleTests {
    /// Clocks that stand still but for work and pauses.
    private final class Machine: Sendable {
        private struct State {
            var now: Int64 = 1_000_000_000
            var threadTime: Int64 = 0
            var loopTime: Int64 = 0
            var paused: Int64 = 0
        }
        private let state = Mutex(State())
        /// The share of the time that the loop works.
        private let load = Mutex(0.0)

        init(load: Double) { self.load.withLock { $0 = load } }

        var paused: Int64 { state.withLock { $0.paused } }
        var elapsed: Int64 { state.withLock { $0.now } - 1_000_000_000 }

        func set(load: Double) { self.load.withLock { $0 = load } }

        func pass(_ nanoseconds: Int64, working: Int64 = 0, isPause: Bool = false) {
            let load = load.withLock { $0 }
            state.withLock {
                $0.now += nanoseconds
                $0.threadTime += working
                $0.loopTime += Int64(Double(nanoseconds) * load)
                if isPause { $0.paused += nanoseconds }
            }
        }

        func throttle() -> Throttle {
            let throttle = Throttle(
                now: { self.state.withLock { $0.now } },
                threadTime: { self.state.withLock { $0.threadTime } },
                sleep: { self.pass($0, isPause: true) }
            )
            throttle.watch { [0, self.state.withLock { $0.loopTime }] }
            return throttle
        }

        /// The share of the time that a thread works which gives way after every millisecond.
        func share(_ throttle: Throttle, milliseconds: Int) -> Double {
            let (began, pausedBefore) = (elapsed, paused)
            var stretch: Throttle.Stretch?
            throttle.giveWay(&stretch)
            for _ in 0..<milliseconds {
                pass(1_000_000, working: 1_000_000)
                throttle.giveWay(&stretch)
            }
            return 1 - Double(paused - pausedBefore) / Double(elapsed - began)
        }
    }

    @Test(arguments: [(0.0, 1.0), (0.1, 1.0), (0.15, 1.0), (0.3, 0.5), (0.45, 0.05), (1.0, 0.05)])
    func worksAsMuchAsTheLoopsLeave(load: Double, share: Double) {
        let machine = Machine(load: load)
        let throttle = machine.throttle()
        _ = machine.share(throttle, milliseconds: 50)
        #expect(abs(machine.share(throttle, milliseconds: 1_000) - share) < 0.02)
    }

    @Test func nothingIsHeldBackWhereNothingIsWatched() {
        let machine = Machine(load: 1)
        let throttle = machine.throttle()
        throttle.watch { [] }
        #expect(machine.share(throttle, milliseconds: 500) == 1)
    }

    @Test func loadIsNoticedAndForgotten() {
        let machine = Machine(load: 0)
        let throttle = machine.throttle()
        #expect(machine.share(throttle, milliseconds: 100) == 1)
        machine.set(load: 1)
        _ = machine.share(throttle, milliseconds: 50)
        #expect(machine.share(throttle, milliseconds: 100) < 0.07)
        machine.set(load: 0)
        _ = machine.share(throttle, milliseconds: 50)
        #expect(machine.share(throttle, milliseconds: 100) == 1)
    }

    /// Waiting for a reader that takes little is no work, and costs no pause beyond that of a thread's own part.
    @Test func waitingIsNotWork() {
        let machine = Machine(load: 1)
        let throttle = machine.throttle()
        _ = machine.share(throttle, milliseconds: 50)
        let before = machine.paused
        var stretch: Throttle.Stretch?
        throttle.giveWay(&stretch)
        machine.pass(3_000_000_000)
        throttle.giveWay(&stretch)
        machine.pass(100_000_000, working: 1_000)
        throttle.giveWay(&stretch)
        #expect(machine.paused - before < 1_000_000)
    }

    /// Several threads share what one alone may take, and none waits for more than half a second.
    @Test func threadsShare() {
        let machine = Machine(load: 1)
        let throttle = machine.throttle()
        _ = machine.share(throttle, milliseconds: 50)
        var stretches = [Throttle.Stretch?](repeating: nil, count: 8)
        for index in stretches.indices { throttle.giveWay(&stretches[index]) }
        let (began, pausedBefore) = (machine.elapsed, machine.paused)
        for _ in 0..<100 {
            // All of them work in the same millisecond.
            machine.pass(1_000_000, working: 1_000_000)
            for index in stretches.indices { throttle.giveWay(&stretches[index]) }
        }
        let (elapsed, paused) = (machine.elapsed - began, machine.paused - pausedBefore)
        #expect(Double(elapsed - paused) / Double(elapsed) < 0.07)
        machine.pass(100_000_000_000, working: 100_000_000_000)
        let before = machine.paused
        throttle.giveWay(&stretches[0])
        #expect(machine.paused - before <= 500_000_000)
    }

    @Test func clocksThatReadWronglyHoldNothingUp() {
        let times = Mutex<[Int64]>([5])
        let throttle = Throttle(now: { 0 }, threadTime: { .max }, sleep: { _ in Issue.record("a pause") })
        throttle.watch { times.withLock { $0 } }
        var stretch: Throttle.Stretch?
        throttle.giveWay(&stretch)
        throttle.giveWay(&stretch)
        times.withLock { $0 = [.min, .max] }
        throttle.giveWay(&stretch)
    }
}
