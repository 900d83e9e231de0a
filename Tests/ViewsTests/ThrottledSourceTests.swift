import Events
import Ledger
import Synchronization
import Testing
import Views

@Suite struct ThrottledSourceTests {
    private static let number: UInt64 = 10_000

    private func log() -> MemoryLog {
        let log = MemoryLog()
        log.append(raw: (0..<Self.number).map { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] })
        return log
    }

    /// A clock that every reading moves on by a millisecond, all of it work of one thread beside a loop that never rests.
    private final class Busy: Sendable {
        private let now = Mutex<Int64>(0)
        let pauses = Mutex(0)

        func read() -> Int64 {
            now.withLock {
                $0 += 1_000_000
                return $0
            }
        }

        func throttle(watching: Bool) -> Throttle {
            let throttle = Throttle(now: read, threadTime: read, sleep: { _ in self.pauses.withLock { $0 += 1 } })
            if watching { throttle.watch { [self.read()] } }
            return throttle
        }
    }

    @Test(arguments: [false, true]) func passesOnWhatIsRead(inPlace: Bool) throws {
        let busy = Busy()
        let source = log().throttled(by: busy.throttle(watching: true))
        var next: UInt64 = 3
        let body: (UInt64, UnsafeRawBufferPointer) -> Bool = { sequence, record in
            #expect(sequence == next)
            #expect(record.loadUnaligned(as: UInt16.self) == UInt16(sequence - 1))
            next += 1
            return true
        }
        if inPlace {
            try source.scanInPlace(from: 3, through: Self.number - 1, body)
        } else {
            try source.scan(from: 3, through: Self.number - 1, body)
        }
        #expect(next == Self.number)
        #expect(busy.pauses.withLock { $0 } > 20)
    }

    @Test func pausesOnlyBesideBusyLoops() throws {
        let idle = Busy()
        try log().throttled(by: idle.throttle(watching: false)).scan(from: 1, through: Self.number) { _, _ in true }
        #expect(idle.pauses.withLock { $0 } == 0)
    }

    @Test func isTheLogItselfWithoutAThrottle() {
        let log = log()
        #expect(log.throttled(by: nil) as? MemoryLog === log)
    }

    @Test func anExportPausesToo() throws {
        let log = MemoryLog()
        let busy = Busy()
        log.append((0..<4_000).map { .nodeStopped(NodeStopped(time: $0, reason: "signal")) })
        var (plain, paced): ([UInt8], [UInt8]) = ([], [])
        var run = ExportRun(Export(format: .lines, through: log.head), of: log)
        try run.run {
            plain += $0
            return true
        }
        run.throttle = busy.throttle(watching: true)
        try run.run {
            paced += $0
            return true
        }
        #expect(plain == paced)
        #expect(busy.pauses.withLock { $0 } > 5)
    }
}
