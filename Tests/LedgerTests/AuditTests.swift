import Foundation
import Ledger
import LevelDB
import Testing

/// Ledgers that somebody changed behind the program's back.
@Suite struct AuditTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var data: String { directory.path + "/data" }

    private func fill(_ count: Int) throws {
        let ledger = try Ledger.open(LedgerOptions(directory: data))
        try ledger.appendAndWait((0..<count).map { bytes("record \($0)") })
        ledger.close()
    }

    /// The store without the ledger around it.
    private func change(_ body: (borrowing Database, inout WriteBatch) throws -> Void) throws {
        let database = try Database(path: data + "/ledger", options: DatabaseOptions())
        var batch = try WriteBatch()
        try body(database, &batch)
        try database.write(batch)
        database.close()
    }

    private func key(_ sequence: UInt64) -> [UInt8] {
        [1] + withUnsafeBytes(of: sequence.bigEndian) { [UInt8]($0) }
    }

    private func audit(workers: Int = 2, checkpoints: [Checkpoint] = []) throws -> LedgerAudit {
        var options = LedgerOptions(directory: data, acceptLoss: true)
        options.readOnlyIntent = true
        let ledger = try Ledger.open(options)
        defer { ledger.close() }
        return try ledger.audit(workers: workers, checkpoints: checkpoints) { _ in true }
    }

    @Test(arguments: [0, 1, 255, 256, 257, 1_000, 16_384, 16_385, 40_000], [1, 3])
    func soundLedgerPasses(count: Int, workers: Int) throws {
        try fill(count)
        let audit = try audit(workers: workers)
        #expect(audit.failure == nil)
        #expect(audit.records == UInt64(count))
        #expect(audit.checkpointSize == UInt64(count))
        let ledger = try Ledger.open(LedgerOptions(directory: data))
        #expect(audit.head == ledger.treeHead())
        ledger.close()
    }

    @Test func runningLedgerPasses() throws {
        let ledger = try Ledger.open(LedgerOptions(directory: data))
        defer { ledger.close() }
        try ledger.appendAndWait((0..<700).map { bytes("record \($0)") })
        var seen: [UInt64] = []
        let audit = try ledger.audit(workers: 2, throttle: Throttle()) { done in
            seen.append(done)
            return true
        }
        #expect(audit.failure == nil)
        #expect(audit.head == ledger.treeHead())
        #expect(seen == [700])
    }

    @Test(arguments: [1, 2, 256, 257, 400, 512, 16_000, 16_896])
    func changedRecordIsNamed(sequence: UInt64) throws {
        try fill(17_000)
        try change { _, batch in batch.put(key(sequence), bytes("forged")) }
        let audit = try audit()
        #expect(audit.failure?.kind == .altered)
        #expect(audit.failure?.sequences == sequence...sequence)
        #expect(audit.failure?.message.contains("record \(sequence) ") == true)
    }

    /// The first of several is told, whichever thread finds one.
    @Test func firstOfSeveralIsNamed() throws {
        try fill(50_000)
        try change { _, batch in
            for sequence: UInt64 in [49_000, 30_000, 20_001, 40_000] { batch.put(key(sequence), bytes("forged")) }
        }
        #expect(try audit(workers: 4).failure?.sequences == 20_001...20_001)
    }

    /// Behind the last full tile only the checkpoint tells.
    @Test func changedNewestRecordIsFound() throws {
        try fill(300)
        try change { _, batch in batch.put(key(299), bytes("forged")) }
        let audit = try audit()
        #expect(audit.failure?.kind == .root)
        #expect(audit.failure?.sequences?.contains(299) == true)
    }

    @Test(arguments: [1, 5, 256, 257, 300])
    func missingRecordIsNamed(sequence: UInt64) throws {
        try fill(600)
        try change { _, batch in batch.delete(key(sequence)) }
        let audit = try audit()
        #expect(audit.failure?.kind == .missing)
        #expect(audit.failure?.sequences == sequence...sequence)
    }

    @Test(arguments: [256, 512])
    func changedHashesAreFound(size: UInt64) throws {
        try fill(600)
        try change { database, batch in
            var row = try #require(try database.value(forKey: key(size) + [1]))
            row[40] ^= 1
            batch.put(key(size) + [1], row)
        }
        #expect(try audit().failure != nil)
        try change { _, batch in batch.delete(key(256) + [1]) }
        let audit = try audit()
        #expect(audit.failure?.kind == .hashes)
        #expect(audit.failure?.sequences == 1...256)
    }

    /// A flipped bit in a table file: the first record that cannot be read is told, and none before it is doubted.
    @Test(arguments: [0.1, 0.5, 0.9])
    func damagedTableIsFound(where fraction: Double) throws {
        try fill(40_000)
        try change { database, _ in try database.compact() }
        let folder = data + "/ledger/"
        let tables = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".ldb") }
        let sizes = try tables.map { try Data(contentsOf: URL(fileURLWithPath: folder + $0)).count }
        let biggest = folder + tables[try #require(sizes.indices.max { sizes[$0] < sizes[$1] })]
        var content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: biggest)))
        content[Int(Double(content.count) * fraction)] ^= 0x10
        try Data(content).write(to: URL(fileURLWithPath: biggest))
        let audit = try audit()
        let first = try #require(audit.failure?.sequences?.lowerBound)
        #expect(audit.failure?.kind == .unreadable)
        #expect(Double(first) > 40_000 * (fraction - 0.1) && Double(first) < 40_000 * (fraction + 0.1))
    }

    /// The store of a ledger of 600 records, one of which is another than `fill` gives.
    private func forgery(at place: Int) throws -> Database {
        let forged = directory.path + "/forged"
        let other = try Ledger.open(LedgerOptions(directory: forged))
        try other.appendAndWait((0..<600).map { bytes($0 == place ? "forged" : "record \($0)") })
        other.close()
        return try Database(path: forged + "/ledger")
    }

    /// Whoever recomputes all hashes still cannot sign.
    @Test func rewrittenHistoryIsFound() throws {
        try fill(600)
        let from = try forgery(at: 300)
        try change { _, batch in
            for sequence: UInt64 in 1...600 {
                batch.put(key(sequence), try #require(try from.value(forKey: key(sequence))))
            }
            for size: UInt64 in [256, 512] {
                batch.put(key(size) + [1], try #require(try from.value(forKey: key(size) + [1])))
            }
        }
        from.close()
        let audit = try audit()
        #expect(audit.failure?.kind == .root)
        #expect(audit.failure?.sequences == 1...600)
    }

    /// Whoever changes a record and the hashes of that time only gets nothing signed that says so.
    @Test func nothingForgedIsSigned() throws {
        try fill(600)
        let from = try forgery(at: 100)
        try change { _, batch in
            for key in [key(101), key(256) + [1]] { batch.put(key, try #require(try from.value(forKey: key))) }
        }
        from.close()
        // The newest tree is still the one that was signed, so it starts.
        let ledger = try Ledger.open(LedgerOptions(directory: data))
        defer { ledger.close() }
        for size: UInt64 in [256, 300, 511] {
            let error = #expect(throws: LedgerError.self) { _ = try ledger.checkpoint(size: size) }
            #expect(error?.code == .historyChanged)
            #expect(throws: LedgerError.self) { _ = try ledger.treeHead(size: size) }
        }
        #expect(try ledger.checkpoint(size: 600).contains("\n600\n"))
    }

    /// Kept checkpoints narrow down where the histories part, and show what the file beside the ledger cannot.
    @Test func keptCheckpointsAreCompared() throws {
        let ledger = try Ledger.open(LedgerOptions(directory: data))
        try ledger.appendAndWait((0..<600).map { bytes("record \($0)") })
        let key = try VerifierKey(text: ledger.verifierKey)
        let kept = try [100, 300, 600].map { try Checkpoint(note: try ledger.checkpoint(size: $0), key: key) }
        ledger.close()
        #expect(try audit(checkpoints: kept).failure == nil)
        var forged = kept
        forged[1].root = forged[0].root
        let audit = try audit(checkpoints: forged)
        #expect(audit.failure?.kind == .root)
        #expect(audit.failure?.sequences == 101...300)
        forged = [Checkpoint(origin: kept[0].origin, size: 700, root: kept[0].root)]
        #expect(try self.audit(checkpoints: forged).failure?.sequences == 601...700)
    }

    @Test func auditCanBeEnded() throws {
        try fill(40_000)
        let ledger = try Ledger.open(LedgerOptions(directory: data))
        let audit = try ledger.audit(workers: 2) { _ in false }
        ledger.close()
        #expect(audit.head == nil && audit.failure == nil)
        #expect(audit.records == 16_384)
    }
}

@Suite struct ProofTextTests {
    private let directory: TemporaryDirectory
    private let ledger: Ledger
    private let key: VerifierKey

    init() throws {
        directory = try TemporaryDirectory()
        ledger = try Ledger.open(LedgerOptions(directory: directory.path))
        try ledger.appendAndWait((0..<1_000).map { bytes("record \($0)") })
        key = try VerifierKey(text: ledger.verifierKey)
    }

    private func inclusion(_ sequence: UInt64, size: UInt64, carriesRecord: Bool = true) throws -> ProofText {
        .inclusion(
            try ledger.inclusionProof(of: sequence, size: size),
            record: carriesRecord ? try ledger.record(at: sequence) : nil,
            checkpoint: try ledger.checkpoint(size: size)
        )
    }

    private func consistency(_ from: UInt64, _ to: UInt64) throws -> ProofText {
        .consistency(
            try ledger.consistencyProof(from: from, to: to),
            old: try ledger.checkpoint(size: from),
            new: try ledger.checkpoint(size: to)
        )
    }

    @Test(arguments: [(1, 1), (1, 2), (300, 999), (1_000, 1_000)] as [(UInt64, UInt64)])
    func inclusionGoesThroughText(sequence: UInt64, size: UInt64) throws {
        for carriesRecord in [true, false] {
            let proof = try inclusion(sequence, size: size, carriesRecord: carriesRecord)
            let text = Array(proof.text.utf8)
            let read = try ProofText(text: text)
            #expect(read == proof)
            let record = try #require(try ledger.record(at: sequence))
            let proven = try read.verify(key: key, record: carriesRecord ? nil : record)
            guard case .included(sequence, record, let checkpoint) = proven else {
                Issue.record("\(proven)")
                return
            }
            #expect(checkpoint.size == size)
        }
        ledger.close()
    }

    @Test(arguments: [(0, 0), (0, 5), (1, 2), (256, 1_000), (777, 777)] as [(UInt64, UInt64)])
    func consistencyGoesThroughText(from: UInt64, to: UInt64) throws {
        let proof = try consistency(from, to)
        let read = try ProofText(text: Array(proof.text.utf8))
        #expect(read == proof)
        guard case .consistent(let old, let new) = try read.verify(key: key) else {
            Issue.record("no consistency")
            return
        }
        #expect(old.size == from && new.size == to)
        ledger.close()
    }

    /// Every single changed byte is noticed, and no cut text passes.
    @Test func everyChangeIsRefused() throws {
        for proof in [try inclusion(300, size: 900), try consistency(300, 900)] {
            let text = Array(proof.text.utf8)
            for index in text.indices {
                var changed = text
                changed[index] ^= 1
                #expect(throws: AuditFailure.self, "byte \(index)") {
                    try ProofText(text: changed).verify(key: key)
                }
                #expect(throws: AuditFailure.self, "cut at \(index)") {
                    try ProofText(text: Array(text[..<index])).verify(key: key)
                }
            }
        }
        ledger.close()
    }

    @Test func otherKeyIsRefused() throws {
        let otherDirectory = try TemporaryDirectory()
        let other = try Ledger.open(LedgerOptions(directory: otherDirectory.path))
        let otherKey = try VerifierKey(text: other.verifierKey)
        let error = #expect(throws: AuditFailure.self) { try inclusion(1, size: 5).verify(key: otherKey) }
        #expect(error?.kind == .signature)
        other.close()
        ledger.close()
    }

    @Test func trustedCheckpointMustBeTheSame() throws {
        let proof = try consistency(300, 900)
        let kept = try Checkpoint(note: try ledger.checkpoint(size: 300), key: key)
        _ = try proof.verify(key: key, trusted: kept)
        var forked = kept
        forked.root = Digest.empty
        #expect(#expect(throws: AuditFailure.self) { try proof.verify(key: key, trusted: forked) }?.kind == .root)
        forked.size = 301
        #expect(#expect(throws: AuditFailure.self) { try proof.verify(key: key, trusted: forked) }?.kind == .malformed)
        ledger.close()
    }

    @Test(arguments: ["", "x", "a+b+c", "name+00000000+AAAA", "+12345678+AQ=="])
    func malformedKeyIsRefused(text: String) {
        #expect(throws: LedgerError.self) { try VerifierKey(text: text) }
        ledger.close()
    }

    @Test func wrongKeyIdIsRefused() throws {
        var parts = ledger.verifierKey.split(separator: "+", maxSplits: 2).map(String.init)
        #expect(try VerifierKey(text: ledger.verifierKey).text == ledger.verifierKey)
        parts[1] = parts[1] == "00000000" ? "00000001" : "00000000"
        #expect(throws: LedgerError.self) { try VerifierKey(text: parts.joined(separator: "+")) }
        ledger.close()
    }
}
