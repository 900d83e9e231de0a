import Foundation
import LevelDB
import Testing

/// What LevelDB 1.23 loses by itself, and what the hardened file layer makes of it.
@Suite struct HardenedEnvironmentTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func options(_ faults: FaultInjector, writeBufferSize: Int = 16 << 20) -> DatabaseOptions {
        var options = DatabaseOptions()
        options.faults = faults
        options.writeBufferSize = writeBufferSize
        options.compresses = false
        return options
    }

    private func key(_ number: Int) -> [UInt8] { withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) } }

    /// Writes one record per number; returns those that were acknowledged.
    private func write(_ numbers: Range<Int>, to database: Database, sync: Bool = true) throws -> [Int] {
        var acknowledged: [Int] = []
        var batch = try WriteBatch()
        let value = [UInt8](repeating: 7, count: 300)
        for number in numbers {
            batch.removeAll()
            batch.put(key(number), value)
            do {
                try database.write(batch, sync: sync)
                acknowledged.append(number)
            } catch {
                continue
            }
        }
        return acknowledged
    }

    private func stored(_ database: Database) throws -> Set<Int> {
        var found: Set<Int> = []
        var iterator = try database.iterator()
        iterator.seekToFirst()
        while iterator.isValid {
            iterator.withEntry { key, _ in
                _ = found.insert(Int(UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))))
            }
            iterator.next()
        }
        try iterator.check()
        return found
    }

    /// Disk full for one write, then space again: the log's framing is off from there on.
    @Test(arguments: [false, true])
    func acknowledgedWritesSurviveDiskFull(hardened: Bool) throws {
        let path = directory.path + "/db"
        let faults = FaultInjector(hardened: hardened)
        var acknowledged: [Int]
        do {
            let database = try Database(path: path, options: options(faults))
            acknowledged = try write(0..<100, to: database)
            faults.reset()
            faults.arm(.append, nth: 2, errno: ENOSPC, shortWrite: true)
            let later = try write(100..<400, to: database)
            #expect(faults.fired == 1)
            #expect(later.isEmpty == hardened)
            acknowledged += later
        }
        faults.reset()
        var lenient = options(faults)
        lenient.paranoidChecks = hardened
        let found = try stored(try Database(path: path, options: lenient))
        let lost = Set(acknowledged).subtracting(found)
        #expect(lost.isEmpty == hardened)
    }

    /// A synced write behind unsynced ones in the previous log: without the sync before close they are gone.
    @Test(arguments: [false, true])
    func syncedWriteHasNoHoleBeforeIt(hardened: Bool) throws {
        let faults = FaultInjector(hardened: hardened)
        let settings = options(faults, writeBufferSize: 64 << 10)
        // The number of the write that changes the log file is the same each time.
        var rotating = 0
        do {
            let database = try Database(path: directory.path + "/probe", options: settings)
            faults.reset()
            while faults.calls(.open) == 0 {
                _ = try write(rotating..<rotating + 1, to: database, sync: false)
                rotating += 1
            }
            rotating -= 1
        }
        let path = directory.path + "/db"
        do {
            let database = try Database(path: path, options: settings)
            faults.reset()
            // The table file that would rescue the old log's records cannot be made before the power goes.
            faults.arm(.open, nth: 2, count: 1_000, errno: EIO)
            #expect(try write(0..<rotating, to: database, sync: false).count == rotating)
            #expect(try write(rotating..<rotating + 1, to: database, sync: true) == [rotating])
            faults.cutPower()
        }
        faults.reset()
        faults.restorePower()
        let found = try stored(try Database(path: path, options: settings))
        #expect((found == Set(0...rotating)) == hardened)
    }

    /// Whatever call fails: nothing acknowledged is missing once the database was opened again.
    @Test(arguments: FaultInjector.Call.allCases, [EIO, ENOSPC])
    func everyFaultKeepsWhatWasAcknowledged(call: FaultInjector.Call, error: Int32) throws {
        let faults = FaultInjector()
        var nth: UInt64 = 1
        while true {
            let path = directory.path + "/db-\(nth)"
            faults.reset()
            faults.arm(call, nth: nth, errno: error, shortWrite: nth % 2 == 0)
            var acknowledged: [Int] = []
            // Opening may fail too.
            if let database = try? Database(path: path, options: options(faults, writeBufferSize: 64 << 10)) {
                acknowledged = try write(0..<400, to: database)
            }
            let fired = faults.fired
            faults.reset()
            let found = try stored(try Database(path: path, options: options(faults)))
            #expect(Set(acknowledged).isSubset(of: found), "call \(nth)")
            try FileManager.default.removeItem(atPath: path)
            if fired == 0 { break }
            // Every call of the start, then a sample of the many alike.
            nth += nth < 24 ? 1 : 97
        }
        #expect(nth > 1)
    }

    @Test func powerCutKeepsSyncedWrites() throws {
        let path = directory.path + "/db"
        let faults = FaultInjector()
        var acknowledged: [Int] = []
        do {
            let database = try Database(path: path, options: options(faults, writeBufferSize: 64 << 10))
            acknowledged = try write(0..<600, to: database)
            faults.cutPower()
            _ = try write(600..<650, to: database)
        }
        faults.restorePower()
        let found = try stored(try Database(path: path, options: options(faults)))
        #expect(found == Set(acknowledged))
    }
}
