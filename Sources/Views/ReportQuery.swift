import Events

/// What a report is asked for.
public struct ReportQuery: Equatable, Sendable {
    /// A thing to group or select by.
    public enum Column: String, Sendable, CaseIterable {
        case model, client, group, operation, hour, day, month

        var isTime: Bool { self == .hour || self == .day || self == .month }
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
            throw ViewError(.badQuestion, "there is no column `\(name)`; there are \(known)")
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
