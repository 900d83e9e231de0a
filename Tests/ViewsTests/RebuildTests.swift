import Events
import Foundation
import Synchronization
import Testing
import Views

@Suite struct RebuildTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var file: String { folder.path + "/rebuild" }

    private func service(_ log: MemoryLog) throws -> ViewService {
        var options = ViewService.Options(directory: folder.path)
        options.rebuildTurn = 100
        options.rebuildSnapshotEvery = 200
        return try ViewService(source: log, options: options)
    }

    private func expected(_ log: MemoryLog) throws -> [UInt8] {
        let service = try ViewService(source: log)
        defer { service.close() }
        return service.readBlocking { $0.encode() }
    }

    /// Rebuilds up to an event and stops; what is left is the file that the next one goes on from.
    private func stop(_ log: MemoryLog, at event: UInt64) throws {
        let service = try service(log)
        defer { service.close() }
        let isDone = try service.rebuild { $0.done < event }
        #expect(!isDone)
    }

    /// Rebuilds to the end; where it began, and the bytes.
    private func finish(_ log: MemoryLog, isAnew: Bool = false) throws -> (start: UInt64, bytes: [UInt8]) {
        let service = try service(log)
        defer { service.close() }
        var start: UInt64?
        let isDone = try service.rebuild(isAnew: isAnew) {
            start = $0.start
            return true
        }
        #expect(isDone)
        return (start ?? 0, service.readBlocking { $0.encode() })
    }

    @Test func aStoppedRebuildGoesOnWhereItWasAndEndsTheSame() throws {
        let book = try Traffic.book("2.5", "10")
        let log = MemoryLog(Traffic.history(1_000, book: book))
        log.append([Traffic.adopted(2, try Traffic.book("1.25", "5"))])
        try stop(log, at: 400)
        #expect(FileManager.default.fileExists(atPath: file))
        log.append(Array(Traffic.history(100, seed: 5, book: book).dropFirst(3)))
        let end = try finish(log)
        #expect(end.start == 400)
        #expect(end.bytes == (try expected(log)))
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test func aKilledRebuildLeavesAFileNowAndThen() throws {
        let log = MemoryLog(Traffic.history(1_000, book: try Traffic.book("2.5", "10")))
        let service = try service(log)
        defer { service.close() }
        var kept: [UInt64: Data] = [:]
        try service.rebuild {
            kept[$0.done] = FileManager.default.contents(atPath: file)
            return true
        }
        // The file is written after the progress was told, so at 300 there is the one of 200.
        let left = try #require(kept[300])
        try left.write(to: URL(fileURLWithPath: file))
        let end = try finish(log)
        #expect(end.start == 200)
        #expect(end.bytes == (try expected(log)))
    }

    @Test func aRebuildBeginsAnewWhenItIsToldTo() throws {
        let log = MemoryLog(Traffic.history(1_000, book: try Traffic.book("2.5", "10")))
        try stop(log, at: 400)
        let end = try finish(log, isAnew: true)
        #expect(end.start == 0)
        #expect(end.bytes == (try expected(log)))
    }

    @Test func aRebuildOfAnotherBookBeginsAnew() throws {
        let log = MemoryLog(Traffic.history(1_000, book: try Traffic.book("2.5", "10")))
        try stop(log, at: 400)
        log.append([Traffic.adopted(2, try Traffic.book("3", "4"))])
        let end = try finish(log)
        #expect(end.start == 0)
        #expect(end.bytes == (try expected(log)))
    }

    @Test func aDamagedOrForeignFileIsNotGoneOnFrom() throws {
        let log = MemoryLog(Traffic.history(1_000, book: try Traffic.book("2.5", "10")))
        try stop(log, at: 400)
        let bytes = try #require(FileManager.default.contents(atPath: file))
        var damaged = bytes
        damaged[bytes.count / 2] ^= 1
        let foreign = MemoryLog(Traffic.history(1_000, seed: 3, book: try Traffic.book("2.5", "10")))
        for (log, data) in [(log, damaged), (log, bytes.dropLast()), (log, Data()), (foreign, bytes)] {
            try data.write(to: URL(fileURLWithPath: file))
            let end = try finish(log)
            #expect(end.start == 0)
            #expect(end.bytes == (try expected(log)))
        }
    }

    @Test func aFirstFoldIsPutDownNowAndThen() throws {
        let log = MemoryLog(Traffic.history(1_000, book: try Traffic.book("2.5", "10")))
        log.failsAt.withLock { $0 = 700 }
        var options = ViewService.Options(directory: folder.path)
        options.snapshotEvery = 200
        let stopped = try ViewService(source: log, options: options)
        _ = stopped.readBlocking { $0.sequence }
        #expect(stopped.failure != nil)
        #expect(FileManager.default.fileExists(atPath: folder.path + "/snapshot"))
        stopped.close()
        log.failsAt.withLock { $0 = nil }
        // Nothing before the snapshot is read again.
        log.failsAt.withLock { $0 = 100 }
        let service = try ViewService(source: log, options: options)
        defer { service.close() }
        let bytes = service.readBlocking { $0.encode() }
        #expect(service.failure == nil)
        log.failsAt.withLock { $0 = nil }
        #expect(bytes == (try expected(log)))
    }
}
