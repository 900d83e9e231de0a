import Foundation
import Ledger
import LevelDB
import Testing

/// What a failing disk does to a running ledger.
@Suite struct FaultTests {
    private let directory: TemporaryDirectory
    private let faults = FaultInjector()

    init() throws { directory = try TemporaryDirectory() }

    private func options(_ name: String) -> LedgerOptions {
        var options = LedgerOptions(directory: "\(directory.path)/\(name)")
        options.databaseOptions.faults = faults
        options.databaseOptions.writeBufferSize = 64 << 10
        return options
    }

    /// One record a batch; returns the sequences that were told.
    private func append(_ count: Int, to ledger: Ledger, from first: Int = 0, bytes size: Int = 2_000) throws
        -> [UInt64]
    {
        try (first..<first + count).map { number in
            try persistently(bytes("record \(number) ") + [UInt8](repeating: 65, count: size), to: ledger)
        }
    }

    private func persistently(_ record: [UInt8], to ledger: Ledger) throws -> UInt64 {
        while true {
            let outcome = Result { () throws(LedgerError) in try ledger.appendAndWait([record]) }
            if case .failure(let error) = outcome, error.code == .notWritable { continue }
            return try outcome.get()
        }
    }

    /// The n-th call fails once, for every n: each record is stored exactly once, in order.
    @Test(arguments: [FaultInjector.Call.append, .sync, .open], [EIO, ENOSPC])
    func everySingleFaultIsRecovered(call: FaultInjector.Call, error: Int32) throws {
        // Eight records change the log file once: every kind of file is written on the way.
        let count = 8
        var nth: UInt64 = 1
        while true {
            faults.reset()
            let ledger = try Ledger.open(options("data-\(nth)"))
            faults.reset()
            faults.arm(call, nth: nth, errno: error, shortWrite: nth % 2 == 1)
            let sequences = try append(count, to: ledger, bytes: 14_000)
            let fired = faults.fired
            #expect(sequences == Array(1...UInt64(count)), "call \(nth)")
            let head = ledger.treeHead()
            ledger.close()
            faults.reset()
            let reopened = try Ledger.open(options("data-\(nth)"))
            #expect(reopened.treeHead() == head)
            #expect(try reopened.contents().count == count)
            reopened.close()
            if fired == 0 { break }
            nth += 1
        }
        #expect(nth > 1)
    }

    /// The disk stays full for a while: nothing is acknowledged meanwhile, and service resumes by itself.
    @Test func diskFullThenFreed() throws {
        let ledger = try Ledger.open(options("data"))
        _ = try append(5, to: ledger)
        faults.reset()
        faults.arm(.append, nth: 1, count: .max, errno: ENOSPC)
        let sink = CollectingSink()
        #expect(ledger.append(bytes("during"), token: 7, slot: nil, sink: sink))
        spin { !ledger.isWritable }
        #expect(!ledger.append(bytes("refused"), token: 8, slot: nil, sink: sink))
        let error = #expect(throws: LedgerError.self) { try ledger.appendAndWait([[1]]) }
        #expect(error?.code == .notWritable)
        spin { ledger.statistics().writeErrors >= 3 }
        #expect(sink.all.isEmpty)
        #expect(ledger.statistics().lastError.contains("full"))
        faults.reset()
        #expect(sink.wait(for: 1) == [Commit(token: 7, sequence: 6)])
        spin { ledger.isWritable }
        #expect(try ledger.appendAndWait([bytes("after")]) == 7)
        #expect(try ledger.record(at: 6) == bytes("during"))
        ledger.close()
    }

    /// The sync fails but the bytes are there: the record is found again and not written twice.
    @Test func unknownOutcomeIsNotDoubled() throws {
        let ledger = try Ledger.open(options("data"))
        _ = try append(3, to: ledger)
        faults.reset()
        faults.arm(.sync, nth: 1, errno: EIO)
        #expect(try ledger.appendAndWait([bytes("a"), bytes("b")]) == 4)
        #expect(faults.fired == 1)
        #expect(try ledger.appendAndWait([bytes("c")]) == 6)
        #expect(try ledger.contents().suffix(3) == [bytes("a"), bytes("b"), bytes("c")])
        ledger.close()
    }

    /// Closing while the disk is full ends, acknowledges nothing, and keeps what was acknowledged.
    @Test func closeWhileFull() throws {
        let ledger = try Ledger.open(options("data"))
        _ = try append(5, to: ledger)
        faults.reset()
        faults.arm(.append, nth: 1, count: .max, errno: ENOSPC)
        let sink = CollectingSink()
        #expect(ledger.append(bytes("lost"), token: 1, slot: nil, sink: sink))
        spin { !ledger.isWritable }
        ledger.close()
        #expect(sink.all.isEmpty)
        faults.reset()
        let reopened = try Ledger.open(options("data"))
        #expect(try reopened.contents().count == 5)
        reopened.close()
    }

    @Test func scanGoesOnAcrossRecovery() throws {
        let ledger = try Ledger.open(options("data"))
        _ = try append(200, to: ledger)
        var seen = 0
        try ledger.scan(from: 1, through: 200) { _, _ in
            seen += 1
            if seen == 10 {
                faults.reset()
                faults.arm(.sync, nth: 1, errno: EIO)
                _ = try append(1, to: ledger, from: 200)
            }
            return true
        }
        #expect(seen == 200)
        #expect(faults.fired == 1)
        ledger.close()
    }

    /// After a power cut everything acknowledged is there.
    @Test(arguments: [1, 29, 30, 31, 100])
    func powerCut(count: Int) throws {
        faults.reset()
        let ledger = try Ledger.open(options("data"))
        _ = try append(count, to: ledger)
        let head = ledger.treeHead()
        faults.cutPower()
        ledger.abandon()
        faults.restorePower()
        let reopened = try Ledger.open(options("data"))
        #expect(reopened.treeHead() == head)
        #expect(try reopened.contents().count == count)
        reopened.close()
    }
}
