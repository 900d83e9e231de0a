internal import LevelDB

/// A new ledger from what can be read of a damaged one.
///
/// Every record that can be read keeps its sequence and its bytes. Where one cannot, the caller's stand-in takes its
/// place, so that the new ledger has no gap and says itself what is missing. It is another ledger: with an origin, a
/// key and a tree of its own, because nobody can sign the old tree without its records.
public struct Salvage {
    /// What was saved, and what not.
    public struct Report: Equatable, Sendable {
        /// The origin of the damaged ledger; nil when that could not be read.
        public var source: String?
        /// The origin of the new one.
        public var origin = ""
        /// The last sequence of the new ledger.
        public var head: UInt64 = 0
        /// The records that were read.
        public var records: UInt64 = 0
        /// The sequences that could not be read, in order.
        public var lost: [ClosedRange<UInt64>] = []
        /// Sequences of records that were read, but are not what was hashed when they were stored.
        public var altered: [ClosedRange<UInt64>] = []
        /// The size of the signed checkpoint beside the ledger; nil without one that can be verified.
        public var checkpointSize: UInt64?
        /// Whether the records lead to that checkpoint's root, by stored hashes where they are lost; nil when the hashes
        /// are lost too.
        public var matchesCheckpoint: Bool?
        /// What could not be read, in words.
        public var faults: [String] = []
    }

    /// More lost records than this are taken for damage of the numbers themselves.
    public static let lostLimit: UInt64 = 100_000_000

    private let source: String
    private let target: String
    private let standIn: (UInt64) -> [UInt8]

    /// Reads `source`, a data directory that no process uses, and makes `target`, which must not exist or be empty.
    ///
    /// Blocking, and takes twice the room of the ledger in the meantime. `standIn` gives the record for a sequence that
    /// is lost, and `progress` gets the number of records done.
    public static func run(
        from source: String,
        to target: String,
        standIn: @escaping (UInt64) -> [UInt8],
        progress: (UInt64) -> Void = { _ in }
    ) throws(LedgerError) -> Report {
        var target = target
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        return try Salvage(source: source, target: target, standIn: standIn).run(progress)
    }

    private var staging: String { target + ".salvage" }

    private func run(_ progress: (UInt64) -> Void) throws(LedgerError) -> Report {
        var damaged = try DamagedLedger(source)
        let isFree = try Files.exists(target) ? Files.names(in: target).isEmpty : true
        guard isFree else {
            throw LedgerError(.invalidOption, "\(target) is there already; name a directory that does not exist")
        }
        guard !Files.exists(staging) else {
            throw LedgerError(
                .invalidOption,
                "\(staging) is left of a salvage that was ended; remove it and begin again"
            )
        }
        try Files.makeDirectory(staging, writable: true)
        do throws(LedgerError) {
            let report = try build(&damaged, progress)
            try Files.removeTree(staging + "/sorted")
            try copyRest()
            try Files.rename(staging, to: target)
            return report
        } catch {
            try? Files.removeTree(staging)
            throw error
        }
    }

    private func build(_ damaged: inout DamagedLedger, _ progress: (UInt64) -> Void) throws(LedgerError) -> Report {
        // The files hold the records in no order, and some twice: a store of their own sorts them.
        let sorted = try translated { () throws(LevelDBError) in try Database(path: staging + "/sorted") }
        defer { sorted.close() }
        var found = SequenceRanges()
        var batch = try translated { () throws(LevelDBError) in try WriteBatch() }
        try damaged.read { (key, value) throws(LedgerError) in
            if key.count == Keys.recordLength, let sequence = Keys.sequence(key) { found.insert(sequence) }
            batch.put(key, value)
            guard batch.byteCount >= 1 << 20 else { return }
            try translated { () throws(LevelDBError) in try sorted.write(batch, sync: false) }
            batch.removeAll()
        }
        try translated { () throws(LevelDBError) in try sorted.write(batch, sync: false) }
        var report = Report(source: damaged.origin, checkpointSize: damaged.checkpoint?.size, faults: damaged.faults)
        report.head = found.end(checkpoint: damaged.checkpoint?.size)
        for stray in found.stray(behind: report.head) {
            report.faults.append("record \(stray.lowerBound) lies far behind the signed checkpoint and is left out")
        }
        report.lost = found.missing(through: report.head)
        let lost = report.lost.reduce(0) { $0 + ($1.upperBound - $1.lowerBound + 1) }
        report.records = report.head - lost
        guard report.records > 0 else {
            throw LedgerError(.damaged, "nothing can be read of the ledger in \(source)")
        }
        guard lost <= Salvage.lostLimit else {
            throw LedgerError(
                .damaged,
                "\(lost) of \(report.head) records in \(source) cannot be read, more than \(Salvage.lostLimit): the numbers "
                    + "themselves are damaged"
            )
        }
        let name = damaged.origin.map { String($0.prefix { $0 != "/" }) } ?? "tollgate"
        let ledger = try Ledger.open(LedgerOptions(directory: staging, name: name))
        defer { ledger.close() }
        report.origin = ledger.origin
        var writer = SalvageWriter(ledger: ledger, checkpoint: damaged.checkpoint)
        try fill(&writer, from: sorted, through: report.head, progress)
        (report.altered, report.matchesCheckpoint) = (writer.altered, writer.matchesCheckpoint)
        return report
    }

    private func fill(
        _ writer: inout SalvageWriter,
        from sorted: Database,
        through head: UInt64,
        _ progress: (UInt64) -> Void
    ) throws(LedgerError) {
        var iterator = try translated { () throws(LevelDBError) in try sorted.iterator() }
        iterator.seek(to: Keys.record(0))
        while iterator.isValid {
            let (sequence, isRow, value) = iterator.withEntry { key, value in
                (Keys.sequence(key) ?? 0, key.count == Keys.tileLength, [UInt8](value))
            }
            iterator.next()
            guard sequence > 0, sequence <= head else { continue }
            while writer.next < sequence || isRow && writer.next == sequence {
                try writer.append(standIn(writer.next), isStandIn: true)
            }
            if isRow { writer.compare(row: value, at: sequence) } else { try writer.append(value, isStandIn: false) }
            progress(writer.next - 1)
        }
        try translated { () throws(LevelDBError) in try iterator.check() }
        while writer.next <= head { try writer.append(standIn(writer.next), isStandIn: true) }
        try writer.finish()
    }

    private func translated<Result: ~Copyable>(
        _ body: () throws(LevelDBError) -> Result
    ) throws(LedgerError) -> Result {
        do {
            return try body()
        } catch {
            throw LedgerError(error, directory: target)
        }
    }

    /// Takes over what else a data directory holds: in-flight records above all. The checkpoint stays as a piece of
    /// evidence; the key, the views and what only a running server has do not come along.
    private func copyRest() throws(LedgerError) {
        let left: Set = ["node.key", "ballast", "tollgate.sock", "checkpoint"]
        for name in try Files.names(in: source) where !left.contains(name) && !name.hasSuffix(".new") {
            guard Files.isRegular(source + "/" + name) else { continue }
            try Files.copy(source + "/" + name, to: staging + "/" + name)
        }
        if Files.exists(Opening.checkpointPath(source)) {
            try Files.copy(Opening.checkpointPath(source), to: staging + "/checkpoint.damaged")
        }
    }
}
