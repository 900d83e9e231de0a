import Events
import Synchronization
import Testing
import Views

@Suite struct ReadAheadTests {
    private static let number = ReadAhead.shortest * 3

    private func log() -> MemoryLog {
        let log = MemoryLog()
        // Of all lengths, the empty record included.
        log.append(
            raw: (0..<Self.number).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: Int($0 % 61)) }
        )
        return log
    }

    @Test func everyRecordComesOnceInOrder() throws {
        let log = log()
        for (from, through) in [(UInt64(1), Self.number), (7, Self.number - 3), (5, 9)] {
            var next = from
            try ReadAhead.scan(log, from: from, through: through) { sequence, record in
                #expect(sequence == next)
                let index = sequence - 1
                if record.count != Int(index % 61) || record.contains(where: { $0 != UInt8(truncatingIfNeeded: index) })
                {
                    Issue.record("record \(sequence) is not what was stored")
                }
                next += 1
                return true
            }
            #expect(next == through + 1)
        }
    }

    @Test func aReaderThatHasEnoughEndsTheReading() throws {
        var seen: UInt64 = 0
        try ReadAhead.scan(log(), from: 1, through: Self.number) { _, _ in
            seen += 1
            return seen < 10
        }
        #expect(seen == 10)
    }

    @Test func whatWasReadBeforeAnErrorIsGivenBeforeItIsThrown() throws {
        let log = log()
        log.failsAt.withLock { $0 = 50_000 }
        var last: UInt64 = 0
        #expect(throws: MemoryLog.Unreadable.self) {
            try ReadAhead.scan(log, from: 1, through: Self.number) { sequence, _ in
                last = sequence
                return true
            }
        }
        #expect(last == 49_999)
    }

    @Test func anErrorOfTheReaderIsThrown() {
        struct Enough: Error {}
        #expect(throws: Enough.self) {
            try ReadAhead.scan(log(), from: 1, through: Self.number) { sequence, _ in
                if sequence == 30_000 { throw Enough() }
                return true
            }
        }
    }
}
