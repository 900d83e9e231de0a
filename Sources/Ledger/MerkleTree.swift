/// The size and root of the Merkle tree over all records, RFC 6962.
public struct TreeHead: Equatable, Sendable {
    /// Number of records.
    public var size: UInt64
    /// Root hash, 32 bytes.
    public var root: [UInt8]

    /// A head of given size and root.
    public init(size: UInt64, root: [UInt8]) {
        self.size = size
        self.root = root
    }
}

/// The append-only state of an RFC 6962 tree: the roots of its perfect subtrees, the biggest first.
struct MerkleTree: Sendable {
    /// Leaves in a tile. Only at tile boundaries is anything of the tree stored.
    static let tileSize: UInt64 = 256
    static let tileLevel = 8

    private(set) var size: UInt64 = 0
    private(set) var frontier: [Digest] = []
    /// After an append that filled a tile: the roots of the perfect subtrees that end here, from the tile's upwards.
    private(set) var finished: [Digest] = []

    init() {
        frontier.reserveCapacity(64)
    }

    /// The state at `size`; nil when the number of roots does not fit the size.
    init?(size: UInt64, frontier: [Digest]) {
        guard frontier.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.frontier = frontier
    }

    /// Adds a leaf and returns whether it filled a tile.
    @discardableResult
    mutating func append(_ leaf: Digest) -> Bool {
        var node = leaf
        var rest = size
        var level = 0
        let fillsTile = size % MerkleTree.tileSize == MerkleTree.tileSize - 1
        if fillsTile { finished.removeAll(keepingCapacity: true) }
        while rest & 1 == 1, let left = frontier.popLast() {
            node = Digest.node(left, node)
            rest >>= 1
            level += 1
            if level >= MerkleTree.tileLevel { finished.append(node) }
        }
        frontier.append(node)
        size &+= 1
        return fillsTile
    }

    var root: Digest {
        guard var root = frontier.last else { return Digest.empty }
        for left in frontier.dropLast().reversed() { root = Digest.node(left, root) }
        return root
    }

    var head: TreeHead { TreeHead(size: size, root: root.bytes) }

    /// What is stored when a tile is full: the count of `finished`, those roots, then the rest of the frontier.
    ///
    /// Every perfect subtree of at least a tile is stored once, where it ends, so that a proof needs one lookup per
    /// level; and the frontier is whole, so that opening needs no more than the last 255 records.
    var tileRow: [UInt8] {
        var row: [UInt8] = [UInt8(truncatingIfNeeded: finished.count)]
        row.reserveCapacity(1 + (finished.count + frontier.count) * Digest.byteCount)
        for digest in finished { digest.withBytes { row.append(contentsOf: $0) } }
        for digest in frontier.dropLast() { digest.withBytes { row.append(contentsOf: $0) } }
        return row
    }

    /// Reads a tile row back; nil when it does not fit `size`.
    init?(size: UInt64, tileRow row: UnsafeRawBufferPointer) {
        guard let count = row.first, count > 0, (row.count - 1) % Digest.byteCount == 0 else { return nil }
        let digests = (0..<(row.count - 1) / Digest.byteCount).compactMap { index in
            let start = 1 + index * Digest.byteCount
            return Digest(UnsafeRawBufferPointer(rebasing: row[start..<start + Digest.byteCount]))
        }
        guard digests.count >= Int(count) else { return nil }
        self.init(size: size, frontier: Array(digests[Int(count)...]) + [digests[Int(count) - 1]])
    }

    /// The root of the perfect subtree of 2^level records that ends where the tile row stands; nil when it has none.
    static func root(level: Int, tileRow row: UnsafeRawBufferPointer) -> Digest? {
        let position = level - tileLevel
        guard let count = row.first, (0..<Int(count)).contains(position) else { return nil }
        let start = 1 + position * Digest.byteCount
        guard row.count >= start + Digest.byteCount else { return nil }
        return Digest(UnsafeRawBufferPointer(rebasing: row[start..<start + Digest.byteCount]))
    }
}
