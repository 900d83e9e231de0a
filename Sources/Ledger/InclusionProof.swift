/// The hashes that tie one leaf to the root of a tree: the audit path of RFC 6962, section 2.1.1.
public struct InclusionProof: Equatable, Sendable {
    /// The leaf's index, counted from 0: the sequence less 1.
    public var index: UInt64
    /// The number of leaves in the tree.
    public var size: UInt64
    /// The hash beside the path at each level, from the leaf upwards; at most 64.
    public var path: [Digest]

    /// A proof as somebody gave it; nothing is checked before `root(leaf:)`.
    public init(index: UInt64, size: UInt64, path: [Digest]) {
        self.index = index
        self.size = size
        self.path = path
    }

    /// Makes the proof; nil when the tree has no leaf with that index.
    ///
    /// `subtree` gives the Merkle tree hash of a range of leaves: a perfect subtree, or what there is of one at the
    /// right edge of the tree. It is called once for each hash of the path, and what it throws is thrown on.
    public init?<Failure: Error>(
        index: UInt64,
        size: UInt64,
        subtree: (Range<UInt64>) throws(Failure) -> Digest
    ) throws(Failure) {
        guard index < size else { return nil }
        var siblings: [Range<UInt64>] = []
        var begin: UInt64 = 0
        var end = size
        while end - begin > 1 {
            let middle = begin + splitPoint(end - begin)
            if index < middle {
                siblings.append(middle..<end)
                end = middle
            } else {
                siblings.append(begin..<middle)
                begin = middle
            }
        }
        var path: [Digest] = []
        path.reserveCapacity(siblings.count)
        for sibling in siblings.reversed() { path.append(try subtree(sibling)) }
        self.init(index: index, size: size, path: path)
    }

    /// The root that follows from the leaf's hash (RFC 9162, section 2.1.3.2); nil when the path does not fit the tree.
    public func root(leaf: Digest) -> Digest? {
        guard index < size else { return nil }
        var position = index
        var last = size - 1
        var root = leaf
        for hash in path {
            guard last > 0 else { return nil }
            if position & 1 == 1 || position == last {
                root = Digest.node(hash, root)
                // At the right edge there are levels without a sibling.
                if position & 1 == 0 {
                    let skipped = UInt64(position.trailingZeroBitCount)
                    position >>= skipped
                    last >>= skipped
                }
            } else {
                root = Digest.node(root, hash)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 ? root : nil
    }

    /// Whether the tree with that root has the leaf in that place.
    public func proves(leaf: Digest, root: Digest) -> Bool { self.root(leaf: leaf) == root }
}

/// The largest power of two below `count`, which is at least 2: where RFC 6962 splits a tree.
func splitPoint(_ count: UInt64) -> UInt64 { 1 << UInt64(63 - (count - 1).leadingZeroBitCount) }
