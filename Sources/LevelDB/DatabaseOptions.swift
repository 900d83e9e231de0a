/// How a database is opened. The defaults suit a log of records of some hundred bytes under increasing keys.
public struct DatabaseOptions: Sendable {
    /// Bytes held in memory before a table file is written; also the size at which the log file is changed.
    public var writeBufferSize = 16 << 20
    /// Largest table file, in bytes.
    public var maxFileSize = 32 << 20
    /// Bytes of uncompressed blocks kept for point reads.
    public var cacheSize = 8 << 20
    /// Table files kept open, from 74 on, of which LevelDB takes ten for itself.
    public var maxOpenFiles = 74
    /// Bits per key of a Bloom filter, 0 for none. Only helps lookups of keys that are absent.
    public var bloomBitsPerKey = 0
    /// Creates the database when there is none; the directory above it must exist.
    public var createIfMissing = true
    /// Refuses to open when any damage is found, instead of dropping what cannot be read.
    public var paranoidChecks = true
    /// Compresses tables with Snappy.
    public var compresses = true
    /// Makes the file layer fail on command, for tests.
    package var faults: FaultInjector?

    /// The defaults.
    public init() {}
}
