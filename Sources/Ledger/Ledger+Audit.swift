internal import LevelDB
internal import Synchronization

/// What an audit of a ledger found.
public struct LedgerAudit: Equatable, Sendable {
    /// The records whose bytes were read and hashed.
    public var records: UInt64 = 0
    /// Size and root that follow from those bytes; nil when the audit ended early.
    public var head: TreeHead?
    /// The size of the newest signed checkpoint that was compared; nil when there was none.
    public var checkpointSize: UInt64?
    /// The first thing that does not hold; nil when everything does.
    public var failure: AuditFailure?
}

extension Ledger {
    /// Reads and hashes every record, and compares them with the stored hashes and with signed checkpoints.
    ///
    /// Works on `workers` threads of its own, beside a serving process at a low priority and as its `throttle` allows. The
    /// records are those that are committed at the start. `checkpoints` are compared beside the ledger's own file, so
    /// that one that was kept elsewhere shows a rewritten history; the key must have been checked.
    /// `progress` gets the number of records done, on the calling thread; false ends the audit.
    /// What is wrong with the records is in the result; an error says why they could not be looked at.
    public func audit(
        workers: Int,
        throttle: Throttle? = nil,
        checkpoints: [Checkpoint] = [],
        progress: (UInt64) -> Bool
    ) throws(LedgerError) -> LedgerAudit {
        let note = try Files.read(Opening.checkpointPath(directory))
        let size = head
        var audit = LedgerAudit()
        let hashing = LedgerHashing(ledger: self, size: size)
        let tree = try hashing.run(workers: min(max(workers, 1), 64), throttle: throttle, progress: progress)
        audit.records = hashing.merged
        audit.failure = hashing.failure
        guard audit.failure == nil, let tree else { return audit }
        audit.head = tree.head
        var known = checkpoints.sorted { $0.size < $1.size }
        do throws(AuditFailure) {
            known.append(try ownCheckpoint(note))
        } catch {
            audit.failure = error
            return audit
        }
        audit.checkpointSize = known.map(\.size).max()
        audit.failure = try compare(known.sorted { $0.size < $1.size }, size: size, isLive: isWritable)
        return audit
    }

    private func ownCheckpoint(_ note: [UInt8]?) throws(AuditFailure) -> Checkpoint {
        let path = Opening.checkpointPath(directory)
        guard let note else { throw AuditFailure(.signature, "\(path) is missing, so nothing signed can be compared") }
        guard let text = String(validating: note, as: UTF8.self) else {
            throw AuditFailure(.signature, "\(path) is not a signed checkpoint")
        }
        do throws(AuditFailure) {
            return try AuditFailure.verified(text, key.verifier, path)
        } catch {
            throw AuditFailure(.signature, error.message)
        }
    }

    /// The first of the checkpoints, which are in order of size, that the records do not lead to.
    private func compare(
        _ checkpoints: [Checkpoint],
        size: UInt64,
        isLive: Bool
    ) throws(LedgerError) -> AuditFailure? {
        let store = try store()
        var good: UInt64 = 0
        for checkpoint in checkpoints {
            guard checkpoint.size <= size else {
                // A commit and its checkpoint may have come between.
                if isLive, checkpoint.size <= head { continue }
                let last = checkpoints.last?.size ?? checkpoint.size
                return AuditFailure(
                    .missing,
                    "a signed checkpoint covers \(last) records, but the ledger ends at \(size): \(size + 1) to "
                        + "\(last) are gone",
                    at: size + 1...max(last, checkpoint.size)
                )
            }
            guard try store.tree(size: checkpoint.size).root == checkpoint.root else {
                return AuditFailure(
                    .root,
                    "the ledger is not the one whose checkpoint of \(checkpoint.size) records was signed: one of the records "
                        + "\(min(good + 1, checkpoint.size)) to \(checkpoint.size) was changed, and the hashes with it",
                    at: min(good + 1, checkpoint.size)...checkpoint.size
                )
            }
            good = checkpoint.size
        }
        return nil
    }
}

/// Hashes the records of a ledger on several threads and puts the tree together in order.
private final class LedgerHashing: Sendable {
    /// Tiles in a piece of work: some megabytes of records.
    private static let chunkTiles = 64
    private static let chunk = UInt64(chunkTiles) * MerkleTree.tileSize

    private let ledger: Ledger
    private let size: UInt64
    private let next = Atomic<UInt64>(0)
    private let isStopped = Atomic<Bool>(false)
    private let done = Semaphore()
    private let results = Mutex<[UInt64: Chunk]>([:])
    private let outcome = Mutex<(merged: UInt64, failure: AuditFailure?)>((0, nil))

    init(ledger: Ledger, size: UInt64) {
        self.ledger = ledger
        self.size = size
    }

    var merged: UInt64 { outcome.withLock { $0.merged } }
    var failure: AuditFailure? { outcome.withLock { $0.failure } }

    /// The tree of all records; nil when something was wrong, or `progress` did not want to go on.
    func run(workers: Int, throttle: Throttle?, progress: (UInt64) -> Bool) throws(LedgerError) -> MerkleTree? {
        let chunks = (size + LedgerHashing.chunk - 1) / LedgerHashing.chunk
        var threads: [Thread] = []
        for _ in 0..<min(UInt64(workers), max(chunks, 1)) {
            let thread = Thread { [self] in
                if throttle != nil { Throttle.lowerPriority() }
                work(throttle)
            }
            if let thread { threads.append(thread) }
        }
        defer {
            isStopped.store(true, ordering: .relaxed)
            for thread in threads { thread.join() }
        }
        guard !threads.isEmpty else {
            throw LedgerError(.ioError, "the system gives no further thread; raise the limit (ulimit -u)")
        }
        var tree = MerkleTree()
        for index in 0..<chunks {
            let chunk = take(index)
            if let error = chunk.error { throw error }
            let isWhole = merge(chunk, into: &tree)
            guard isWhole, progress(tree.size) else { return nil }
        }
        return tree
    }

    private func take(_ index: UInt64) -> Chunk {
        while true {
            if let chunk = results.withLock({ $0.removeValue(forKey: index) }) { return chunk }
            done.wait()
        }
    }

    private func merge(_ chunk: Chunk, into tree: inout MerkleTree) -> Bool {
        var failure = chunk.failure
        for tile in chunk.tiles {
            tree.append(tile: tile.root)
            guard tree.tileRow.agrees(with: tile.row) else {
                failure = AuditFailure(
                    .hashes,
                    "the hashes stored at \(tree.size) are not those of the records, although the tile's own is",
                    at: tree.size...tree.size
                )
                break
            }
        }
        for leaf in chunk.tail { tree.append(leaf) }
        outcome.withLock { $0 = (tree.size, failure) }
        return failure == nil
    }

    private func work(_ throttle: Throttle?) {
        var stretch: Throttle.Stretch?
        while !isStopped.load(ordering: .relaxed) {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            let begin = index * LedgerHashing.chunk
            guard begin < size else { return }
            var chunk = Chunk()
            do throws(LedgerError) {
                chunk = try ledger.store().hashes(begin: begin, end: min(begin + LedgerHashing.chunk, size))
            } catch {
                chunk.error = error
            }
            results.withLock { $0[index] = chunk }
            done.signal()
            throttle?.giveWay(&stretch)
        }
    }
}

/// What one piece of work gave.
private struct Chunk {
    var tiles: [(root: Digest, row: TileRow)] = []
    /// Leaves behind the last full tile of the ledger.
    var tail: [Digest] = []
    var failure: AuditFailure?
    var error: LedgerError?
}

extension Store {
    /// Hashes the records behind `begin`, a tile's boundary, through `end`, and compares each tile with its row.
    fileprivate func hashes(begin: UInt64, end: UInt64) throws(LedgerError) -> Chunk {
        var chunk = Chunk()
        var leaves: [Digest] = []
        leaves.reserveCapacity(Int(MerkleTree.tileSize))
        var next = begin + 1
        do throws(LevelDBError) {
            var iterator = try database.iterator()
            iterator.seek(to: Keys.record(next))
            while true {
                if leaves.count == Int(MerkleTree.tileSize) {
                    let row = iterator.withEntry { key, value in
                        let isRow = key.count == Keys.tileLength && Keys.sequence(key) == next - 1
                        return isRow ? TileRow(size: next - 1, bytes: value) : nil
                    }
                    if row == nil { try iterator.check() }
                    let tile = Chunk.tile(leaves, row: row, end: next - 1)
                    switch tile {
                    case .success(let tile): chunk.tiles.append(tile)
                    case .failure(let failure):
                        chunk.failure = failure
                        return chunk
                    }
                    leaves.removeAll(keepingCapacity: true)
                } else {
                    guard next <= end else { break }
                    let isNext = iterator.withEntry { key, value in
                        guard key.count == Keys.recordLength, Keys.sequence(key) == next else { return false }
                        leaves.append(Digest.leaf(value))
                        return true
                    }
                    guard isNext else {
                        try iterator.check()
                        chunk.failure = AuditFailure(.missing, "record \(next) is missing", at: next...next)
                        return chunk
                    }
                    next += 1
                }
                iterator.next()
            }
            try iterator.check()
        } catch {
            guard error.code == .corruption else { throw LedgerError(error, directory: directory) }
            chunk.failure = AuditFailure(
                .unreadable,
                "record \(next) cannot be read: \(error.message)",
                at: next...next
            )
        }
        chunk.tail = leaves
        return chunk
    }
}

extension Chunk {
    /// The tile that ends with the sequence `end`, if its root is the one in the row.
    fileprivate static func tile(
        _ leaves: [Digest],
        row: TileRow?,
        end: UInt64
    ) -> Result<(root: Digest, row: TileRow), AuditFailure> {
        var nodes = leaves
        let first = end + 1 - MerkleTree.tileSize
        guard let row, let root = MerkleTree.root(ofTile: &nodes) else {
            return .failure(
                AuditFailure(
                    .hashes,
                    "the hashes of the records \(first) to \(end) are missing or malformed",
                    at: first...end
                )
            )
        }
        let difference = row.firstDifference(leaves)
        guard root == row.finished.first else {
            guard let position = difference else {
                return .failure(
                    AuditFailure(
                        .altered,
                        "one of the records \(first) to \(end) is not what was hashed when it was stored",
                        at: first...end
                    )
                )
            }
            let sequence = first + UInt64(position)
            return .failure(
                AuditFailure(
                    .altered,
                    "record \(sequence) is not what was hashed when it was stored: its bytes were changed",
                    at: sequence...sequence
                )
            )
        }
        guard difference == nil else {
            return .failure(
                AuditFailure(
                    .hashes,
                    "hashes stored beside the records \(first) to \(end) were changed",
                    at: first...end
                )
            )
        }
        return .success((root, row))
    }
}
