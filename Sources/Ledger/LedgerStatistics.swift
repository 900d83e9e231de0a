/// How the ledger is doing, as of the last batch.
public struct LedgerStatistics: Equatable, Sendable {
    /// Upper bounds of `commitBuckets`, in seconds; the last bucket has none.
    public static let commitBounds: [Double] = [
        0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    ]

    /// The last committed sequence.
    public var head: UInt64 = 0
    /// Records that wait for the next batch.
    public var queueDepth = 0
    /// The most records that may wait.
    public var queueLimit = 0
    /// Records committed since the ledger was opened.
    public var recordsAppended: UInt64 = 0
    /// Bytes of those records.
    public var bytesAppended: UInt64 = 0
    /// Batches committed since the ledger was opened.
    public var batches: UInt64 = 0
    /// Batches by the time their synced write took; not cumulative, one more than `commitBounds`.
    public var commitBuckets = [UInt64](repeating: 0, count: commitBounds.count + 1)
    /// Seconds all synced writes took together.
    public var commitSecondsTotal: Double = 0
    /// Seconds the last synced write took.
    public var lastCommitSeconds: Double = 0
    /// Records in the last batch.
    public var lastBatchRecords = 0
    /// Writes or syncs that failed since the ledger was opened.
    public var writeErrors: UInt64 = 0
    /// Checkpoints that could not be written since the ledger was opened.
    public var checkpointErrors: UInt64 = 0
    /// The size the newest checkpoint covers.
    public var checkpointSize: UInt64 = 0
    /// Seconds since the newest checkpoint covered everything, 0 while it does.
    public var checkpointAgeSeconds: Double = 0
    /// In-flight slots that are claimed.
    public var inFlight = 0
    /// Whether records are taken.
    public var isWritable = true
    /// Bytes free on the file system at the last look, some fractions of a second ago; nil without a guard.
    public var freeBytes: UInt64?
    /// Whether no new work is taken because the disk is nearly full.
    public var isShortOfSpace = false
    /// What the last write error said, empty when none.
    public var lastError = ""

    mutating func count(records: Int, bytes: Int, seconds: Double) {
        recordsAppended &+= UInt64(records)
        bytesAppended &+= UInt64(bytes)
        batches &+= 1
        commitSecondsTotal += seconds
        lastCommitSeconds = seconds
        lastBatchRecords = records
        let bucket = LedgerStatistics.commitBounds.firstIndex { seconds <= $0 } ?? commitBuckets.count - 1
        commitBuckets[bucket] &+= 1
    }
}
