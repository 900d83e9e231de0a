/// Something that an operator should hear of while a ledger is open.
public enum LedgerNotice: Equatable, Sendable {
    /// A write or sync failed with this message; nothing is acknowledged until the store is open again.
    case writeFailed(String)
    /// The store was reopened and reconciled; records are taken again.
    case resumed
    /// Less space is left than the ledger is to leave, in bytes; no new work is taken.
    case spaceShort(free: UInt64, limit: UInt64)
    /// There is enough space again, in bytes.
    case spaceBack(free: UInt64)
    /// The file for copies of checkpoints was not there, although the ledger has records: its disk may not be mounted.
    case copyMissing(String)
    /// A checkpoint could not be written, for this reason; the next one tries again.
    case checkpointFailed(String)
}
