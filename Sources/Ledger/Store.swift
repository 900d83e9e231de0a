internal import LevelDB

/// The ledger's LevelDB, read through the ledger's key layout. Any thread; every method may block on the disk.
struct Store: Sendable {
    static let format = "tollgate-ledger 1"

    let database: Database
    let directory: String

    init(directory: String, options: DatabaseOptions) throws(LedgerError) {
        self.directory = directory
        do {
            database = try Database(path: directory + "/ledger", options: options)
        } catch {
            throw LedgerError(error, directory: directory)
        }
    }

    /// Runs a call of the database, giving its error the ledger's face.
    func translated<Result: ~Copyable>(
        _ body: () throws(LevelDBError) -> Result
    ) throws(LedgerError) -> Result {
        do {
            return try body()
        } catch {
            throw LedgerError(error, directory: directory)
        }
    }

    /// The origin, or nil when nothing was ever stored.
    func origin() throws(LedgerError) -> String? {
        guard let bytes = try translated({ () throws(LevelDBError) in try database.value(forKey: Keys.meta) }) else {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 2, lines[0] == Store.format, !lines[1].isEmpty else {
            throw LedgerError(
                .unknownFormat,
                "the ledger in \(directory) has the format \"\(lines[0].prefix(64))\", and this version reads "
                    + "\"\(Store.format)\" only; use the version that wrote it, or a newer one"
            )
        }
        return String(lines[1])
    }

    func create(origin: String) throws(LedgerError) {
        let value = Array("\(Store.format)\n\(origin)\n".utf8)
        try translated { () throws(LevelDBError) in
            var batch = try WriteBatch()
            batch.put(Keys.meta, value)
            try database.write(batch)
        }
    }

    /// The last sequence, 0 when there are no records.
    func lastSequence() throws(LedgerError) -> UInt64 {
        try translated { () throws(LevelDBError) in
            var iterator = try database.iterator()
            iterator.seek(to: Keys.afterRecords)
            if iterator.isValid { iterator.previous() } else { iterator.seekToLast() }
            try iterator.check()
            return iterator.withEntry { key, _ in Keys.sequence(key) ?? 0 }
        }
    }

    func record(at sequence: UInt64) throws(LedgerError) -> [UInt8]? {
        try translated { () throws(LevelDBError) in try database.value(forKey: Keys.record(sequence)) }
    }

    /// The tree over the first `size` records: from the last tile row and at most 255 records behind it.
    func tree(size: UInt64) throws(LedgerError) -> MerkleTree {
        let base = size - size % MerkleTree.tileSize
        var tree = MerkleTree()
        if base > 0 {
            let key = Keys.tile(base)
            let row = try translated { () throws(LevelDBError) in try database.value(forKey: key) }
            guard let loaded = row?.withUnsafeBytes({ MerkleTree(size: base, tileRow: $0) }) else {
                throw LedgerError(
                    .damaged,
                    "the ledger in \(directory) has no valid tree row at \(base); restore a backup"
                )
            }
            tree = loaded
        }
        var next = base + 1
        let limit = size
        guard next <= limit else { return tree }
        let outcome: MerkleTree? = try translated { () throws(LevelDBError) in
            var iterator = try database.iterator()
            iterator.seek(to: Keys.record(next))
            while iterator.isValid, next <= limit {
                let fits = iterator.withEntry { key, value in
                    guard key.count == Keys.recordLength else { return true }
                    guard Keys.sequence(key) == next else { return false }
                    tree.append(Digest.leaf(value))
                    next += 1
                    return true
                }
                guard fits else { return nil }
                iterator.next()
            }
            try iterator.check()
            return next > limit ? tree : nil
        }
        guard let outcome else {
            throw LedgerError(.damaged, "the ledger in \(directory) lacks record \(next)", missing: next...next)
        }
        return outcome
    }
}
