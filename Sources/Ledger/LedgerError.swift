internal import Glibc
internal import LevelDB

/// What went wrong with the ledger, where, and what to do about it.
public struct LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure, for programs to branch on.
    public struct Code: Hashable, Sendable {
        package let raw: UInt8

        /// Another process holds the data directory.
        public static let inUse = Code(raw: 1)
        /// The data directory or a file in it may not be read or written by this user.
        public static let permissionDenied = Code(raw: 2)
        /// The data directory is on a read-only file system.
        public static let readOnly = Code(raw: 3)
        /// The file system is full.
        public static let diskFull = Code(raw: 4)
        /// The process may not open more files.
        public static let tooManyOpenFiles = Code(raw: 5)
        /// Stored bytes are damaged.
        public static let damaged = Code(raw: 6)
        /// The ledger ends before the checkpoint: history is missing.
        public static let historyLost = Code(raw: 7)
        /// The ledger holds other bytes than those the checkpoint was signed for.
        public static let historyChanged = Code(raw: 8)
        /// The checkpoint is missing, malformed, of another ledger, or its signature is wrong.
        public static let checkpointInvalid = Code(raw: 9)
        /// `node.key` is missing, malformed or of another ledger.
        public static let keyInvalid = Code(raw: 10)
        /// The ledger was written in a format this version does not know.
        public static let unknownFormat = Code(raw: 11)
        /// An option is out of its bounds.
        public static let invalidOption = Code(raw: 12)
        /// The ledger cannot write now, or was opened for reading only.
        public static let notWritable = Code(raw: 13)
        /// The ledger is closed.
        public static let closed = Code(raw: 14)
        /// The record is longer than `Ledger.recordLimit`.
        public static let recordTooLong = Code(raw: 15)
        /// There is no ledger in the data directory.
        public static let notFound = Code(raw: 16)
        /// Reading or writing failed for another reason.
        public static let ioError = Code(raw: 17)
    }

    /// The kind of failure.
    public let code: Code
    /// A sentence for the operator.
    public let message: String
    /// The sequences that are missing, when that is what is wrong.
    public let missing: ClosedRange<UInt64>?

    /// The message.
    public var description: String { message }

    /// What to do about damage.
    static let salvage =
        "`tollgate verify` names the records that cannot be read, and `tollgate salvage` makes a new directory from the rest"

    package init(_ code: Code, _ message: String, missing: ClosedRange<UInt64>? = nil) {
        self.code = code
        self.message = message
        self.missing = missing
    }

    init(_ error: LevelDBError, directory: String) {
        switch error.code {
        case .locked:
            self.init(
                .inUse,
                "the data directory \(directory) is in use by another process; stop it, or give this one a "
                    + "directory of its own (\(error.message))"
            )
        case .corruption: self.init(.damaged, "\(error.message); \(LedgerError.salvage)")
        case .permissionDenied: self.init(.permissionDenied, error.message)
        case .readOnly: self.init(.readOnly, error.message)
        case .diskFull: self.init(.diskFull, error.message)
        case .tooManyOpenFiles: self.init(.tooManyOpenFiles, error.message)
        case .closed: self.init(.closed, error.message)
        default: self.init(.ioError, error.message)
        }
    }

    /// A failed system call on a file.
    init(_ action: String, _ path: String, errno reason: Int32) {
        let text = String(cString: strerror(reason))
        switch reason {
        case EACCES, EPERM:
            self.init(.permissionDenied, "cannot \(action) \(path): \(text); check its owner and mode")
        case EROFS:
            self.init(.readOnly, "cannot \(action) \(path): \(text); mount it writable or move the data directory")
        case ENOSPC, EDQUOT: self.init(.diskFull, "cannot \(action) \(path): \(text); free some space")
        case EMFILE, ENFILE:
            self.init(.tooManyOpenFiles, "cannot \(action) \(path): \(text); raise the limit (ulimit -n)")
        default: self.init(.ioError, "cannot \(action) \(path): \(text)")
        }
    }
}
