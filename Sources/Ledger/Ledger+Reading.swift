internal import LevelDB

extension Ledger {
    /// The record with that sequence, or nil when there is none. Blocks on the disk.
    public func record(at sequence: UInt64) throws(LedgerError) -> [UInt8]? {
        try store().record(at: sequence)
    }

    /// Calls `body` with each committed record from `from` through `through`, in order, until it returns false.
    ///
    /// Blocks on the calling thread. Checksums are verified and a gap is an error, so what is not there is never
    /// passed over. The bytes are valid only during the call. While `body` runs the store is not held, so a slow one
    /// hinders nobody. Throws `LedgerError`, or what `body` throws.
    public func scan(
        from: UInt64,
        through: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let last = min(through, head)
        var next = max(from, 1)
        var chunk = ScanChunk()
        var limit = 64
        while next <= last {
            chunk.removeAll()
            try fill(&chunk, from: next, through: last, limit: limit)
            guard try chunk.forEach(from: next, body) else { return }
            next += UInt64(chunk.count)
            // Short scans read little, long ones make few iterators.
            limit = min(limit * 4, 8_192)
        }
    }

    /// The same as ``scan(from:through:_:)`` on the store's own bytes, without a copy, for a `body` that takes no longer than
    /// reading does: the store's files stay until the end.
    public func scanInPlace(
        from: UInt64,
        through: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let last = min(through, head)
        var next = max(from, 1)
        guard next <= last else { return }
        let store = try store()
        var failure: (any Error)?
        var isWanted = true
        try store.translated { () throws(LevelDBError) in
            var iterator = try store.database.iterator()
            iterator.seek(to: Keys.record(next))
            while isWanted, iterator.isValid, next <= last {
                let isNext = iterator.withEntry { key, value in
                    guard key.count == Keys.recordLength else { return true }
                    guard Keys.sequence(key) == next else { return false }
                    do { isWanted = try body(next, value) } catch {
                        failure = error
                        isWanted = false
                    }
                    next += 1
                    return true
                }
                guard isNext else { break }
                iterator.next()
            }
            try iterator.check()
        }
        if let failure { throw failure }
        guard isWanted, next <= last else { return }
        throw missing(next, through: last, store)
    }

    private func missing(_ sequence: UInt64, through: UInt64, _ store: Store) -> LedgerError {
        LedgerError(
            .damaged,
            "record \(sequence) is missing in the ledger in \(store.directory) although \(through) is committed; "
                + "restore a backup",
            missing: sequence...sequence
        )
    }

    private func fill(_ chunk: inout ScanChunk, from: UInt64, through: UInt64, limit: Int) throws(LedgerError) {
        let store = try store()
        var next = from
        try store.translated { () throws(LevelDBError) in
            var iterator = try store.database.iterator()
            iterator.seek(to: Keys.record(next))
            while iterator.isValid, next <= through, chunk.count < limit, chunk.byteCount < ScanChunk.byteLimit {
                let isNext = iterator.withEntry { key, value in
                    guard key.count == Keys.recordLength else { return true }
                    guard Keys.sequence(key) == next else { return false }
                    chunk.append(value)
                    next += 1
                    return true
                }
                guard isNext else { break }
                iterator.next()
            }
            try iterator.check()
        }
        guard chunk.count > 0 else { throw missing(from, through: through, store) }
    }
}

/// Records copied out of the store, so that no iterator is open while a caller looks at them.
private struct ScanChunk {
    static let byteLimit = 1 << 20

    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    var count: Int { ends.count }
    var byteCount: Int { bytes.count }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    mutating func append(_ record: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: record)
        ends.append(bytes.count)
    }

    /// False when `body` returned false.
    func forEach(from: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool) throws -> Bool {
        try bytes.withUnsafeBytes { bytes in
            var start = 0
            var sequence = from
            for end in ends {
                guard try body(sequence, UnsafeRawBufferPointer(rebasing: bytes[start..<end])) else { return false }
                start = end
                sequence += 1
            }
            return true
        }
    }
}
