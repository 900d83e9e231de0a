internal import CLevelDB
internal import Glibc
internal import Synchronization

/// An open LevelDB database, the only one on its directory.
///
/// Every method may be called from any thread and may block on the disk, so never from an event loop or the
/// cooperative pool. The files close when `close` was called, or the last reference went, and no iterator or
/// snapshot is left.
public final class Database: Sendable {
    /// The directory of the database.
    public let path: String
    private let handle: Mutex<Handle?>

    /// Opens the database in `path`, creating the directory itself (mode 0700) but none above it.
    ///
    /// Throws `locked` when it is open elsewhere, `corruption` when it is damaged, and `permissionDenied`, `readOnly`,
    /// `diskFull`, `tooManyOpenFiles`, `invalidArgument` or `ioError` as the system has it.
    public init(path: String, options: DatabaseOptions = DatabaseOptions()) throws(LevelDBError) {
        if options.createIfMissing, mkdir(path, 0o700) != 0, errno != EEXIST {
            let reason = errno
            throw LevelDBError(
                code: LevelDBError.Code(systemError: reason),
                message: "cannot create the database directory \(path): \(String(cString: strerror(reason)))",
                systemError: reason
            )
        }
        var opened: OpaquePointer?
        let status = cleveldb_open(
            path,
            cleveldb_options(
                write_buffer_size: options.writeBufferSize,
                max_file_size: options.maxFileSize,
                cache_size: options.cacheSize,
                max_open_files: Int32(clamping: options.maxOpenFiles),
                bloom_bits_per_key: Int32(clamping: options.bloomBitsPerKey),
                create_if_missing: options.createIfMissing ? 1 : 0,
                paranoid_checks: options.paranoidChecks ? 1 : 0,
                compress: options.compresses ? 1 : 0,
                faults: options.faults?.pointer
            ),
            &opened
        )
        try LevelDBError.check(status, path)
        guard let opened else { throw LevelDBError.outOfMemory(path) }
        self.path = path
        self.handle = Mutex(Handle(pointer: opened, path: path, faults: options.faults))
    }

    /// Lets go of the files, at once or when the last iterator and running call are done; later calls throw `closed`.
    public func close() {
        let last = handle.withLock { handle in
            let last = handle
            handle = nil
            return last
        }
        _ = consume last
    }

    /// Stores everything in the batch, or nothing.
    ///
    /// With `sync` it returns after the bytes are on the disk. After any error the handle refuses further writes, and
    /// the outcome of this one is unknown until the database was opened again.
    public func write(_ batch: borrowing WriteBatch, sync: Bool = true) throws(LevelDBError) {
        guard !batch.isIncomplete else { throw LevelDBError.outOfMemory(path) }
        let handle = try current()
        try LevelDBError.check(cleveldb_write(handle.pointer, batch.pointer, sync ? 1 : 0), path)
    }

    /// Calls `body` with the value stored under `key`, and returns nil when there is none.
    public func withValue<Result>(
        forKey key: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(LevelDBError) -> Result? {
        let handle = try current()
        var value = cleveldb_slice()
        let status = cleveldb_get(handle.pointer, nil, key.baseAddress, key.count, &value)
        defer { cleveldb_free(value.data) }
        guard status.code != CLEVELDB_NOT_FOUND else {
            cleveldb_free(status.message)
            return nil
        }
        try LevelDBError.check(status, path)
        return body(UnsafeRawBufferPointer(start: value.data, count: value.size))
    }

    /// The value stored under `key`, or nil.
    public func value(forKey key: [UInt8]) throws(LevelDBError) -> [UInt8]? {
        let found: Result<[UInt8]?, LevelDBError> = key.withUnsafeBytes { key in
            do throws(LevelDBError) {
                return .success(try withValue(forKey: key) { [UInt8]($0) })
            } catch {
                return .failure(error)
            }
        }
        return try found.get()
    }

    /// A consistent view of the whole database as of now.
    public func snapshot() throws(LevelDBError) -> Snapshot {
        try Snapshot(try current())
    }

    /// An iterator over the database as of now; checksums of all that is read are verified.
    ///
    /// Leave `fillsCache` off for scans, so that they do not push everything else out of the cache.
    public func iterator(fillsCache: Bool = false) throws(LevelDBError) -> Iterator {
        try Iterator(try current(), snapshot: nil, fillsCache: fillsCache)
    }

    /// An iterator over the database as it was when `snapshot` was taken.
    public func iterator(of snapshot: borrowing Snapshot, fillsCache: Bool = false) throws(LevelDBError) -> Iterator {
        try Iterator(snapshot.handle, snapshot: snapshot.pointer, fillsCache: fillsCache)
    }

    /// A figure LevelDB keeps about itself, for instance `leveldb.stats`; nil when it knows none by that name.
    public func property(_ name: String) throws(LevelDBError) -> String? {
        let handle = try current()
        guard let text = cleveldb_property(handle.pointer, name) else { return nil }
        defer { cleveldb_free(text) }
        return String(cString: text)
    }

    /// The bytes that table files hold for keys from `from` up to `to`, roughly; what is still in memory is not counted.
    public func approximateSize(from: [UInt8], to: [UInt8]) throws(LevelDBError) -> UInt64 {
        let handle = try current()
        return from.withUnsafeBytes { from in
            to.withUnsafeBytes { to in
                cleveldb_approximate_size(handle.pointer, from.baseAddress, from.count, to.baseAddress, to.count)
            }
        }
    }

    /// Writes out what is in memory and merges all table files. Takes long on a big database.
    public func compact() throws(LevelDBError) {
        cleveldb_compact(try current().pointer)
    }

    private func current() throws(LevelDBError) -> Handle {
        guard let handle = handle.withLock({ $0 }) else { throw LevelDBError.closed(path) }
        return handle
    }
}

/// The open files: closed with the last reference, so an iterator can never outlive them.
///
/// LevelDB's own handle is safe to use from any thread, which is what `@unchecked` rests on.
final class Handle: @unchecked Sendable {
    let pointer: OpaquePointer
    let path: String
    private let faults: FaultInjector?

    init(pointer: OpaquePointer, path: String, faults: FaultInjector?) {
        self.pointer = pointer
        self.path = path
        self.faults = faults
    }

    deinit { cleveldb_destroy(pointer) }
}
