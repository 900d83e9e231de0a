import Foundation
import LevelDB
import Testing

/// What is read of a log after a crash, with the zeros that were ahead of its end still there.
@Suite struct LogEndTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Ten records of `length` bytes, one synced batch each, as a kill at that moment leaves them; the path of the copy.
    private func killed(length: Int) throws -> String {
        let (path, copy) = (directory.path + "/db", directory.path + "/killed")
        for old in [path, copy] { try? FileManager.default.removeItem(atPath: old) }
        let database = try Database(path: path, options: DatabaseOptions())
        var batch = try WriteBatch()
        for number in 0..<10 {
            batch.removeAll()
            // No byte of a record is zero, so that none is missed where a page is blanked.
            batch.put([UInt8(number)], [UInt8](repeating: UInt8(number) + 1, count: length))
            try database.write(batch)
        }
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        database.close()
        return copy
    }

    private func log(_ path: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".log") }
        return try path + "/" + #require(names.first)
    }

    private func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    private func change(_ path: String, _ body: (inout Data) -> Void) throws {
        let name = try log(path)
        var content = try #require(FileManager.default.contents(atPath: name))
        body(&content)
        #expect(FileManager.default.createFile(atPath: name, contents: content))
    }

    private func stored(_ path: String) throws -> [UInt8] {
        let database = try Database(path: path, options: DatabaseOptions())
        defer { database.close() }
        var found: [UInt8] = []
        var iterator = try database.iterator()
        iterator.seekToFirst()
        while iterator.isValid {
            iterator.withEntry { key, value in
                found += key
                #expect(value.allSatisfy { $0 == key[0] + 1 })
            }
            iterator.next()
        }
        try iterator.check()
        return found
    }

    /// Where the n-th last batch begins: a header of 7 bytes, 12 of the batch, 1 + 1 + 1 of the entry, and its length.
    private func start(ofLast count: Int, length: Int) -> Int {
        let batch = 7 + 12 + 3 + (length < 128 ? 1 : 2) + length
        return batch * (10 - count)
    }

    @Test func zerosAreAheadUntilTheClose() throws {
        let copy = try killed(length: 100)
        #expect(try size(log(copy)) == 512 << 10)
        #expect(try size(log(directory.path + "/db")) == start(ofLast: 0, length: 100))
        #expect(try stored(copy) == Array(0..<10))
    }

    @Test(arguments: [1, 100, 5_000, 40_000, 100_000])
    func everythingIsReadAfterAKill(length: Int) throws {
        #expect(try stored(killed(length: length)) == Array(0..<10))
    }

    /// The last batch was being written: any of its bytes may still be the zeros of before.
    @Test(arguments: [0, 3, 6, 7, 20, 60, 121])
    func partOfTheLastBatchIsNoDamage(kept: Int) throws {
        let copy = try killed(length: 100)
        let begin = start(ofLast: 1, length: 100)
        try change(copy) { $0.replaceSubrange(begin + kept..<begin + 123, with: Data(count: 123 - kept)) }
        #expect(try stored(copy) == Array(0..<9))
    }

    /// A batch over several blocks whose pages did not reach the disk in order.
    @Test(arguments: 0..<25)
    func pagesOfTheLastBatchInAnyOrder(page: Int) throws {
        let copy = try killed(length: 100_000)
        var content = try #require(FileManager.default.contents(atPath: log(copy)))
        let end = try #require(content.lastIndex { $0 != 0 }) + 1
        let first = end - 100_000
        let begin = first + page * 4_096
        try change(copy) { log in
            log.replaceSubrange(begin..<min(begin + 4_096, end), with: Data(count: min(4_096, end - begin)))
            content = log
        }
        #expect(try stored(copy) == Array(0..<9))
    }

    /// A changed byte before the last batch is damage, which is told and never cut off.
    @Test(arguments: [1, 3, 9], [0, 4, 5, 6, 7, 30, 122])
    func damageBeforeTheLastBatchIsTold(batch: Int, offset: Int) throws {
        let copy = try killed(length: 100)
        try change(copy) { $0[start(ofLast: batch + 1, length: 100) + offset] ^= 0x20 }
        #expect(throws: LevelDBError.self) { try stored(copy) }
    }

    /// A changed bit in the last batch is damage too, where nothing shows that the batch was being written. Only its length
    /// may make it look so.
    @Test(arguments: [0, 5])
    func damageInTheLastBatchIsTold(bit: UInt8) throws {
        let copy = try killed(length: 100)
        let begin = start(ofLast: 1, length: 100)
        for offset in 0..<122 where !(4...5).contains(offset) {
            try change(copy) { $0[begin + offset] ^= 1 << bit }
            #expect(throws: LevelDBError.self, "offset \(offset)") { try stored(copy) }
            try change(copy) { $0[begin + offset] ^= 1 << bit }
        }
        #expect(try stored(copy) == Array(0..<10))
    }

    /// Of the zeros ahead only some reached the disk, and of the last batch only some pages.
    @Test(arguments: 0..<25)
    func partOfTheZerosReachedTheDisk(page: Int) throws {
        let copy = try killed(length: 100_000)
        try change(copy) { log in
            let end = (log.lastIndex { $0 != 0 } ?? 0) + 1
            let begin = end - 100_000 + page * 4_096
            log.replaceSubrange(begin..<min(begin + 4_096, end), with: Data(count: min(4_096, end - begin)))
            log = log.prefix((end + 4_095) / 4_096 * 4_096)
        }
        #expect(try stored(copy) == Array(0..<9))
    }

    @Test func emptyLogIsEmpty() throws {
        let copy = try killed(length: 100)
        try change(copy) { $0 = Data(count: $0.count) }
        #expect(try stored(copy) == [])
    }
}
