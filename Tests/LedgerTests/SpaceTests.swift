import Foundation
import Ledger
import LevelDB
import Synchronization
import Testing

/// The guard that acts before the disk is full.
@Suite struct SpaceTests {
    private let directory: TemporaryDirectory
    private let free = Shared<UInt64?>(1_000_000)
    private let notices = Shared<[LedgerNotice]>([])

    init() throws { directory = try TemporaryDirectory() }

    private func options(limit: UInt64 = 1_000) -> LedgerOptions {
        let (free, notices) = (free, notices)
        var options = LedgerOptions(
            directory: directory.path + "/data",
            minFreeBytes: limit,
            notify: { notice in notices.change { $0.append(notice) } }
        )
        options.freeSpace = { _ in free.value }
        return options
    }

    @Test func takesNothingNewWhileSpaceIsShort() throws {
        let ledger = try Ledger.open(options())
        #expect(ledger.isWritable && !ledger.isShortOfSpace)
        free.change { $0 = 999 }
        spin { !ledger.isWritable }
        #expect(ledger.isShortOfSpace)
        #expect(ledger.statistics().isShortOfSpace)
        #expect(ledger.statistics().freeBytes == 999)
        // What is under way is still recorded.
        let sink = CollectingSink()
        #expect(ledger.append(bytes("under way"), token: 1, slot: nil, sink: sink))
        #expect(sink.wait(for: 1) == [Commit(token: 1, sequence: 1)])
        #expect(try ledger.appendAndWait([bytes("stopped")]) == 2)
        // Just above the limit is not yet enough.
        free.change { $0 = 1_249 }
        spin { ledger.statistics().freeBytes == 1_249 }
        #expect(!ledger.isWritable)
        free.change { $0 = 1_250 }
        spin { ledger.isWritable && notices.value.count > 1 }
        #expect(notices.value == [.spaceShort(free: 999, limit: 1_000), .spaceBack(free: 1_250)])
        ledger.close()
    }

    @Test func isShortFromTheStart() throws {
        free.change { $0 = 0 }
        let ledger = try Ledger.open(options())
        #expect(!ledger.isWritable && ledger.isShortOfSpace)
        ledger.close()
    }

    @Test func unknownSpaceHindersNobody() throws {
        free.change { $0 = nil }
        let ledger = try Ledger.open(options())
        #expect(ledger.isWritable)
        ledger.close()
    }

    @Test func withoutGuardNothingIsLookedAt() throws {
        free.change { $0 = 0 }
        let ledger = try Ledger.open(options(limit: 0))
        #expect(ledger.isWritable)
        #expect(ledger.statistics().freeBytes == nil)
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/data/ballast"))
        ledger.close()
    }

    @Test func realFreeSpaceIsFound() throws {
        var real = LedgerOptions(directory: directory.path + "/data", minFreeBytes: 1)
        real.databaseOptions = DatabaseOptions()
        let ledger = try Ledger.open(real)
        #expect((ledger.statistics().freeBytes ?? 0) > 1)
        ledger.close()
    }

    /// Overdue requests are told when there is room again, and not before.
    @Test func startedRecordsWaitForSpace() throws {
        free.change { $0 = 0 }
        var options = options()
        options.startedDelayMilliseconds = 0
        let ledger = try Ledger.open(options)
        let slot = try #require(ledger.inFlight.claim(lane: 0, record: bytes("started")))
        #expect(try ledger.appendAndWait([bytes("other")]) == 1)
        #expect(ledger.head == 1)
        ledger.inFlight.release(slot)
        ledger.close()
    }

    /// The disk fills at once: the ballast goes, and is made again when there is room.
    @Test func ballastGoesWhenTheDiskIsFull() throws {
        let ballast = directory.path + "/data/ballast"
        let faults = FaultInjector()
        var options = options(limit: 10_000)
        options.databaseOptions.faults = faults
        let ledger = try Ledger.open(options)
        let size = try FileManager.default.attributesOfItem(atPath: ballast)[.size] as? Int
        #expect(size == 10_000)
        faults.reset()
        free.change { $0 = 0 }
        spin { !ledger.isWritable }
        faults.arm(.append, nth: 1, errno: ENOSPC)
        #expect(try ledger.appendAndWait([bytes("held")]) == 1)
        #expect(!FileManager.default.fileExists(atPath: ballast))
        #expect(notices.value.contains(.resumed))
        #expect(ledger.isShortOfSpace)
        free.change { $0 = 12_500 + 10_000 }
        spin { FileManager.default.fileExists(atPath: ballast) }
        #expect(ledger.isWritable)
        ledger.close()
    }
}

/// A value that a test changes while threads of the ledger look at it.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value { mutex.withLock { $0 } }
    func change(_ body: @Sendable (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}
