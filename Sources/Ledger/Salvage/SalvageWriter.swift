/// Writes the records of a salvaged ledger in order and compares them with the hashes of the damaged one.
struct SalvageWriter {
    private let ledger: Ledger
    private let checkpoint: Checkpoint?
    /// The sequence of the record to come.
    private(set) var next: UInt64 = 1
    private(set) var altered: [ClosedRange<UInt64>] = []
    private(set) var matchesCheckpoint: Bool?

    private var waiting: [[UInt8]] = []
    private var waitingBytes = 0
    /// The damaged ledger's own tree, as far as records or stored hashes lead; nil once neither does.
    private var tree: MerkleTree? = MerkleTree()
    /// Hashes of the records of the tile at hand; nil where one is lost.
    private var leaves: [Digest?] = []
    private var row: TileRow?

    init(ledger: Ledger, checkpoint: Checkpoint?) {
        self.ledger = ledger
        self.checkpoint = checkpoint
    }

    mutating func append(_ record: [UInt8], isStandIn: Bool) throws(LedgerError) {
        if leaves.count == Int(MerkleTree.tileSize) { endTile() }
        leaves.append(isStandIn ? nil : record.withUnsafeBytes { Digest.leaf($0) })
        compareCheckpoint()
        waiting.append(record)
        waitingBytes += record.count
        next += 1
        if waiting.count >= 2_000 || waitingBytes >= 1 << 20 { try flush() }
    }

    /// Takes the stored hashes of the tile that ends at `sequence`.
    mutating func compare(row bytes: [UInt8], at sequence: UInt64) {
        guard sequence == next - 1 else { return }
        row = bytes.withUnsafeBytes { TileRow(size: sequence, bytes: $0) }
    }

    mutating func finish() throws(LedgerError) {
        if leaves.count == Int(MerkleTree.tileSize) { endTile() }
        try flush()
    }

    private mutating func flush() throws(LedgerError) {
        if !waiting.isEmpty { try ledger.appendAndWait(waiting) }
        waiting.removeAll(keepingCapacity: true)
        waitingBytes = 0
    }

    private mutating func endTile() {
        defer {
            leaves.removeAll(keepingCapacity: true)
            row = nil
        }
        var whole = leaves.compactMap(\.self)
        let last = next - 1
        let hashed = whole
        guard whole.count == leaves.count, let root = MerkleTree.root(ofTile: &whole) else {
            if let root = row?.finished.first { tree?.append(tile: root) } else { tree = nil }
            return
        }
        tree?.append(tile: root)
        guard let row, root != row.finished.first else { return }
        let first = last + 1 - MerkleTree.tileSize
        let place = row.firstDifference(hashed).map { first + UInt64($0) }
        altered.append(place.map { $0...$0 } ?? first...last)
    }

    /// Where the checkpoint was signed: whether the records up to here lead to its root.
    private mutating func compareCheckpoint() {
        guard let checkpoint, checkpoint.size == next, var tree else { return }
        if leaves.count == Int(MerkleTree.tileSize) {
            // The row comes only after the record; without it the records themselves must be there.
            var whole = leaves.compactMap(\.self)
            guard whole.count == leaves.count, let root = MerkleTree.root(ofTile: &whole) else { return }
            tree.append(tile: root)
        } else {
            for leaf in leaves {
                guard let leaf else { return }
                tree.append(leaf)
            }
        }
        matchesCheckpoint = tree.root == checkpoint.root
    }
}
