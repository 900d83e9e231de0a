import Foundation
import Ledger
import Testing

@Suite struct AppendTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ change: (inout LedgerOptions) -> Void = { _ in }) throws -> Ledger {
        var options = LedgerOptions(directory: directory.path + "/data")
        change(&options)
        return try Ledger.open(options)
    }

    @Test func emptyLedger() throws {
        let ledger = try open()
        defer { ledger.close() }
        #expect(ledger.head == 0)
        #expect(ledger.isWritable)
        #expect(try ledger.contents().isEmpty)
        #expect(try ledger.record(at: 0) == nil)
        #expect(try ledger.record(at: 1) == nil)
        #expect(ledger.origin.hasPrefix("tollgate/"))
        #expect(ledger.origin.count == "tollgate/".count + 16)
        #expect(try ledger.appendAndWait([]) == 1)
        let mode = try FileManager.default.attributesOfItem(atPath: directory.path + "/data/node.key")[
            .posixPermissions
        ]
        #expect(mode as? Int == 0o600)
    }

    @Test func keepsRecordsAcrossReopening() throws {
        var records: [[UInt8]] = []
        var origin = ""
        var head = TreeHead(size: 0, root: [])
        for round in 0..<4 {
            let ledger = try open()
            if round > 0 {
                #expect(ledger.treeHead() == head)
                #expect(ledger.origin == origin)
            }
            origin = ledger.origin
            let more = (0..<333).map { bytes("round \(round) record \($0)") }
            #expect(try ledger.appendAndWait(more) == UInt64(records.count) + 1)
            records += more
            #expect(try ledger.contents() == records)
            head = ledger.treeHead()
            ledger.close()
            ledger.close()
        }
        // The same records in one go give the same tree.
        let other = try Ledger.open(LedgerOptions(directory: directory.path + "/other"))
        defer { other.close() }
        for record in records { try other.appendAndWait([record]) }
        #expect(other.treeHead() == head)
    }

    @Test func scanIsBoundedAndStops() throws {
        let ledger = try open()
        defer { ledger.close() }
        try ledger.appendAndWait((1...1_000).map { bytes("\($0)") })
        var seen: [UInt64] = []
        try ledger.scan(from: 250, through: 520) { sequence, record in
            seen.append(sequence)
            return String(decoding: record, as: UTF8.self) == "\(sequence)"
        }
        #expect(seen == Array(250...520))
        seen = []
        try ledger.scan(from: 990, through: .max) { sequence, _ in
            seen.append(sequence)
            return sequence < 995
        }
        #expect(seen == Array(990...995))
        #expect(throws: GapFound.self) { try ledger.scan(from: 1, through: 1) { at, _ in throw GapFound(at: at) } }
        try ledger.scan(from: 1_001, through: .max) { _, _ in false }
        #expect(try ledger.record(at: 777) == bytes("777"))
    }

    @Test func scanInPlaceGivesTheSame() throws {
        let ledger = try open()
        defer { ledger.close() }
        try ledger.appendAndWait((1...1_000).map { bytes("\($0)") })
        for (from, through, last) in [(250, 520, 520), (1, UInt64.max, 1_000), (990, .max, 995), (1_001, .max, 2_000)] {
            var copied: [String] = []
            var inPlace: [String] = []
            try ledger.scan(from: UInt64(from), through: through) { sequence, record in
                copied.append("\(sequence) \(String(decoding: record, as: UTF8.self))")
                return sequence < last
            }
            try ledger.scanInPlace(from: UInt64(from), through: through) { sequence, record in
                inPlace.append("\(sequence) \(String(decoding: record, as: UTF8.self))")
                return sequence < last
            }
            #expect(inPlace == copied)
        }
        #expect(throws: GapFound.self) {
            try ledger.scanInPlace(from: 7, through: 9) { at, _ in throw GapFound(at: at) }
        }
    }

    @Test func severalThreadsLeaveNoGap() throws {
        let ledger = try open { $0.queueLimit = 100_000 }
        defer { ledger.close() }
        let sinks = (0..<4).map { _ in CollectingSink() }
        let each = 3_000
        DispatchQueue.concurrentPerform(iterations: sinks.count) { number in
            for index in 0..<each {
                let token = UInt64(number * each + index)
                while !ledger.append(bytes("\(token)"), token: token, slot: nil, sink: sinks[number]) {}
            }
        }
        var sequences: Set<UInt64> = []
        for sink in sinks {
            let commits = sink.wait(for: each)
            #expect(commits.count == each)
            // One producer's records stay in its order.
            #expect(commits.map(\.token) == commits.map(\.token).sorted())
            #expect(commits.map(\.sequence) == commits.map(\.sequence).sorted())
            for commit in commits {
                #expect(try ledger.record(at: commit.sequence) == bytes("\(commit.token)"))
                sequences.insert(commit.sequence)
            }
        }
        #expect(sequences == Set(1...UInt64(sinks.count * each)))
        #expect(ledger.head == UInt64(sinks.count * each))
        let statistics = ledger.statistics()
        #expect(statistics.recordsAppended == UInt64(sinks.count * each))
        #expect(statistics.queueDepth == 0)
        #expect(statistics.commitBuckets.reduce(0, +) == statistics.batches)
        #expect(statistics.batches < statistics.recordsAppended)
    }

    @Test(arguments: [0, 1, 70_000, 3 << 20])
    func bigRecords(size: Int) throws {
        let record = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        do {
            let ledger = try open()
            try ledger.appendAndWait([record, [1], record])
            ledger.close()
        }
        let ledger = try open()
        defer { ledger.close() }
        #expect(try ledger.contents() == [record, [1], record])
    }

    @Test func tooLongIsRefused() throws {
        let ledger = try open()
        defer { ledger.close() }
        let record = [UInt8](repeating: 0, count: Ledger.recordLimit + 1)
        let error = #expect(throws: LedgerError.self) { try ledger.appendAndWait([record]) }
        #expect(error?.code == .recordTooLong)
        #expect(!ledger.append(record, token: 0, slot: nil, sink: CollectingSink()))
        #expect(ledger.head == 0)
    }

    /// A sink that holds up the writer until the test lets it go.
    final class BlockingSink: CommitSink {
        let entered = Condition()
        let gate = Condition()

        func committed(_ commits: [Commit]) {
            entered.signal()
            gate.wait()
        }
    }

    @Test func fullQueueRefuses() throws {
        let ledger = try open { $0.queueLimit = 10 }
        defer { ledger.close() }
        let blocking = BlockingSink()
        let sink = CollectingSink()
        #expect(ledger.append([0], token: 0, slot: nil, sink: blocking))
        blocking.entered.wait()
        var taken = 0
        for token in 1...20 where ledger.append([1], token: UInt64(token), slot: nil, sink: sink) { taken += 1 }
        // The record whose commit is being told still counts.
        #expect(taken == 9)
        #expect(ledger.statistics().queueDepth == 10)
        blocking.gate.signal()
        #expect(sink.wait(for: taken).count == taken)
        #expect(ledger.append([2], token: 99, slot: nil, sink: sink))
        #expect(sink.wait(for: taken + 1).last?.token == 99)
    }

    @Test func closeCommitsWhatWaits() throws {
        let sink = CollectingSink()
        let ledger = try open()
        for token in UInt64(0)..<500 { #expect(ledger.append([1], token: token, slot: nil, sink: sink)) }
        ledger.close()
        #expect(sink.all.count == 500)
        #expect(!ledger.isWritable)
        #expect(!ledger.append([1], token: 1, slot: nil, sink: sink))
        let error = #expect(throws: LedgerError.self) { try ledger.appendAndWait([[1]]) }
        #expect(error?.code == .closed)
        #expect(throws: LedgerError.self) { try ledger.contents() }
    }

    @Test func gatheringWindowCommitsAll() throws {
        let sink = CollectingSink()
        let ledger = try open { $0.gatherMicroseconds = 200 }
        defer { ledger.close() }
        for token in UInt64(0)..<200 { #expect(ledger.append([1], token: token, slot: nil, sink: sink)) }
        #expect(sink.wait(for: 200).map(\.sequence) == Array(1...200))
    }
}
