import Foundation
import Ledger
import LevelDB
import Synchronization
import Testing

/// What is refused at the start, and how it is said.
@Suite struct OpeningTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var data: String { directory.path + "/data" }
    private var options: LedgerOptions { LedgerOptions(directory: data) }

    private func accepting() -> LedgerOptions {
        var options = options
        options.acceptLoss = true
        return options
    }

    /// A closed ledger of `count` records.
    private func fill(_ count: Int, _ options: LedgerOptions? = nil) throws {
        let ledger = try Ledger.open(options ?? self.options)
        if count > 0 {
            let first = ledger.head + 1
            try ledger.appendAndWait((0..<count).map { bytes("record \(first + UInt64($0))") })
        }
        ledger.close()
    }

    private func copy(_ from: String, to: String) throws {
        try? FileManager.default.removeItem(atPath: to)
        try FileManager.default.copyItem(atPath: from, toPath: to)
    }

    private func checkpoint() throws -> String { try String(contentsOfFile: data + "/checkpoint", encoding: .utf8) }

    @Test func directoryInUse() throws {
        let ledger = try Ledger.open(options)
        let error = failure(options)
        #expect(error?.code == .inUse)
        #expect(error?.message.contains(data) == true)
        #expect(error?.message.contains("another process") == true)
        #expect(try ledger.appendAndWait([[1]]) == 1)
        ledger.close()
    }

    @Test func missingDirectoryIsCreatedPrivately() throws {
        try fill(1)
        let mode = try FileManager.default.attributesOfItem(atPath: data)[.posixPermissions]
        #expect(mode as? Int == 0o700)
    }

    @Test(arguments: ["/proc/tollgate", "/no/such/directory/data", "/dev/null"])
    func unusableDirectory(path: String) {
        let error = failure(LedgerOptions(directory: path))
        #expect(error != nil)
        #expect(error?.message.contains(path) == true)
    }

    @Test(arguments: ["", "a b", "new\nline", String(repeating: "x", count: 65), "ümlaut", "a+b"])
    func unusableName(name: String) {
        #expect(failure(LedgerOptions(directory: data, name: name))?.code == .invalidOption)
    }

    @Test func checkpointIsASignedNote() throws {
        try fill(300)
        let lines = try checkpoint().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 6)
        #expect(lines[0].hasPrefix("tollgate/"))
        #expect(lines[1] == "300")
        #expect(Data(base64Encoded: String(lines[2]))?.count == 32)
        #expect(lines[3].isEmpty)
        #expect(lines[4].hasPrefix("\u{2014} \(lines[0]) "))
        #expect(Data(base64Encoded: String(lines[4].split(separator: " ")[2]))?.count == 68)
    }

    @Test(arguments: [0, 1, 255, 256, 257, 700])
    func restoredBackupIsRefused(backupSize: Int) throws {
        try fill(backupSize)
        try copy(data + "/ledger", to: directory.path + "/backup")
        try fill(100)
        try copy(directory.path + "/backup", to: data + "/ledger")
        let error = failure(options)
        #expect(error?.code == .historyLost)
        let missing = UInt64(backupSize) + 1...UInt64(backupSize) + 100
        #expect(error?.missing == missing)
        #expect(error?.message.contains("\(missing.lowerBound) to \(missing.upperBound)") == true)
        let ledger = try Ledger.open(accepting())
        #expect(ledger.lostRange == missing)
        #expect(ledger.head == UInt64(backupSize))
        ledger.close()
        #expect(failure(options) == nil)
    }

    @Test func deletedLedgerIsRefused() throws {
        try fill(10)
        try FileManager.default.removeItem(atPath: data + "/ledger")
        let error = failure(options)
        #expect(error?.code == .historyLost)
        #expect(error?.missing == 1...10)
        #expect(!FileManager.default.fileExists(atPath: data + "/ledger"))
        let ledger = try Ledger.open(accepting())
        #expect(ledger.lostRange == 1...10)
        ledger.close()
        #expect(failure(options) == nil)
    }

    @Test func deletedNewestLogIsRefused() throws {
        try fill(10)
        try fill(10)
        let logs = try FileManager.default.contentsOfDirectory(atPath: data + "/ledger").filter { $0.hasSuffix(".log") }
        for log in logs { try FileManager.default.removeItem(atPath: data + "/ledger/" + log) }
        let error = failure(options)
        #expect(error?.code == .historyLost)
        #expect(error?.missing == 11...20)
    }

    /// Another history of the same length under the same key and origin.
    @Test func changedHistoryIsRefused() throws {
        try fill(300)
        try copy(data, to: directory.path + "/twin")
        var twin = LedgerOptions(directory: directory.path + "/twin")
        let other = try Ledger.open(twin)
        try other.appendAndWait((0..<400).map { bytes("other \($0)") })
        other.close()
        twin.acceptLoss = false
        try fill(350)
        try copy(directory.path + "/twin/ledger", to: data + "/ledger")
        let error = failure(options)
        #expect(error?.code == .historyChanged)
        let ledger = try Ledger.open(accepting())
        #expect(ledger.lostRange == 1...650)
        ledger.close()
    }

    @Test func swappedLedgerIsRefused() throws {
        try fill(10)
        try fill(10, LedgerOptions(directory: directory.path + "/other"))
        try copy(directory.path + "/other/ledger", to: data + "/ledger")
        let error = failure(options)
        #expect(error?.code == .keyInvalid)
        #expect(error?.message.contains("mixed up") == true)
        try copy(directory.path + "/other/node.key", to: data + "/node.key")
        let second = failure(options)
        #expect(second?.code == .checkpointInvalid)
        #expect(second?.message.contains("mixed up") == true)
        try copy(directory.path + "/other/checkpoint", to: data + "/checkpoint")
        #expect(failure(options) == nil)
    }

    @Test(arguments: ["size", "root", "signature", "empty", "garbage", "missing"])
    func tamperedCheckpointIsRefused(how: String) throws {
        try fill(10)
        let path = data + "/checkpoint"
        var lines = try checkpoint().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        switch how {
        case "size": lines[1] = "9"
        case "root": lines[2] = Data(repeating: 1, count: 32).base64EncodedString()
        case "signature":
            var parts = lines[4].split(separator: " ").map(String.init)
            var signature = [UInt8](try #require(Data(base64Encoded: parts[2])))
            signature[40] ^= 1
            parts[2] = Data(signature).base64EncodedString()
            lines[4] = parts.joined(separator: " ")
        case "empty": lines = [""]
        case "garbage": lines = ["\u{FFFD}", "x", "", "", ""]
        default: break
        }
        if how == "missing" {
            try FileManager.default.removeItem(atPath: path)
        } else {
            try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        let error = failure(options)
        #expect(error?.code == .checkpointInvalid)
        #expect(error?.message.contains(path) == true)
        #expect(failure(accepting()) == nil)
        #expect(failure(options) == nil)
    }

    @Test(arguments: [true, false])
    func lostKeyIsRefused(isGarbage: Bool) throws {
        try fill(10)
        try FileManager.default.removeItem(atPath: data + "/node.key")
        if isGarbage { try "PRIVATE+KEY+x+y".write(toFile: data + "/node.key", atomically: true, encoding: .utf8) }
        #expect(failure(options)?.code == .keyInvalid)
        try? FileManager.default.removeItem(atPath: data + "/node.key")
        #expect(failure(accepting()) == nil)
        #expect(failure(options) == nil)
    }

    /// A killed process leaves a checkpoint that is behind; the root is compared at its size.
    @Test(arguments: [3, 256, 511, 600])
    func checkpointBehindIsFine(size: Int) throws {
        try fill(size)
        var slow = options
        slow.checkpointIntervalMilliseconds = 1_000_000_000
        let ledger = try Ledger.open(slow)
        try ledger.appendAndWait([bytes("wakes the signer")])
        try ledger.appendAndWait((0..<500).map { bytes("\($0)") })
        let head = ledger.treeHead()
        ledger.abandon()
        let reopened = try Ledger.open(options)
        #expect(reopened.treeHead() == head)
        reopened.close()
    }

    @Test func readerChangesNothing() throws {
        try fill(10)
        let before = try checkpoint()
        var reading = options
        reading.readOnlyIntent = true
        let ledger = try Ledger.open(reading)
        #expect(!ledger.isWritable)
        #expect(try ledger.contents().count == 10)
        let error = #expect(throws: LedgerError.self) { try ledger.appendAndWait([[1]]) }
        #expect(error?.code == .notWritable)
        ledger.close()
        #expect(try checkpoint() == before)
        reading.directory = directory.path + "/absent"
        #expect(failure(reading)?.code == .notFound)
        #expect(!FileManager.default.fileExists(atPath: reading.directory))
    }

    @Test func damagedLogIsRefused() throws {
        try fill(100)
        let logs = try FileManager.default.contentsOfDirectory(atPath: data + "/ledger").filter { $0.hasSuffix(".log") }
        let url = URL(fileURLWithPath: data + "/ledger/" + (try #require(logs.first)))
        var content = [UInt8](try Data(contentsOf: url))
        content[content.count / 2] ^= 4
        try Data(content).write(to: url)
        let error = failure(options)
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("damaged") == true)
    }

    // MARK: - The copy of the checkpoints

    private var copying: LedgerOptions {
        var options = options
        options.checkpointCopy = directory.path + "/kept"
        return options
    }

    private func kept() throws -> String { try String(contentsOfFile: directory.path + "/kept", encoding: .utf8) }

    @Test func everyCheckpointIsKept() throws {
        try fill(3, copying)
        try fill(4, copying)
        let notes = Checkpoint.notes(in: try kept())
        #expect(notes.count >= 3)
        #expect(notes.last == (try checkpoint()))
        let sizes = try notes.map { try Checkpoint(note: $0, key: nil).size }
        #expect(sizes == sizes.sorted())
        #expect(sizes.last == 7)
        #expect(try kept() == notes.map { $0 + "\n" }.joined())
    }

    /// The checkpoint in the directory went back with everything else.
    @Test func restoredDirectoryIsRefused() throws {
        try fill(300, copying)
        try copy(data, to: directory.path + "/backup")
        try fill(50, copying)
        try copy(directory.path + "/backup", to: data)
        #expect(failure(options) == nil)
        let error = failure(copying)
        #expect(error?.code == .historyLost)
        #expect(error?.missing == 301...350)
        #expect(error?.message.contains("/kept") == true)
        var accepting = copying
        accepting.acceptLoss = true
        let ledger = try Ledger.open(accepting)
        #expect(ledger.lostRange == 301...350)
        ledger.close()
        #expect(failure(copying) == nil)
    }

    @Test func deletedDirectoryIsRefused() throws {
        try fill(10, copying)
        try FileManager.default.removeItem(atPath: data)
        #expect(failure(copying)?.missing == 1...10)
        var accepting = copying
        accepting.acceptLoss = true
        let ledger = try Ledger.open(accepting)
        #expect(ledger.lostRange == 1...10)
        ledger.close()
        #expect(failure(copying) == nil)
    }

    /// Whoever can only append may put an old note, or anything else, behind the newer ones.
    @Test func anOldNoteBehindTheNewerOnesHidesNothing() throws {
        try fill(300, copying)
        try copy(data, to: directory.path + "/backup")
        let old = try checkpoint()
        try fill(50, copying)
        try copy(directory.path + "/backup", to: data)
        let before = try kept()
        for rest in [
            old + "\n", String(repeating: "junk ", count: 4_000) + "\n\n", String(repeating: old + "\n", count: 99),
        ] {
            try (before + rest).write(toFile: directory.path + "/kept", atomically: true, encoding: .utf8)
            #expect(failure(copying)?.missing == 301...350)
        }
        var accepting = copying
        accepting.acceptLoss = true
        try Ledger.open(accepting).close()
        #expect(failure(copying) == nil)
        // What was accepted once is good for that once: it cannot be put behind what came after.
        let accepted = try kept()
        try fill(100, copying)
        try copy(directory.path + "/backup", to: data)
        #expect(failure(copying)?.missing == 301...400)
        let replayed = try kept() + accepted.dropFirst(before.count)
        try replayed.write(toFile: directory.path + "/kept", atomically: true, encoding: .utf8)
        #expect(failure(copying)?.missing == 301...400)
    }

    @Test func aCopyOfZerosIsRefusedAndAMissingOneIsTold() throws {
        try fill(10, copying)
        try Data(count: 5_000).write(to: URL(fileURLWithPath: directory.path + "/kept"))
        #expect(failure(copying)?.code == .checkpointInvalid)
        try FileManager.default.removeItem(atPath: directory.path + "/kept")
        let notices = Mutex<[LedgerNotice]>([])
        var options = copying
        options.notify = { notice in notices.withLock { $0.append(notice) } }
        try Ledger.open(options).close()
        #expect(notices.withLock { $0 } == [.copyMissing(directory.path + "/kept")])
    }

    /// An empty store is no new ledger where the copy knows of an old one.
    @Test func emptyStoreInItsPlaceIsRefused() throws {
        try fill(10, copying)
        try FileManager.default.removeItem(atPath: data + "/checkpoint")
        try FileManager.default.removeItem(atPath: data + "/ledger")
        let empty = LedgerOptions(directory: directory.path + "/empty")
        try Ledger.open(empty).close()
        let database = try Database(path: data + "/ledger", options: DatabaseOptions())
        database.close()
        #expect(failure(copying)?.missing == 1...10)
    }

    /// The process may end between the new checkpoint and the event that tells of the loss.
    @Test func acceptedLossOutlivesACrash() throws {
        try fill(10)
        try copy(data + "/ledger", to: directory.path + "/backup")
        try fill(5)
        try copy(directory.path + "/backup", to: data + "/ledger")
        let first = try Ledger.open(accepting())
        #expect(first.lostRange == 11...15)
        first.abandon()
        let second = try Ledger.open(options)
        #expect(second.lostRange == 11...15)
        try second.appendAndWait([bytes("told")])
        try second.clearLostRange()
        second.close()
        let third = try Ledger.open(options)
        #expect(third.lostRange == nil)
        third.close()
    }

    /// Without a checkpoint that can be verified nothing tells what is gone, and that is recorded as well.
    @Test(arguments: ["checkpoint", "node.key"])
    func whatCannotBeCheckedIsALoss(file: String) throws {
        try fill(10)
        try FileManager.default.removeItem(atPath: data + "/" + file)
        let ledger = try Ledger.open(accepting())
        #expect(ledger.lostRange == 1...10)
        ledger.close()
    }

    /// A crash, or a full disk, may leave a part of a note.
    @Test(arguments: ["x", "x\n", "x\n\n", "tollgate/0123456789abcdef\n12", "\n\n\n"])
    func cutNoteIsPassedOver(rest: String) throws {
        try fill(10, copying)
        let before = Checkpoint.notes(in: try kept()).count
        try (try kept() + rest).write(toFile: directory.path + "/kept", atomically: true, encoding: .utf8)
        try fill(5, copying)
        let notes = Checkpoint.notes(in: try kept())
        #expect(notes.count >= before + 2)
        #expect(try Checkpoint(note: try #require(notes.last), key: nil).size == 15)
    }

    @Test func forgedCopyIsRefused() throws {
        try fill(10, copying)
        let forged = try kept().replacingOccurrences(of: "\n10\n", with: "\n11\n")
        try forged.write(toFile: directory.path + "/kept", atomically: true, encoding: .utf8)
        #expect(failure(copying)?.code == .checkpointInvalid)
    }

    @Test func unusableCopyIsTold() throws {
        var options = options
        options.checkpointCopy = directory.path + "/no/such/folder"
        let error = failure(options)
        #expect(error?.message.contains("/no/such/folder") == true)
    }
}
