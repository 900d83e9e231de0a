public import Ledger

extension Ledger: RecordSource {
    /// A copy of one record; nil when there is none.
    public func readRecord(at sequence: UInt64) throws -> [UInt8]? { try record(at: sequence) }

    /// The root of the tree where `size` is the ledger's own.
    public func treeRoot(size: UInt64) -> [UInt8]? {
        let head = treeHead()
        return head.size == size ? head.root : nil
    }
}

extension RuntimeSample {
    /// Takes over how a ledger is doing.
    public mutating func take(_ statistics: LedgerStatistics) {
        ledgerHead = statistics.head
        ledgerQueue = statistics.queueDepth
        ledgerQueueLimit = statistics.queueLimit
        ledgerRecords = statistics.recordsAppended
        ledgerBatches = statistics.batches
        ledgerErrors = statistics.writeErrors
        ledgerBytes = statistics.bytesAppended
        commitSeconds = statistics.commitSecondsTotal
        checkpointAge = statistics.checkpointAgeSeconds
        isWritable = statistics.isWritable
        freeBytes = statistics.freeBytes
        isShortOfSpace = statistics.isShortOfSpace
        commitBuckets = []
        var total: UInt64 = 0
        for (bound, count) in zip(LedgerStatistics.commitBounds, statistics.commitBuckets) {
            total &+= count
            commitBuckets.append((bound, total))
        }
    }
}
