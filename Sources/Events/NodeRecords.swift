public import Accounting

/// `schema.adopted`: from the next record on, records carry this schema version.
public struct SchemaAdopted: Equatable, Sendable {
    /// When, in microseconds since 1970 (UTC).
    public var time: Int64
    /// The schema version.
    public var version: UInt8
    /// SHA-256 of the schema text.
    public var hash: [UInt8]

    /// An adopted schema.
    public init(time: Int64, version: UInt8, hash: [UInt8]) {
        self.time = time
        self.version = version
        self.hash = hash
    }
}

/// `pricebook.adopted`: from the next record on, requests are charged by this book.
public struct PriceBookAdopted: Equatable, Sendable {
    /// When, in microseconds since 1970 (UTC).
    public var time: Int64
    /// 1 for the first book of the ledger, then one more each.
    public var revision: UInt32
    /// SHA-256 of the encoded book.
    public var hash: [UInt8]
    /// Where the book came from: `built-in`, a file name without its folder, or `api`.
    public var origin: String
    /// The whole book.
    public var book: PriceBook

    /// An adopted book.
    public init(time: Int64, revision: UInt32, hash: [UInt8], origin: String, book: PriceBook) {
        self.time = time
        self.revision = revision
        self.hash = hash
        self.origin = origin
        self.book = book
    }
}

/// `node.started`: a process opened the ledger to serve.
public struct NodeStarted: Equatable, Sendable {
    /// When, in microseconds since 1970 (UTC).
    public var time: Int64
    /// The version of the program.
    public var program: String

    /// A started node.
    public init(time: Int64, program: String) {
        self.time = time
        self.program = program
    }
}

/// `node.stopped`: the process that served closed the ledger in good order.
public struct NodeStopped: Equatable, Sendable {
    /// When, in microseconds since 1970 (UTC).
    public var time: Int64
    /// Why: `signal` or `command`.
    public var reason: String

    /// A stopped node.
    public init(time: Int64, reason: String) {
        self.time = time
        self.reason = reason
    }
}

/// `config.changed`: the configuration that requests are served with changed. Holds no secrets.
public struct ConfigurationChanged: Equatable, Sendable {
    /// When, in microseconds since 1970 (UTC).
    public var time: Int64
    /// SHA-256 of the configuration text with its secrets left out.
    public var hash: [UInt8]
    /// What is configured, in words: groups, dialects, numbers of keys and clients.
    public var summary: String

    /// A changed configuration.
    public init(time: Int64, hash: [UInt8], summary: String) {
        self.time = time
        self.hash = hash
        self.summary = summary
    }
}

/// `history.truncated`: an operator accepted that events up to a known head are gone.
public struct HistoryTruncated: Equatable, Sendable {
    /// When, in microseconds since 1970 (UTC).
    public var time: Int64
    /// The first sequence that is gone.
    public var first: UInt64
    /// The last sequence that is known to have existed.
    public var last: UInt64

    /// A truncated history.
    public init(time: Int64, first: UInt64, last: UInt64) {
        self.time = time
        self.first = first
        self.last = last
    }
}

/// `ledger.gap`: requests that were forwarded while the ledger could not be written have no events of their own.
public struct LedgerGap: Equatable, Sendable {
    /// When the ledger took events again, in microseconds since 1970 (UTC).
    public var time: Int64
    /// When the first of the requests started, in microseconds since 1970 (UTC).
    public var since: Int64
    /// How many requests were forwarded unrecorded.
    public var requests: UInt64

    /// A gap.
    public init(time: Int64, since: Int64, requests: UInt64) {
        self.time = time
        self.since = since
        self.requests = requests
    }
}
