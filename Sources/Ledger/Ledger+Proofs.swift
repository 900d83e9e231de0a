internal import LevelDB

extension Ledger {
    /// The hashes that stand for the records `from` through `through` in the tree; indices are sequences less 1.
    ///
    /// Reads some stored hashes and at most 510 records, however long the range is. With `through` below `from` it is
    /// the empty range before `from`. Throws when a record of the range is not committed. Blocks on the disk.
    public func compactRange(from: UInt64, through: UInt64) throws(LedgerError) -> CompactRange {
        let begin = max(from, 1) - 1
        let end = max(through, begin)
        try check(size: end)
        return try store().compactRange(begin: begin, end: end)
    }

    /// Proves that the tree of the first `size` records has the record with that sequence. Blocks on the disk.
    public func inclusionProof(of sequence: UInt64, size: UInt64) throws(LedgerError) -> InclusionProof {
        try check(size: size)
        let store = try store()
        let proof = try InclusionProof(index: sequence &- 1, size: size) { range throws(LedgerError) in
            try store.hash(of: range)
        }
        guard let proof else {
            throw LedgerError(.notFound, "there is no record \(sequence) in the tree of the first \(size) records")
        }
        return proof
    }

    /// Proves that the tree of `to` records begins with the one of `from` records. Blocks on the disk.
    public func consistencyProof(from: UInt64, to: UInt64) throws(LedgerError) -> ConsistencyProof {
        try check(size: to)
        let store = try store()
        let proof = try ConsistencyProof(from: from, to: to) { range throws(LedgerError) in
            try store.hash(of: range)
        }
        guard let proof else {
            throw LedgerError(.notFound, "a tree of \(to) records does not begin with one of \(from)")
        }
        return proof
    }

    /// The tree as it was when it had `size` records. Blocks on the disk.
    public func treeHead(size: UInt64) throws(LedgerError) -> TreeHead {
        TreeHead(size: size, root: try root(size: size).bytes)
    }

    /// A signed checkpoint of the tree of the first `size` records: the text of a C2SP signed note. Blocks on the disk.
    ///
    /// Signing an earlier size again is harmless: it states nothing but what any later checkpoint does. Where the stored
    /// hashes were changed it would state something else, so it is proved first that the tree of now begins with it.
    public func checkpoint(size: UInt64) throws(LedgerError) -> String {
        let root = try root(size: size)
        let note = try Checkpoint(origin: origin, size: size, root: root).note(signedBy: key)
        return String(decoding: note, as: UTF8.self)
    }

    /// The root of the tree of the first `size` records, which the ledger's newest tree begins with.
    private func root(size: UInt64) throws(LedgerError) -> Digest {
        try check(size: size)
        let now = treeHead()
        let store = try store()
        let root = try store.tree(size: size).root
        guard size > 0, size < now.size, let newest = Digest(now.root) else { return root }
        let proof = try ConsistencyProof(from: size, to: now.size) { range throws(LedgerError) in
            try store.hash(of: range)
        }
        guard proof?.proves(oldRoot: root, newRoot: newest) == true else {
            throw LedgerError(
                .historyChanged,
                "the stored hashes of the first \(size) records do not lead to the tree of all \(now.size): the ledger in "
                    + "\(directory) was changed; `tollgate verify` says where",
                missing: 1...size
            )
        }
        return root
    }

    private func check(size: UInt64) throws(LedgerError) {
        let head = head
        guard size <= head else {
            throw LedgerError(.notFound, "the ledger ends at \(head); there is no record \(size) yet")
        }
    }
}

extension Store {
    /// The Merkle tree hash of a perfect subtree, or of what there is of one at the right edge of a tree.
    func hash(of range: Range<UInt64>) throws(LedgerError) -> Digest {
        let covering = try compactRange(begin: range.lowerBound, end: range.upperBound)
        guard let root = covering.root else {
            throw LedgerError(.notFound, "records \(range.lowerBound + 1) to \(range.upperBound) are no subtree")
        }
        return root
    }

    func compactRange(begin: UInt64, end: UInt64) throws(LedgerError) -> CompactRange {
        var range = CompactRange(begin: begin)
        for subtree in CompactRange.subtrees(begin: begin, end: end) {
            if subtree.level >= MerkleTree.tileLevel {
                range.append(try root(of: subtree), level: subtree.level)
            } else {
                try forEachLeaf(subtree) { range.append(leaf: $0) }
            }
        }
        return range
    }

    private func root(of subtree: CompactRange.Subtree) throws(LedgerError) -> Digest {
        let key = Keys.tile(subtree.end)
        let row = try translated { () throws(LevelDBError) in try database.value(forKey: key) }
        let finished = row?.withUnsafeBytes { TileRow(size: subtree.end, bytes: $0) }?.finished ?? []
        guard subtree.level - MerkleTree.tileLevel < finished.count else {
            throw LedgerError(
                .damaged,
                "the ledger in \(directory) has no valid tree row at \(subtree.end); restore a backup"
            )
        }
        return finished[subtree.level - MerkleTree.tileLevel]
    }

    private func forEachLeaf(_ subtree: CompactRange.Subtree, _ body: (Digest) -> Void) throws(LedgerError) {
        var next = subtree.begin + 1
        try translated { () throws(LevelDBError) in
            var iterator = try database.iterator()
            iterator.seek(to: Keys.record(next))
            while iterator.isValid, next <= subtree.end {
                let isNext = iterator.withEntry { key, value in
                    guard key.count == Keys.recordLength else { return true }
                    guard Keys.sequence(key) == next else { return false }
                    body(Digest.leaf(value))
                    next += 1
                    return true
                }
                guard isNext else { break }
                iterator.next()
            }
            try iterator.check()
        }
        guard next > subtree.end else {
            throw LedgerError(
                .damaged,
                "record \(next) is missing in the ledger in \(directory); restore a backup",
                missing: next...next
            )
        }
    }
}
