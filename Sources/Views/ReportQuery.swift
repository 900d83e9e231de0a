public import Events

/// What a report is asked for.
public struct ReportQuery: Equatable, Sendable {
    /// A thing to group or select by.
    public struct Column: Hashable, Sendable {
        /// The name on a command line and in a report.
        public let rawValue: String

        /// The model that was asked of the provider.
        public static let model = Column(known: "model")
        /// The client, by its name while that is known.
        public static let client = Column(known: "client")
        /// The group that requests came through.
        public static let group = Column(known: "group")
        /// What was asked for, as `chat` or `embedding`.
        public static let operation = Column(known: "operation")
        /// The hour (UTC) in which requests started.
        public static let hour = Column(known: "hour")
        /// The day (UTC) on which requests started.
        public static let day = Column(known: "day")
        /// The month (UTC) in which requests started.
        public static let month = Column(known: "month")
        /// What the client said the request belongs to.
        public static let session = Column(known: "session")

        /// All columns but those of tags.
        public static let allCases = [model, client, group, operation, hour, day, month, session]

        private static let tagPrefix = "tag."

        private init(known name: String) { rawValue = name }

        /// A column by its name; `tag.NAME` is a mark that clients put on requests.
        public init?(rawValue: String) {
            let isTag =
                rawValue.hasPrefix(Self.tagPrefix) && Tags.isName(String(rawValue.dropFirst(Self.tagPrefix.count)))
            guard isTag || Self.allCases.contains(where: { $0.rawValue == rawValue }) else { return nil }
            self.rawValue = rawValue
        }

        var isTime: Bool { self == .hour || self == .day || self == .month }

        /// Whether the views do not keep it, so that the ledger has to be read.
        var isMark: Bool { self == .session || tag != nil }

        /// The name of the mark; nil for other columns.
        var tag: String? {
            rawValue.hasPrefix(Self.tagPrefix) ? String(rawValue.dropFirst(Self.tagPrefix.count)) : nil
        }
    }

    /// A column that must have a value.
    public struct Filter: Equatable, Sendable {
        /// The column.
        public var column: Column
        /// The value it must have.
        public var value: String
    }

    /// The columns to group by, in order.
    public var by: [Column]
    /// Requests that started before this are left out; microseconds since 1970 (UTC).
    public var since: Int64?
    /// Requests that started at this or later are left out; microseconds since 1970 (UTC).
    public var until: Int64?
    /// What must hold of a request; values of the same column are alternatives.
    public var filters: [Filter]
    /// The most rows; the greatest costs stay.
    public var top: Int?
    /// The names that clients are shown by, and may be asked for by; without, they have their ids.
    public var names = ClientNames()

    /// The columns that are not kept in views, each once.
    var marks: [Column] {
        var marks: [Column] = []
        for column in by + filters.map(\.column) where column.isMark && !marks.contains(column) { marks.append(column) }
        return marks
    }

    /// A question.
    public init(by: [Column], since: Int64? = nil, until: Int64? = nil, filters: [Filter] = [], top: Int? = nil) {
        self.by = by
        self.since = since
        self.until = until
        self.filters = filters
        self.top = top
    }

    /// A question from the words of a command line or an URL.
    ///
    /// - Parameters:
    ///   - by: names of columns with commas between them.
    ///   - since: a time as ``Events/Timestamp/parse(_:)`` reads it.
    ///   - until: the same.
    ///   - filters: `column=value` each.
    ///   - top: the most rows, at least 1.
    public init(
        by: String,
        since: String? = nil,
        until: String? = nil,
        filters: [String] = [],
        top: Int? = nil
    ) throws(ViewError) {
        var columns: [Column] = []
        for name in by.split(separator: ",") {
            let column = try Self.column(name.trimmingSpaces)
            if !columns.contains(column) { columns.append(column) }
        }
        self.by = columns
        self.since = try Self.time(since, "since")
        self.until = try Self.time(until, "until")
        self.filters = []
        for filter in filters {
            guard let equals = filter.firstIndex(of: "=") else {
                throw ViewError(.badQuestion, "`\(filter)` is no condition: write NAME=VALUE, as in model=gpt-4o")
            }
            let column = try Self.column(String(filter[..<equals]))
            self.filters.append(Filter(column: column, value: String(filter[filter.index(after: equals)...])))
        }
        guard top ?? 1 >= 1 else { throw ViewError(.badQuestion, "the number of rows must be at least 1") }
        self.top = top
    }

    private static func column(_ name: String) throws(ViewError) -> Column {
        guard let column = Column(rawValue: name) else {
            let known = Column.allCases.map(\.rawValue).joined(separator: ", ")
            throw ViewError(.badQuestion, "there is no column `\(name)`; there are \(known), and tag.NAME")
        }
        return column
    }

    package static func time(_ text: String?, _ what: String) throws(ViewError) -> Int64? {
        guard let text else { return nil }
        guard let time = Timestamp.parse(text) else {
            throw ViewError(
                .badQuestion,
                "`\(text)` is no time for \(what): write 2026-11-23 or 2026-11-23T08:00:00Z (UTC)"
            )
        }
        return time
    }
}

extension Substring {
    var trimmingSpaces: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
