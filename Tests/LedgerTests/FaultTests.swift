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
    @Test(arguments: [FaultInjector.Call.append, .sync, .open, .directory], [EIO, ENOSPC])
    func everySingleFaultIsRecovered(call: FaultInjector.Call, error: Int32) throws {
        for isShort in call == .append ? [false, true] : [false] {
            try recoversEverySingleFault(call: call, error: error, isShort: isShort)
        }
    }

    private func recoversEverySingleFault(call: FaultInjector.Call, error: Int32, isShort: Bool) throws {
        // Eight records change the log file once: every kind of file is written on the way.
        let count = 8
        var nth: UInt64 = 1
        while true {
            faults.reset()
            let name = "data-\(nth)-\(isShort)"
            let ledger = try Ledger.open(options(name))
            faults.reset()
            faults.arm(call, nth: nth, errno: error, shortWrite: isShort)
            let sequences = try append(count, to: ledger, bytes: 14_000)
            let fired = faults.fired
            #expect(sequences == Array(1...UInt64(count)), "call \(nth)")
            let head = ledger.treeHead()
            ledger.close()
            faults.reset()
            let reopened = try Ledger.open(options(name))
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

    /// The n-th call of a start fails, for every n: it says so or starts nevertheless, and the next start finds all.
    @Test(arguments: FaultInjector.Call.allCases, [EIO, ENOSPC])
    func everySingleFaultOfAStartIsToldOrRecovered(call: FaultInjector.Call, error: Int32) throws {
        faults.reset()
        let ledger = try Ledger.open(options("full"))
        // A table, and a log that the start turns into another one.
        _ = try append(9, to: ledger, bytes: 14_000)
        let head = ledger.treeHead()
        ledger.close()
        var nth: UInt64 = 1
        while true {
            let name = "copy-\(nth)"
            let copy = "\(directory.path)/\(name)"
            try FileManager.default.copyItem(atPath: "\(directory.path)/full", toPath: copy)
            faults.reset()
            faults.arm(call, nth: nth, errno: error, shortWrite: nth % 2 == 1)
            do throws(LedgerError) {
                let started = try Ledger.open(options(name))
                started.close()
            } catch {
                #expect([.ioError, .diskFull, .damaged].contains(error.code), "call \(nth): \(error)")
                #expect(!error.message.isEmpty)
            }
            let fired = faults.fired
            faults.reset()
            let reopened = try Ledger.open(options(name))
            #expect(reopened.treeHead() == head, "call \(nth)")
            #expect(try reopened.contents().count == 9)
            reopened.close()
            try FileManager.default.removeItem(atPath: copy)
            if fired == 0 { break }
            nth += 1
        }
        #expect(nth > 1)
    }

    /// A disk that takes long: the queue fills to its bound and no further, and the figures show it.
    @Test(arguments: [50_000, 500_000])
    func slowDiskIsBounded(microseconds: UInt64) throws {
        faults.reset()
        var slow = options("data")
        slow.queueLimit = 20
        let ledger = try Ledger.open(slow)
        let sink = CollectingSink()
        faults.delay(.sync, microseconds: microseconds)
        var taken = 0
        var refused = 0
        for token in UInt64(0)..<200 {
            if ledger.append([1, 2, 3], token: token, slot: nil, sink: sink) { taken += 1 } else { refused += 1 }
            #expect(ledger.statistics().queueDepth <= 20)
        }
        // At most one batch went while the others were pushed.
        #expect(taken <= 60 && refused >= 140)
        #expect(ledger.isWritable)
        #expect(sink.wait(for: taken).count == taken)
        // Clients are told before the figures are.
        spin { ledger.statistics().lastCommitSeconds >= Double(microseconds) / 1e6 }
        faults.delay(.sync, microseconds: 0)
        ledger.close()
    }

    /// The power goes at the n-th call, for every n of a short run with changes of the log: what was acknowledged before
    /// is there, in order, and nothing that was never appended.
    @Test(arguments: [FaultInjector.Call.append, .sync, .open, .directory, .remove], [false, true])
    func powerCutAtEveryCall(call: FaultInjector.Call, keepsPart: Bool) throws {
        var nth: UInt64 = 1
        while true {
            let name = "power-\(nth)"
            faults.reset()
            // What a process without power signs is not held back: its one checkpoint comes before.
            var options = options(name)
            options.checkpointIntervalMilliseconds = 1_000_000_000
            let ledger = try Ledger.open(options)
            _ = try append(1, to: ledger)
            spin { ledger.statistics().checkpointSize == 1 }
            faults.reset()
            faults.arm(call, nth: nth, errno: FaultInjector.powerCut)
            var acknowledged = 1
            let sink = CollectingSink()
            for number in 1..<10 {
                let record = bytes("record \(number) ") + [UInt8](repeating: 65, count: 14_000)
                guard ledger.append(record, token: UInt64(number), slot: nil, sink: sink) else { break }
                // Without power an answer may never come, and counts for nothing.
                spin { sink.all.count == number || faults.isPowerless }
                if faults.isPowerless { break }
                acknowledged += 1
            }
            // The store removes a log in a thread of its own, which may come to it after the last answer.
            if nth == 1 { spin { faults.isPowerless } }
            let fired = faults.fired
            faults.cutPower()
            ledger.abandon()
            faults.restorePower(seed: keepsPart ? nth &* 7_919 : 0)
            faults.reset()
            let reopened = try Ledger.open(options)
            let found = try reopened.contents()
            #expect((acknowledged...acknowledged + 1).contains(found.count), "call \(nth)")
            for (number, record) in found.enumerated() { #expect(record.starts(with: bytes("record \(number) "))) }
            reopened.close()
            if fired == 0 { break }
            nth += 1
        }
        #expect(nth > 1)
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
