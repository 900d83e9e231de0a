internal import CLevelDB

/// What went wrong in the store, to which directory, and what to do about it.
public struct LevelDBError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure, for programs to branch on.
    public struct Code: Hashable, Sendable {
        package let raw: UInt8

        /// The key is absent.
        public static let notFound = Code(raw: 1)
        /// Stored bytes fail their checksum or do not fit together.
        public static let corruption = Code(raw: 2)
        /// The library cannot do what was asked.
        public static let notSupported = Code(raw: 3)
        /// An option or path is not acceptable, for instance the database does not exist and must not be created.
        public static let invalidArgument = Code(raw: 4)
        /// A read, write or sync failed; `systemError` says why when it is known.
        public static let ioError = Code(raw: 5)
        /// Another process, or another handle in this one, holds the database.
        public static let locked = Code(raw: 6)
        /// The process ran out of memory.
        public static let outOfMemory = Code(raw: 7)
        /// The directory or a file in it may not be read or written by this user.
        public static let permissionDenied = Code(raw: 8)
        /// The file system is mounted read-only.
        public static let readOnly = Code(raw: 9)
        /// The file system or the quota is full.
        public static let diskFull = Code(raw: 10)
        /// The process may not open more files.
        public static let tooManyOpenFiles = Code(raw: 11)
        /// The database was closed.
        public static let closed = Code(raw: 12)
    }

    /// The kind of failure.
    public let code: Code
    /// A sentence for the operator.
    public let message: String
    /// The errno behind the failure, 0 when not known.
    public let systemError: Int32

    /// The message.
    public var description: String { message }

    init(code: Code, message: String, systemError: Int32 = 0) {
        self.code = code
        self.message = message
        self.systemError = systemError
    }

    static func closed(_ path: String) -> LevelDBError {
        LevelDBError(code: .closed, message: "the database in \(path) is closed")
    }

    static func outOfMemory(_ path: String) -> LevelDBError {
        LevelDBError(code: .outOfMemory, message: "out of memory while working on the database in \(path)")
    }

    /// Takes over the status, frees its message, and throws when it is not OK.
    static func check(_ status: cleveldb_status, _ path: String) throws(LevelDBError) {
        guard status.code != CLEVELDB_OK else { return }
        let detail = status.message.map { String(cString: $0) } ?? "no detail"
        cleveldb_free(status.message)
        throw LevelDBError(status: status, detail: detail, path: path)
    }

    private init(status: cleveldb_status, detail: String, path: String) {
        var code = Code(status: status)
        // LevelDB reads behind the end of a table that was cut off, and calls that an invalid argument.
        if code == .ioError, detail.hasSuffix(".ldb: Invalid argument") { code = .corruption }
        let advice: String
        switch code {
        case .locked:
            advice =
                "the database directory \(path) is in use by another process; stop that one first, or point this one elsewhere"
        case .permissionDenied:
            advice = "no permission to use the database directory \(path): check the owner and mode of it and its files"
        case .readOnly:
            advice = "the database directory \(path) is on a read-only file system: mount it writable or move it"
        case .diskFull:
            advice = "the file system of \(path) is full: free some space"
        case .tooManyOpenFiles:
            advice = "too many open files while using \(path): raise the limit (ulimit -n)"
        case .corruption:
            advice = "the database in \(path) is damaged; nothing was changed; keep a copy before any repair"
        case .invalidArgument:
            advice = "the database directory \(path) cannot be used as it is"
        case .outOfMemory:
            advice = "out of memory while working on the database in \(path)"
        case .notFound:
            advice = "nothing is stored under that key in \(path), or a file of the database is missing"
        default:
            advice = "input or output failed in the database directory \(path)"
        }
        self.init(code: code, message: "\(advice) (\(detail))", systemError: status.system_error)
    }
}

extension LevelDBError.Code {
    fileprivate init(status: cleveldb_status) {
        switch Int(status.code) {
        case CLEVELDB_NOT_FOUND: self = .notFound
        case CLEVELDB_CORRUPTION: self = .corruption
        case CLEVELDB_NOT_SUPPORTED: self = .notSupported
        case CLEVELDB_INVALID_ARGUMENT: self = .invalidArgument
        case CLEVELDB_LOCKED: self = .locked
        case CLEVELDB_OUT_OF_MEMORY: self = .outOfMemory
        default: self = LevelDBError.Code(systemError: status.system_error)
        }
    }
}
