/// What is stored of the tree where a tile of 256 records is full.
///
/// A count and as many roots: those of the perfect subtrees that end here, from the tile's upwards; so every subtree of
/// at least a tile is stored once, and a proof needs one lookup per level. Then the rest of the frontier, so that opening
/// reads no more than the last 255 records. Then the first four bytes of each leaf's hash: they prove nothing, but find
/// the one record that makes a tile's root wrong. Rows without them, from before they were stored, are read as well.
struct TileRow {
    static let prefixBytes = 4
    private static let prefixesLength = Int(MerkleTree.tileSize) * prefixBytes

    /// The roots of the subtrees that end here, from the tile's upwards; at least one.
    let finished: [Digest]
    /// The frontier but for its last, which is the last of `finished`.
    let rest: [Digest]
    private let prefixes: [UInt8]

    /// Reads a row; nil when it does not fit `size`.
    init?(size: UInt64, bytes: UnsafeRawBufferPointer) {
        guard size > 0, size % MerkleTree.tileSize == 0, let count = bytes.first.map(Int.init), count > 0 else {
            return nil
        }
        let digests = count + size.nonzeroBitCount - 1
        let end = 1 + digests * Digest.byteCount
        guard bytes.count == end || bytes.count == end + TileRow.prefixesLength else { return nil }
        let read = (0..<digests).compactMap { index in
            let start = 1 + index * Digest.byteCount
            return Digest(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Digest.byteCount]))
        }
        finished = Array(read[..<count])
        rest = Array(read[count...])
        prefixes = [UInt8](bytes[end...])
    }

    init(finished: [Digest], rest: [Digest], prefixes: [UInt8]) {
        self.finished = finished
        self.rest = rest
        self.prefixes = prefixes
    }

    var bytes: [UInt8] {
        var row: [UInt8] = [UInt8(truncatingIfNeeded: finished.count)]
        row.reserveCapacity(1 + (finished.count + rest.count) * Digest.byteCount + prefixes.count)
        for digest in finished { digest.withBytes { row.append(contentsOf: $0) } }
        for digest in rest { digest.withBytes { row.append(contentsOf: $0) } }
        row += prefixes
        return row
    }

    /// Whether the roots are the same.
    func agrees(with other: TileRow) -> Bool { finished == other.finished && rest == other.rest }

    /// The position of the first leaf that is not the one that was stored; nil when none differs or the row is an old one.
    func firstDifference(_ leaves: [Digest]) -> Int? {
        guard prefixes.count == TileRow.prefixesLength, leaves.count == Int(MerkleTree.tileSize) else { return nil }
        return prefixes.withUnsafeBytes { prefixes in
            leaves.indices.first { index in
                let stored = prefixes.loadUnaligned(fromByteOffset: index * TileRow.prefixBytes, as: UInt32.self)
                return leaves[index].withBytes { $0.loadUnaligned(as: UInt32.self) } != stored
            }
        }
    }
}
