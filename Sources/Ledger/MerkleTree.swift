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
    private var finished: [Digest] = []
    /// The first bytes of the hashes of the leaves in the newest tile.
    private var prefixes: [UInt8] = []

    init() {
        frontier.reserveCapacity(64)
    }

    /// Reads a tile row back; nil when it does not fit `size`.
    init?(size: UInt64, tileRow bytes: UnsafeRawBufferPointer) {
        guard let row = TileRow(size: size, bytes: bytes), let last = row.finished.last else { return nil }
        self.size = size
        self.frontier = row.rest + [last]
    }

    /// Adds a leaf and returns whether it filled a tile.
    @discardableResult
    mutating func append(_ leaf: Digest) -> Bool {
        let position = size % MerkleTree.tileSize
        if position == 0 { prefixes.removeAll(keepingCapacity: true) }
        leaf.withBytes { prefixes.append(contentsOf: $0.prefix(TileRow.prefixBytes)) }
        let fillsTile = position == MerkleTree.tileSize - 1
        if fillsTile { finished.removeAll(keepingCapacity: true) }
        add(leaf, level: 0)
        return fillsTile
    }

    /// Adds a whole tile by its root, where one begins.
    mutating func append(tile root: Digest) {
        prefixes.removeAll(keepingCapacity: true)
        finished.removeAll(keepingCapacity: true)
        add(root, level: MerkleTree.tileLevel)
    }

    @inline(__always)
    private mutating func add(_ root: Digest, level: Int) {
        var node = root
        var rest = size >> UInt64(level)
        var height = level
        if height >= MerkleTree.tileLevel { finished.append(node) }
        while rest & 1 == 1, let left = frontier.popLast() {
            node = Digest.node(left, node)
            rest >>= 1
            height += 1
            if height >= MerkleTree.tileLevel { finished.append(node) }
        }
        frontier.append(node)
        size &+= 1 << UInt64(level)
    }

    var root: Digest {
        guard var root = frontier.last else { return Digest.empty }
        for left in frontier.dropLast().reversed() { root = Digest.node(left, root) }
        return root
    }

    var head: TreeHead { TreeHead(size: size, root: root.bytes) }

    /// What is stored when a tile is full.
    var tileRow: TileRow { TileRow(finished: finished, rest: Array(frontier.dropLast()), prefixes: prefixes) }

    /// The root of the tile with these leaves, of which there are 256.
    static func root(ofTile leaves: inout [Digest]) -> Digest? {
        guard leaves.count == Int(tileSize) else { return nil }
        return leaves.withUnsafeMutableBufferPointer { leaves in
            var count = leaves.count
            while count > 1 {
                count /= 2
                for index in 0..<count { leaves[index] = Digest.node(leaves[2 * index], leaves[2 * index + 1]) }
            }
            return leaves[0]
        }
    }
}
