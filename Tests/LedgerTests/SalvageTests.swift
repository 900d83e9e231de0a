import Foundation
import Ledger
import LevelDB
import Testing

/// Damage at every class of offset: it is found, its sequences are named, and everything else is saved.
@Suite struct SalvageTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let count = 420

    private func options(_ name: String) -> LedgerOptions {
        var options = LedgerOptions(directory: "\(directory.path)/\(name)")
        options.databaseOptions.writeBufferSize = 64 << 10
        return options
    }

    /// Half of a record compresses, half does not.
    private func record(_ number: Int) -> [UInt8] {
        var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 | 1
        let noise = (0..<400).map { _ -> UInt8 in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
        return bytes("record \(number) ") + noise + [UInt8](repeating: 65, count: 400)
    }

    /// A ledger of several tables, and a log with small batches and a long one behind them.
    private func fill(_ name: String) throws {
        let ledger = try Ledger.open(options(name))
        for first in stride(from: 1, to: 321, by: 5) { try ledger.appendAndWait((first..<first + 5).map(record)) }
        try ledger.appendAndWait((321...Self.count).map(record))
        ledger.close()
    }

    private func files(_ name: String, _ isWanted: (String) -> Bool) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/\(name)/ledger")
            .filter(isWanted).sorted()
            .map { "\(directory.path)/\(name)/ledger/\($0)" }
    }

    private func change(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
        var content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        body(&content)
        try Data(content).write(to: URL(fileURLWithPath: path))
    }

    private func lost(_ report: Salvage.Report) -> Int { report.lost.reduce(0) { $0 + $1.count } }

    /// Damages a copy of the ledger, and checks what is found and what is saved; returns the sequences lost.
    private func damage(
        _ what: String,
        in file: (String) throws -> String,
        _ body: (inout [UInt8]) -> Void
    ) throws -> [ClosedRange<UInt64>] {
        let name = "damaged"
        let (path, saved) = ("\(directory.path)/\(name)", "\(directory.path)/saved")
        for old in [path, saved] { try? FileManager.default.removeItem(atPath: old) }
        try FileManager.default.copyItem(atPath: "\(directory.path)/whole", toPath: path)
        try change(try file(name), body)
        let before = try snapshot(path)
        let report = try Salvage.run(from: path, to: saved) { bytes("lost \($0)") }
        #expect(try snapshot(path) == before, "\(what): the damaged directory was changed")
        #expect(report.head == UInt64(Self.count), "\(what)")
        #expect(Int(report.records) + lost(report) == Self.count, "\(what)")
        #expect(report.altered.isEmpty && report.matchesCheckpoint != false, "\(what)")
        #expect(try Ledger.unreadable(in: path) == report.lost, "\(what)")

        let ledger = try Ledger.open(options("saved"))
        for (index, found) in try ledger.contents().enumerated() {
            let isLost = report.lost.contains { $0.contains(UInt64(index) + 1) }
            #expect(found == (isLost ? bytes("lost \(index + 1)") : record(index + 1)), "\(what): record \(index + 1)")
        }
        #expect(ledger.head == UInt64(Self.count), "\(what)")
        #expect(try ledger.audit(workers: 1) { _ in true }.failure == nil, "\(what)")
        ledger.close()
        #expect(try report.lost.isEmpty || isNoticed(path), "\(what): lost \(report.lost) and nothing said so")
        return report.lost
    }

    /// Whether the start or the verification refuses the directory.
    private func isNoticed(_ path: String) throws -> Bool {
        do throws(LedgerError) {
            let ledger = try Ledger.open(LedgerOptions(directory: path, readOnlyIntent: true))
            defer { ledger.close() }
            return try ledger.audit(workers: 1) { _ in true }.failure != nil
        } catch {
            return [.damaged, .historyLost, .historyChanged].contains(error.code)
        }
    }

    private func snapshot(_ path: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for folder in [path, "\(path)/ledger"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                // FileManager's own way leaks a buffer for every empty file.
                let file = "\(folder)/\(name)"
                if file != "\(path)/ledger" { found[file] = try Files.read(file, limit: 1 << 30) }
            }
        }
        return found
    }

    /// A part of each kind, and its bounds.
    private func offsets(_ count: Int, head: [Int], tail: [Int], parts: Int) -> [Int] {
        (head + tail.map { count - $0 } + (1..<parts).map { count * $0 / parts }).filter { (0..<count).contains($0) }
    }

    private func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    private func longestLog(_ name: String) throws -> String {
        let logs = try files(name) { $0.hasSuffix(".log") }.map { (path: $0, size: try size($0)) }
        return try #require(logs.max { $0.size < $1.size }).path
    }

    @Test func wholeLedgerIsSavedWhole() throws {
        try fill("whole")
        let tables = try files("whole") { $0.hasSuffix(".ldb") }
        #expect(tables.count >= 3)
        #expect(try damage("nothing", in: { _ in tables[0] }) { _ in } == [])
    }

    @Test func flippedBitsInATable() throws {
        try fill("whole")
        let table = { [self] in try files($0) { $0.hasSuffix(".ldb") }[1] }
        let length = try size(table("whole"))
        // The tail holds the trailer, the index with its checksum, and a block about filters.
        for offset in offsets(length, head: [0, 1, 9], tail: [1, 5, 9, 30, 47, 48, 50, 53, 60, 120], parts: 12) {
            let found = try damage("table \(offset) of \(length)", in: table) { $0[offset] ^= 0x10 }
            let isTail = offset >= length - 60
            #expect(found.reduce(0) { $0 + $1.count } <= (isTail ? 0 : 16), "table \(offset) of \(length): \(found)")
            #expect(found.count <= 1)
        }
    }

    @Test func cutTable() throws {
        try fill("whole")
        let table = { [self] in try files($0) { $0.hasSuffix(".ldb") }[1] }
        let length = try size(table("whole"))
        for rest in [0, 1, 2_000, length / 2, length - 300, length - 48, length - 1] {
            let found = try damage("table cut to \(rest) of \(length)", in: table) { $0.removeSubrange(rest...) }
            if rest >= length - 48 { #expect(found.isEmpty, "the data are all there") }
            #expect(found.count <= 1)
        }
    }

    @Test func flippedBitsInALog() throws {
        try fill("whole")
        let log = longestLog
        let length = try size(log("whole"))
        for offset in offsets(length, head: [0, 4, 5, 6, 7, 11, 15, 19, 20, 40], tail: [1, 100], parts: 14) {
            let found = try damage("log \(offset) of \(length)", in: log) { $0[offset] ^= 0x04 }
            // A piece is at most a block of 32 KiB, and an entry may reach into the ones around it.
            #expect(found.reduce(0) { $0 + $1.count } <= 45, "log \(offset) of \(length): \(found)")
            #expect(!found.isEmpty && found.count == 1)
        }
    }

    @Test func cutLog() throws {
        try fill("whole")
        let log = longestLog
        let length = try size(log("whole"))
        for rest in [0, 3, 7, 5_000, length / 2, length - 1] {
            let found = try damage("log cut to \(rest)", in: log) { $0.removeSubrange(rest...) }
            #expect(found.count == 1 && found.last?.upperBound == UInt64(Self.count))
        }
    }

    @Test(arguments: ["MANIFEST", "CURRENT"])
    func damagedCatalogueLosesNothing(prefix: String) throws {
        try fill("whole")
        let file = { [self] in try #require(try files($0) { $0.hasPrefix(prefix) }.last) }
        let length = try size(file("whole"))
        for offset in offsets(length, head: [0, 4, 6, 7, 9], tail: [1, 2], parts: 4) {
            #expect(try damage("\(prefix) \(offset)", in: file) { $0[offset] ^= 0x01 } == [])
        }
        for rest in [0, length / 2, length - 1] {
            #expect(try damage("\(prefix) cut to \(rest)", in: file) { $0.removeSubrange(rest...) } == [])
        }
    }

    /// A missing CURRENT must not make the store start anew and remove the rest.
    @Test func missingCatalogueIsRefused() throws {
        try fill("whole")
        try FileManager.default.removeItem(atPath: "\(directory.path)/whole/ledger/CURRENT")
        let before = try files("whole") { _ in true }
        var accepting = options("whole")
        accepting.acceptLoss = true
        #expect(failure(options("whole"))?.code == .damaged)
        #expect(failure(accepting)?.code == .damaged)
        #expect(try files("whole") { _ in true } == before)
        let report = try Salvage.run(from: options("whole").directory, to: directory.path + "/saved") { _ in [] }
        #expect(report.lost.isEmpty && report.matchesCheckpoint == true)
    }

    @Test func lostKeyAndCheckpointAreSaid() throws {
        try fill("whole")
        let whole = options("whole").directory
        try change(whole + "/checkpoint") { $0[30] ^= 1 }
        let report = try Salvage.run(from: whole, to: directory.path + "/a") { _ in [] }
        #expect(report.checkpointSize == nil && report.matchesCheckpoint == nil && report.lost.isEmpty)
        #expect(report.faults.contains { $0.contains("/checkpoint") })
        try FileManager.default.removeItem(atPath: whole + "/node.key")
        let second = try Salvage.run(from: whole, to: directory.path + "/b") { _ in [] }
        #expect(second.faults.contains { $0.contains("/node.key") })
        #expect(second.origin != second.source && second.source?.hasPrefix("tollgate/") == true)
    }

    @Test func alteredRecordIsNamed() throws {
        try fill("whole")
        let whole = options("whole").directory
        let database = try Database(path: whole + "/ledger")
        var batch = try WriteBatch()
        batch.put([1] + withUnsafeBytes(of: UInt64(7).bigEndian) { Array($0) }, bytes("forged"))
        try database.write(batch)
        database.close()
        let report = try Salvage.run(from: whole, to: directory.path + "/saved") { _ in [] }
        #expect(report.altered == [7...7])
        #expect(report.matchesCheckpoint == false)
    }

    @Test func inFlightRecordsComeAlong() throws {
        try fill("whole")
        let killed = try Ledger.open(options("whole"))
        _ = killed.inFlight.claim(lane: 0, record: bytes("under way"))
        killed.abandon()
        _ = try Salvage.run(from: options("whole").directory, to: directory.path + "/saved") { _ in [] }
        let ledger = try Ledger.open(options("saved"))
        #expect(ledger.leftovers == [bytes("under way")])
        ledger.close()
    }

    @Test func refusals() throws {
        func code(_ from: String, _ to: String) -> LedgerError.Code? {
            do throws(LedgerError) {
                _ = try Salvage.run(from: directory.path + from, to: directory.path + to) { _ in [] }
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code("/absent", "/saved") == .notFound)
        try fill("whole")
        #expect(code("/whole", "/whole") == .invalidOption)
        for file in try files("whole", { $0.hasSuffix(".ldb") || $0.hasSuffix(".log") }) {
            try change(file) { $0 = [1] }
        }
        #expect(code("/whole", "/saved") == .damaged)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["whole"])
    }
}
