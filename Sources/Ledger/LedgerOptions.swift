package import LevelDB

/// How a ledger is opened.
public struct LedgerOptions: Sendable {
    /// The data directory. It holds `ledger/`, `checkpoint`, `node.key`, `inflight` and `ballast`; created (0700) when missing.
    public var directory: String
    /// Used at creation: the origin is this name and 16 random hexadecimal digits. Letters, digits, `.`, `_`, `-`.
    public var name: String
    /// Records that may wait for a commit; beyond that `append` returns false.
    public var queueLimit: Int
    /// In-flight slots per lane.
    public var slotsPerLane: Int
    /// Lanes of the in-flight table, one per event loop.
    public var lanes: Int
    /// Bytes per in-flight slot, `InFlightTable.headerBytes` of them for its own use.
    public var slotBytes: Int
    /// An in-flight record older than this becomes a record of its own in the ledger.
    public var startedDelayMilliseconds: Int
    /// Opens although history is missing or does not fit the checkpoint; see `Ledger.acceptedLoss`.
    public var acceptLoss: Bool
    /// Time between two checkpoints while records arrive.
    public var checkpointIntervalMilliseconds: Int
    /// Only reads: no checkpoint is written, the in-flight table is left alone, nothing can be appended.
    public var readOnlyIntent: Bool
    /// Waiting time before a batch is taken while others already wait, in microseconds; 0 commits at once.
    ///
    /// A longer window makes bigger batches and fewer syncs, at the price of latency.
    public var gatherMicroseconds: Int
    /// A file outside the data directory that every checkpoint is appended to as well; nil for none.
    ///
    /// At the start its last checkpoint is compared too, so that a data directory that was put back as a whole is found.
    public var checkpointCopy: String?
    /// Below so many free bytes on its file system the ledger takes no new work; 0 for no such guard.
    ///
    /// Beside it up to 32 MiB are held by a file `ballast`, which is deleted when the disk is full nevertheless.
    public var minFreeBytes: UInt64
    /// Hears what an operator should know; called on threads of the ledger, and must return quickly.
    public var notify: (@Sendable (LedgerNotice) -> Void)?
    /// The bytes that are free where a path is, nil when that cannot be told; another one for tests.
    package var freeSpace: @Sendable (String) -> UInt64? = { SpaceGuard.free(at: $0) }
    /// Makes the store fail on command, for tests.
    package var databaseOptions = DatabaseOptions()

    /// Options for `directory`, with the defaults for everything else.
    public init(
        directory: String,
        name: String = "tollgate",
        queueLimit: Int = 65_536,
        slotsPerLane: Int = 8_192,
        lanes: Int = 1,
        slotBytes: Int = 512,
        startedDelayMilliseconds: Int = 100,
        acceptLoss: Bool = false,
        checkpointIntervalMilliseconds: Int = 1_000,
        readOnlyIntent: Bool = false,
        gatherMicroseconds: Int = 0,
        checkpointCopy: String? = nil,
        minFreeBytes: UInt64 = 0,
        notify: (@Sendable (LedgerNotice) -> Void)? = nil
    ) {
        self.directory = directory
        self.name = name
        self.queueLimit = queueLimit
        self.slotsPerLane = slotsPerLane
        self.lanes = lanes
        self.slotBytes = slotBytes
        self.startedDelayMilliseconds = startedDelayMilliseconds
        self.acceptLoss = acceptLoss
        self.checkpointIntervalMilliseconds = checkpointIntervalMilliseconds
        self.readOnlyIntent = readOnlyIntent
        self.gatherMicroseconds = gatherMicroseconds
        self.checkpointCopy = checkpointCopy
        self.minFreeBytes = min(minFreeBytes, 1 << 60)
        self.notify = notify
    }
}
