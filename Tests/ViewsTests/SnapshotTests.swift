import Accounting
import Events
import Foundation
import Synchronization
import Testing
import Views

@Suite struct SnapshotTests {
    private func folder() throws -> String {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("tollgate-views-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url.path
    }

    private func encoded(_ log: MemoryLog, _ folder: String?) throws -> (bytes: [UInt8], refusal: String?) {
        let service = try ViewService(source: log, options: ViewService.Options(directory: folder))
        defer { service.close() }
        let bytes = service.readBlocking { $0.encode() }
        return (bytes, service.snapshotRefusal)
    }

    @Test func aStartFromASnapshotIsTheSameAsARebuild() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = MemoryLog(Traffic.history(200, book: try Traffic.book("2.5", "10")))
        let first = try encoded(log, folder)
        #expect(FileManager.default.fileExists(atPath: folder + "/snapshot"))
        let second = try encoded(log, folder)
        #expect(second.bytes == first.bytes)
        #expect(second.refusal == nil)
        log.append(Array(Traffic.history(50, seed: 4, book: try Traffic.book("2.5", "10")).dropFirst(3)))
        log.append([Traffic.adopted(2, try Traffic.book("1", "1"))])
        let tail = try encoded(log, folder)
        #expect(tail.refusal == nil)
        #expect(tail.bytes == (try encoded(log, nil).bytes))
    }

    @Test func viewsGoOnWhereALedgerThatCouldNotBeReadForAMomentLeftThem() throws {
        let log = MemoryLog(Traffic.history(40, book: try Traffic.book("2.5", "10")))
        log.failsAt.withLock { $0 = 20 }
        let service = try ViewService(source: log)
        defer { service.close() }
        _ = service.readBlocking { $0.encode() }
        #expect(service.failure?.contains("could not be read") == true)
        log.failsAt.withLock { $0 = nil }
        let bytes = service.readBlocking { $0.encode() }
        #expect(service.failure == nil)
        #expect(bytes == (try encoded(log, nil).bytes))
    }

    @Test func aDamagedSnapshotIsNoticedAtEveryByte() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = MemoryLog(Traffic.history(5, book: try Traffic.book("2.5", "10")))
        let good = try encoded(log, folder)
        let file = URL(fileURLWithPath: folder + "/snapshot")
        let bytes = try [UInt8](Data(contentsOf: file))
        var variants: [[UInt8]] = [[], [1, 2, 3], Array(bytes.dropLast()), bytes + [0]]
        for index in stride(from: 0, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[index] ^= 0x40
            variants.append(damaged)
        }
        for variant in variants {
            try Data(variant).write(to: file)
            let again = try encoded(log, folder)
            #expect(again.bytes == good.bytes)
            if !variant.isEmpty { #expect(again.refusal != nil) }
        }
    }

    @Test func foreignAndFutureSnapshotsAreNotUsed() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let book = try Traffic.book("2.5", "10")
        _ = try encoded(MemoryLog(Traffic.history(50, book: book)), folder)
        let foreign = MemoryLog(origin: "other/8899aabbccddeeff", Traffic.history(50, book: book))
        #expect(try encoded(foreign, folder).refusal?.contains("other/") == true)
        _ = try encoded(MemoryLog(Traffic.history(50, book: book)), folder)
        let shorter = MemoryLog(Traffic.history(20, book: book))
        let behind = try encoded(shorter, folder)
        #expect(behind.refusal != nil)
        #expect(behind.bytes == (try encoded(shorter, nil).bytes))
        _ = try encoded(MemoryLog(Traffic.history(50, book: book)), folder)
        let rewritten = MemoryLog(Traffic.history(50, seed: 2, book: book))
        let changed = try encoded(rewritten, folder)
        #expect(changed.refusal != nil)
        #expect(changed.bytes == (try encoded(rewritten, nil).bytes))
    }

    @Test func countersGoOnOverRestarts() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let book = try Traffic.book("2.5", "10")
        let log = MemoryLog(Traffic.history(10, book: book))
        var last = Sums()
        for round in 0..<6 {
            let service = try ViewService(source: log, options: ViewService.Options(directory: folder))
            let sums = service.readBlocking { $0.total }
            #expect(sums.requests >= last.requests)
            #expect(sums.charged >= last.charged)
            #expect(sums.input >= last.input)
            last = sums
            service.close()
            if round % 2 == 0 {
                log.append([Traffic.adopted(UInt32(round + 2), try Traffic.book("\(round)", "1"))])
            } else {
                log.append(Array(Traffic.history(10, seed: UInt64(round), book: book).dropFirst(3)))
            }
        }
    }

    @Test func aClosedServiceStillAnswers() throws {
        let log = MemoryLog(Traffic.history(10, book: try Traffic.book("2.5", "10")))
        let service = try ViewService(source: log)
        service.close()
        service.close()
        #expect(service.readBlocking { $0.sequence } == 13)
    }

    @Test func aRebuildCanBeStopped() throws {
        let log = MemoryLog(Traffic.history(10, book: try Traffic.book("2.5", "10")))
        let service = try ViewService(source: log)
        defer { service.close() }
        #expect(try service.rebuild(progress: { _ in false }) == false)
        #expect(service.readBlocking { $0.sequence } == 13)
    }
}
