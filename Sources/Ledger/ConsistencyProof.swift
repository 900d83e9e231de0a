/// The hashes that show that a tree begins with all leaves of an earlier one: RFC 6962, section 2.1.2.
public struct ConsistencyProof: Equatable, Sendable {
    /// The number of leaves in the earlier tree.
    public var from: UInt64
    /// The number of leaves in the later tree.
    public var to: UInt64
    /// The hashes, in the RFC's order; none when one of the trees says all, at most 65.
    public var path: [Digest]

    /// A proof as somebody gave it; nothing is checked before `proves`.
    public init(from: UInt64, to: UInt64, path: [Digest]) {
        self.from = from
        self.to = to
        self.path = path
    }

    /// Makes the proof; nil when the later tree is the smaller one.
    ///
    /// `subtree` gives the Merkle tree hash of a range of leaves, as it does for `InclusionProof`.
    public init?<Failure: Error>(
        from: UInt64,
        to: UInt64,
        subtree: (Range<UInt64>) throws(Failure) -> Digest
    ) throws(Failure) {
        guard from <= to else { return nil }
        guard from > 0, from < to else {
            self.init(from: from, to: to, path: [])
            return
        }
        var ranges: [Range<UInt64>] = []
        var begin: UInt64 = 0
        var end = to
        // Down to the subtree that ends with the earlier tree's last leaf.
        while end > from {
            let middle = begin + splitPoint(end - begin)
            if from <= middle {
                ranges.append(middle..<end)
                end = middle
            } else {
                ranges.append(begin..<middle)
                begin = middle
            }
        }
        // A subtree that is the whole earlier tree is known from its root.
        if begin > 0 { ranges.append(begin..<end) }
        var path: [Digest] = []
        path.reserveCapacity(ranges.count)
        for range in ranges.reversed() { path.append(try subtree(range)) }
        self.init(from: from, to: to, path: path)
    }

    /// Whether the tree of `to` leaves with the root `newRoot` begins with the one of `from` leaves with `oldRoot`.
    ///
    /// RFC 9162, section 2.1.4.2. The empty tree is the beginning of every tree.
    public func proves(oldRoot: Digest, newRoot: Digest) -> Bool {
        guard from > 0, from < to else {
            guard path.isEmpty else { return false }
            return from == to ? oldRoot == newRoot : from == 0 && oldRoot == Digest.empty
        }
        var hashes = path[...]
        var position = from - 1
        var last = to - 1
        let skipped = UInt64((~position).trailingZeroBitCount)
        position >>= skipped
        last >>= skipped
        // A power of two: the earlier tree is a subtree of the later one, and the path begins beside it.
        guard let first = position == 0 ? oldRoot : hashes.popFirst() else { return false }
        var old = first
        var new = first
        for hash in hashes {
            guard last > 0 else { return false }
            if position & 1 == 1 || position == last {
                old = Digest.node(hash, old)
                new = Digest.node(hash, new)
                if position & 1 == 0 {
                    let skipped = UInt64(position.trailingZeroBitCount)
                    position >>= skipped
                    last >>= skipped
                }
            } else {
                new = Digest.node(new, hash)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && old == oldRoot && new == newRoot
    }
}
