internal import Glibc
internal import LevelDB

/// Everything that can be read of a data directory whose store does not open, read from its files one by one.
///
/// Nothing is written there, not even a lock: the store's own way of opening would put its log into tables first.
struct DamagedLedger {
    /// The longest file that is read; those that the store makes have some tens of megabytes.
    private static let fileLimit = 1 << 30

    let directory: String
    /// What could not be read, in words.
    private(set) var faults: [String] = []
    /// The origin that the ledger had; nil when it cannot be read.
    private(set) var origin: String?
    /// The newest signed checkpoint in the directory, if its signature is one of the node's key.
    private(set) var checkpoint: Checkpoint?

    private let files: [String]

    init(_ directory: String) throws(LedgerError) {
        self.directory = directory
        let folder = directory + "/ledger"
        guard Files.exists(folder) else {
            throw LedgerError(.notFound, "there is no ledger in \(directory); name the data directory of a server")
        }
        if Files.isLocked(folder + "/LOCK") {
            throw LedgerError(
                .inUse,
                "the data directory \(directory) is in use by another process; stop it first"
            )
        }
        let names = try Files.names(in: folder)
        files = names.filter { name in [".ldb", ".sst", ".log"].contains { name.hasSuffix($0) } }
            .sorted { Self.number($0) < Self.number($1) }
            .map { folder + "/" + $0 }
        readCheckpoint()
    }

    private static func number(_ name: String) -> UInt64 { UInt64(name.prefix { $0 != "." }) ?? 0 }

    private mutating func readCheckpoint() {
        let (keyPath, notePath) = (Opening.keyPath(directory), Opening.checkpointPath(directory))
        guard let key = (try? Files.read(keyPath)).flatMap({ NodeKey(text: $0) }) else {
            faults.append("\(keyPath) is missing or malformed, so that the checkpoint cannot be verified")
            return
        }
        guard let note = try? Files.read(notePath) else {
            faults.append("\(notePath) is missing, so that nothing tells how long the ledger was")
            return
        }
        checkpoint = try? Checkpoint(note: note, key: key.verifier)
        if checkpoint == nil { faults.append("\(notePath) is malformed or not signed by the key of the node") }
    }

    /// Calls `body` with every readable record and tree row, file by file, some of them more than once.
    mutating func read(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(LedgerError) -> Void
    ) throws(LedgerError) {
        var failure: LedgerError?
        for file in files {
            let content: [UInt8]
            do throws(LedgerError) {
                guard let found = try Files.read(file, limit: Self.fileLimit) else { continue }
                content = found
            } catch {
                faults.append(error.message)
                continue
            }
            let damages = content.withUnsafeBytes { content in
                func take(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
                    guard failure == nil else { return }
                    if key.elementsEqual(Keys.meta) { origin = Self.origin(value) ?? origin }
                    guard Keys.sequence(key) != nil else { return }
                    do throws(LedgerError) { try body(key, value) } catch { failure = error }
                }
                return file.hasSuffix(".log")
                    ? DamagedLog.read(content, isKey: { Keys.sequence($0) != nil }, take)
                    : DamagedTable.read(content, take)
            }
            if let failure { throw failure }
            if damages > 0 { faults.append("\(file) cannot be read in \(damages) place\(damages == 1 ? "" : "s")") }
        }
    }

    private static func origin(_ value: UnsafeRawBufferPointer) -> String? {
        let lines = String(decoding: value, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 2, lines[0] == Store.format, NodeKey(origin: String(lines[1])) != nil else { return nil }
        return String(lines[1])
    }

    /// The sequences that cannot be read; those behind the last readable one are known from the checkpoint.
    static func missing(in directory: String) throws(LedgerError) -> [ClosedRange<UInt64>] {
        var ledger = try DamagedLedger(directory)
        var found = SequenceRanges()
        try ledger.read { key, _ in
            if key.count == Keys.recordLength, let sequence = Keys.sequence(key) { found.insert(sequence) }
        }
        return found.missing(through: found.end(checkpoint: ledger.checkpoint?.size))
    }
}

extension Ledger {
    /// The sequences that cannot be read of a ledger that does not open. Reads every file and changes none; blocking.
    public static func unreadable(in directory: String) throws(LedgerError) -> [ClosedRange<UInt64>] {
        try DamagedLedger.missing(in: directory)
    }
}
