package import Accounting
public import Events

/// Everything that is counted, as a pure fold over the events of a ledger.
///
/// Two folds over the same events give the same bytes from ``encode()``, whether they ran at once, in pieces, or were
/// taken up from a snapshot. A value; reading it is safe from any thread.
public struct ViewState: Sendable {
    /// Changed whenever the meaning or the encoding of a view changes; a snapshot of another version is rebuilt.
    public static let version: UInt32 = 3
    /// The most series in one family; further ones are counted under `other`.
    public static let seriesCap = 2_000
    /// The most combinations of labels in the series by time.
    public static let dimensionCap = 10_000
    /// Hours are kept for this many days, the newest on which there were requests; days for ever.
    public static let daysOfHours = 35

    /// A price book that was adopted.
    public struct AdoptedBook: Equatable, Sendable {
        /// The sequence of its event.
        public var sequence: UInt64
        /// When, in microseconds since 1970 (UTC).
        public var time: Int64
        /// Its revision.
        public var revision: UInt32
        /// SHA-256 of the encoded book.
        public var hash: [UInt8]
        /// Where it came from.
        public var origin: String
    }

    /// A schema version that was adopted.
    public struct AdoptedSchema: Equatable, Sendable {
        /// The sequence of its event.
        public var sequence: UInt64
        /// The version.
        public var version: UInt8
        /// SHA-256 of the schema text.
        public var hash: [UInt8]
    }

    /// The last event that is folded in; 0 for none.
    public package(set) var sequence: UInt64 = 0
    /// The last event that is in the restated figures; behind `sequence` while history is priced again.
    public package(set) var restatedThrough: UInt64 = 0
    /// The adopted price books, oldest first.
    public package(set) var books: [AdoptedBook] = []
    /// The adopted schema versions, oldest first.
    public package(set) var schemas: [AdoptedSchema] = []
    /// How often the node was started.
    public package(set) var nodeStarts: UInt64 = 0
    /// When it was last started, in microseconds since 1970 (UTC); 0 when never.
    public package(set) var lastStart: Int64 = 0
    /// How often an operator accepted a loss of history.
    public package(set) var truncations: UInt64 = 0
    /// Requests that were started and neither completed nor interrupted, with the sequence of their start.
    public package(set) var open: [RequestID: UInt64] = [:]
    /// The schema version that records carry now; 0 where the next one tells it.
    package var epoch: UInt8 = 0
    /// The version of the usage reader that was applied to older events anew; 0 while stored counts stand.
    public package(set) var normaliser: UInt8 = 0
    /// Events that this reader reads differently from what is stored.
    public package(set) var reread: UInt64 = 0
    /// When the first request of the ledger was made, in microseconds since 1970 (UTC): the `_created` of counters.
    public package(set) var created: Int64 = 0

    package var labels = LabelTable()
    package var requests = SeriesTable(cap: ViewState.seriesCap)
    package var requestCounts: [UInt64] = []
    package var models = SeriesTable(cap: ViewState.seriesCap)
    package var totals: [ModelTotals] = []
    package var tokens: [Int64] = []
    package var attempts = SeriesTable(cap: ViewState.seriesCap)
    package var attemptCounts: [UInt64] = []
    package var dimensions = SeriesTable(cap: ViewState.dimensionCap)
    package var days = Cube(width: Timestamp.day)
    package var hours = Cube(width: Timestamp.hour)
    package var recentDays = RecentDays()

    /// The state before any event.
    public init() {}

    /// The revision of the newest book; 0 when none was adopted.
    public var bookRevision: UInt32 { books.last?.revision ?? 0 }

    /// True when the restated figures hold every event that the others hold.
    public var isRestated: Bool { restatedThrough == sequence }

    /// Requests of a client that ended, by what is stored in their events: an opaque id, or a name in old ones.
    public func requests(ofClient stored: String) -> UInt64 {
        let isOfClient = dimensions.keys.map { labels[SeriesKey.field($0, 32)] == stored }
        return zip(days.keys, days.cells).reduce(0) { sum, entry in
            let dimension = Cube.dimension(entry.0)
            return dimension < isOfClient.count && isOfClient[dimension] ? sum &+ entry.1.requests : sum
        }
    }

    /// Every client that requests were counted for, as stored.
    public var clients: Set<String> { Set(dimensions.keys.map { labels[SeriesKey.field($0, 32)] }) }

    /// The sums over all requests.
    public var total: Sums {
        var sums = Sums()
        for cell in days.cells { sums += cell }
        return sums
    }
}

/// What is counted by group and model.
package struct ModelTotals: Sendable {
    package var requests: UInt64 = 0
    package var unpriced: UInt64 = 0
    package var restatedUnpriced: UInt64 = 0
    package var charged = MoneyTotal()
    package var restated = MoneyTotal()
    package var successes: UInt64 = 0
    package var successInput: Int64 = 0
    package var successOutput: Int64 = 0
    package var successCharged = MoneyTotal()
    package var duration = Histogram()
    package var firstByte = Histogram()
    package var overhead = Histogram()
}

/// Packed keys of the series: labels by number, small codes as they are.
package enum SeriesKey {
    package static func request(group: UInt16, model: UInt16, operation: UInt8, outcome: UInt8, status: UInt16)
        -> UInt64
    {
        UInt64(group) << 48 | UInt64(model) << 32 | UInt64(operation) << 24 | UInt64(outcome) << 16 | UInt64(status)
    }

    package static func model(group: UInt16, model: UInt16) -> UInt64 { UInt64(group) << 16 | UInt64(model) }

    package static func attempt(group: UInt16, upstream: UInt16, failure: UInt8) -> UInt64 {
        UInt64(group) << 32 | UInt64(upstream) << 16 | UInt64(failure)
    }

    package static func dimension(group: UInt16, model: UInt16, client: UInt16, operation: UInt8) -> UInt64 {
        UInt64(operation) << 48 | UInt64(client) << 32 | UInt64(group) << 16 | UInt64(model)
    }

    package static func field(_ key: UInt64, _ shift: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: key >> shift) }
}
