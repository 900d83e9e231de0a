internal import CLevelDB

/// A position in a consistent view of a database, in the order of the keys' bytes.
///
/// It keeps the database's files open. One thread at a time. When `isValid` turns false, call `check`: a damaged
/// block ends an iteration just as the end of the data does.
public struct Iterator: ~Copyable {
    private let pointer: OpaquePointer
    private let handle: Handle

    init(_ handle: Handle, snapshot: OpaquePointer?, fillsCache: Bool) throws(LevelDBError) {
        guard let pointer = cleveldb_iterator_create(handle.pointer, snapshot, fillsCache ? 1 : 0) else {
            throw LevelDBError.outOfMemory(handle.path)
        }
        self.pointer = pointer
        self.handle = handle
    }

    deinit { cleveldb_iterator_destroy(pointer) }

    /// Whether the iterator stands on an entry.
    public var isValid: Bool { cleveldb_iterator_valid(pointer) != 0 }

    /// Moves to the first entry at or after `key`.
    public mutating func seek(to key: UnsafeRawBufferPointer) {
        cleveldb_iterator_seek(pointer, key.baseAddress, key.count)
    }

    /// Moves to the first entry at or after `key`.
    public mutating func seek(to key: [UInt8]) { key.withUnsafeBytes { seek(to: $0) } }

    /// Moves to the first entry.
    public mutating func seekToFirst() { cleveldb_iterator_seek_first(pointer) }

    /// Moves to the last entry.
    public mutating func seekToLast() { cleveldb_iterator_seek_last(pointer) }

    /// Moves on; does nothing when the iterator is not valid.
    public mutating func next() {
        if isValid { cleveldb_iterator_next(pointer) }
    }

    /// Moves back; does nothing when the iterator is not valid.
    public mutating func previous() {
        if isValid { cleveldb_iterator_previous(pointer) }
    }

    /// Calls `body` with the key and the value, or with two empty buffers when the iterator is not valid.
    ///
    /// The bytes stay in place until the iterator moves and must not be kept beyond `body`.
    public func withEntry<Result, Failure: Error>(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard isValid else {
            return try body(UnsafeRawBufferPointer(start: nil, count: 0), UnsafeRawBufferPointer(start: nil, count: 0))
        }
        let key = cleveldb_iterator_key(pointer)
        let value = cleveldb_iterator_value(pointer)
        return try body(
            UnsafeRawBufferPointer(start: key.data, count: key.size),
            UnsafeRawBufferPointer(start: value.data, count: value.size)
        )
    }

    /// Throws what was wrong with the data passed over so far, `corruption` above all.
    public func check() throws(LevelDBError) {
        try LevelDBError.check(cleveldb_iterator_status(pointer), handle.path)
    }
}

/// A view of a database that later writes do not change; it keeps the database's files open.
public struct Snapshot: ~Copyable {
    let pointer: OpaquePointer
    let handle: Handle

    init(_ handle: Handle) throws(LevelDBError) {
        guard let pointer = cleveldb_snapshot_create(handle.pointer) else {
            throw LevelDBError.outOfMemory(handle.path)
        }
        self.pointer = pointer
        self.handle = handle
    }

    deinit { cleveldb_snapshot_destroy(pointer) }
}
