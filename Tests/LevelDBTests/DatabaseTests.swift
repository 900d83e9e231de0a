import Foundation
import LevelDB
import Testing

@Suite struct DatabaseTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.path + "/db" }

    private func put(_ database: Database, _ pairs: [(String, String)]) throws {
        var batch = try WriteBatch()
        for (key, value) in pairs { batch.put(Array(key.utf8), Array(value.utf8)) }
        try database.write(batch)
    }

    private func all(_ iterator: inout LevelDB.Iterator) throws -> [String] {
        var found: [String] = []
        iterator.seekToFirst()
        while iterator.isValid {
            found.append(
                iterator.withEntry { key, value in
                    String(decoding: key, as: UTF8.self) + "=" + String(decoding: value, as: UTF8.self)
                }
            )
            iterator.next()
        }
        try iterator.check()
        return found
    }

    @Test func storesAndReads() throws {
        let database = try Database(path: path)
        try put(database, [("b", "2"), ("a", "1"), ("empty", "")])
        #expect(try database.value(forKey: Array("a".utf8)) == Array("1".utf8))
        #expect(try database.value(forKey: Array("empty".utf8)) == [])
        #expect(try database.value(forKey: Array("absent".utf8)) == nil)
        var batch = try WriteBatch()
        batch.delete(Array("a".utf8))
        #expect(batch.byteCount > 0)
        try database.write(batch)
        #expect(try database.value(forKey: Array("a".utf8)) == nil)
        #expect(try database.property("leveldb.stats") != nil)
        #expect(try database.property("no such property") == nil)
    }

    @Test func keepsAcrossReopening() throws {
        do {
            let database = try Database(path: path)
            try put(database, [("a", "1")])
        }
        let database = try Database(path: path)
        #expect(try database.value(forKey: [97]) == [49])
    }

    @Test func iteratesBothWays() throws {
        let database = try Database(path: path)
        try put(database, [("a", "1"), ("b", "2"), ("c", "3")])
        var iterator = try database.iterator()
        #expect(try all(&iterator) == ["a=1", "b=2", "c=3"])
        iterator.seekToLast()
        iterator.previous()
        #expect(iterator.withEntry { key, _ in Array(key) } == [98])
        iterator.seek(to: Array("bb".utf8))
        #expect(iterator.withEntry { key, _ in Array(key) } == [99])
        iterator.next()
        let isPastTheEnd = !iterator.isValid
        #expect(isPastTheEnd)
        iterator.next()
        iterator.previous()
        #expect(iterator.withEntry { key, value in key.count + value.count } == 0)
    }

    @Test func snapshotDoesNotMove() throws {
        let database = try Database(path: path)
        try put(database, [("a", "1")])
        let snapshot = try database.snapshot()
        try put(database, [("a", "2"), ("b", "2")])
        var then = try database.iterator(of: snapshot)
        #expect(try all(&then) == ["a=1"])
        var now = try database.iterator()
        #expect(try all(&now) == ["a=2", "b=2"])
    }

    @Test func batchIsReusable() throws {
        let database = try Database(path: path)
        var batch = try WriteBatch()
        batch.put([1], [1])
        try database.write(batch)
        batch.removeAll()
        batch.put([2], [2])
        try database.write(batch)
        #expect(try database.value(forKey: [1]) == [1])
        #expect(try database.value(forKey: [2]) == [2])
    }

    @Test func secondHandleIsRefused() throws {
        let database = try Database(path: path)
        let error = #expect(throws: LevelDBError.self) { try Database(path: path) }
        #expect(error?.code == .locked)
        #expect(error?.message.contains(path) == true)
        try put(database, [("still", "works")])
        database.close()
        _ = try Database(path: path)
    }

    @Test func closedIsSaid() throws {
        let database = try Database(path: path)
        database.close()
        database.close()
        let error = #expect(throws: LevelDBError.self) { try database.value(forKey: [1]) }
        #expect(error?.code == .closed)
    }

    @Test func iteratorOutlivesClose() throws {
        let database = try Database(path: path)
        try put(database, [("a", "1")])
        var iterator = try database.iterator()
        database.close()
        #expect(try all(&iterator) == ["a=1"])
        let error = #expect(throws: LevelDBError.self) { try Database(path: path) }
        #expect(error?.code == .locked)
    }

    @Test(arguments: ["/proc/tollgate-db", "/sys/tollgate-db", "/no/such/place/db"])
    func unusablePlaceIsNamed(path: String) {
        let error = #expect(throws: LevelDBError.self) { try Database(path: path) }
        #expect(error?.message.contains(path) == true)
        #expect(error?.systemError != 0)
    }

    @Test func missingDatabaseIsNotCreatedUnasked() {
        var options = DatabaseOptions()
        options.createIfMissing = false
        let error = #expect(throws: LevelDBError.self) { try Database(path: path, options: options) }
        #expect(error != nil)
    }

    @Test func damagedTableIsFound() throws {
        do {
            let database = try Database(path: path)
            var batch = try WriteBatch()
            for index in 0..<5_000 { batch.put(Array("key\(100_000 + index)".utf8), Array("value \(index)".utf8)) }
            try database.write(batch)
            try database.compact()
        }
        let tables = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".ldb") }
        let table = path + "/" + (try #require(tables.first))
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: table)))
        bytes[bytes.count / 3] ^= 0x10
        try Data(bytes).write(to: URL(fileURLWithPath: table))
        let database = try Database(path: path)
        var iterator = try database.iterator()
        let error = #expect(throws: LevelDBError.self) { try all(&iterator) }
        #expect(error?.code == .corruption)
    }

    @Test func damagedLogIsRefused() throws {
        do {
            let database = try Database(path: path)
            for index in 0..<50 { try put(database, [("key\(index)", "value")]) }
        }
        let logs = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".log") }
        let log = path + "/" + (try #require(logs.first))
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: log)))
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: log))
        let error = #expect(throws: LevelDBError.self) { try Database(path: path) }
        #expect(error?.code == .corruption)
    }
}
