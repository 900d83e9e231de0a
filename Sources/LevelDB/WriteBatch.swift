internal import CLevelDB

/// Changes that are stored together or not at all.
public struct WriteBatch: ~Copyable {
    let pointer: OpaquePointer
    private(set) var isIncomplete = false

    /// An empty batch; throws `outOfMemory`.
    public init() throws(LevelDBError) {
        guard let pointer = cleveldb_batch_create() else { throw LevelDBError.outOfMemory("a new batch") }
        self.pointer = pointer
    }

    deinit { cleveldb_batch_destroy(pointer) }

    /// The bytes the batch would take in the log.
    public var byteCount: Int { cleveldb_batch_size(pointer) }

    /// Stores `value` under `key`; both are copied.
    public mutating func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let failed = cleveldb_batch_put(pointer, key.baseAddress, key.count, value.baseAddress, value.count)
        if failed != 0 { isIncomplete = true }
    }

    /// Stores `value` under `key`.
    public mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        key.withUnsafeBytes { key in value.withUnsafeBytes { put(key, $0) } }
    }

    /// Removes `key`, if it is there.
    public mutating func delete(_ key: [UInt8]) {
        let failed = key.withUnsafeBytes { cleveldb_batch_delete(pointer, $0.baseAddress, $0.count) }
        if failed != 0 { isIncomplete = true }
    }

    /// Empties the batch and keeps its memory.
    public mutating func removeAll() {
        cleveldb_batch_clear(pointer)
        isIncomplete = false
    }
}
