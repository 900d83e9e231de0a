public import Accounting
import Events

/// Requests, tokens and money by the columns that were asked for.
public struct Report: Equatable, Sendable {
    /// One line of a report.
    public struct Row: Equatable, Sendable {
        /// The values of the columns, in the order of the question.
        public var key: [String]
        /// The sums.
        public var sums: Sums
    }

    /// What was asked.
    public var query: ReportQuery
    /// The lines: by time where the first column is one, else the greatest cost first.
    public var rows: [Row]
    /// The sums over all lines, those left out by ``ReportQuery/top`` included.
    public var total: Sums
    /// The revision of the book behind the restated figures; 0 when there is none.
    public var bookRevision: UInt32
    /// False while history is being priced again, when the restated figures are not whole.
    public var isRestated: Bool
    /// What the lines would cost by a book that nobody adopted; nil when it was not asked for.
    public var whatIf: WhatIf?

    /// The answer from the views; nil when they do not keep what is needed and the ledger has to be read.
    ///
    /// Views keep hours for ``ViewState/daysOfHours`` days and days for ever.
    public init?(_ query: ReportQuery, from state: ViewState) {
        guard query.marks.isEmpty else { return nil }
        let needsHours =
            query.by.contains(.hour) || query.filters.contains { $0.column == .hour }
            || !Self.isMultiple(query.since, of: Timestamp.day) || !Self.isMultiple(query.until, of: Timestamp.day)
        if needsHours {
            guard Self.isMultiple(query.since, of: Timestamp.hour), Self.isMultiple(query.until, of: Timestamp.hour)
            else { return nil }
            let oldestKept = state.oldestHour
            let oldestAsked = query.since.map { Timestamp.floorDivide($0, Timestamp.hour) } ?? .min
            let wasPruned = state.days.keys.contains { Cube.bucket($0) * 24 < oldestKept }
            guard oldestAsked >= oldestKept || !wasPruned else { return nil }
        }
        self.init(query, state, needsHours ? state.hours : state.days)
    }

    private static func isMultiple(_ time: Int64?, of width: Int64) -> Bool { (time ?? 0) % width == 0 }

    /// The answer by one pass over the ledger, exact to the microsecond, on the calling thread.
    ///
    /// - Parameters:
    ///   - whatIf: a book to use for the restated figures in place of the newest adopted; nothing is written.
    ///   - normalises: reads usage again, as the views do after ``ViewService/rebuild(normalises:progress:)``.
    ///   - newestBook: the sequence of the newest adopted book where known (see ``ViewState/books``); spares a second pass.
    ///   - progress: called now and then; when it returns false the answer is nil.
    public init?(
        _ query: ReportQuery,
        scanning source: any RecordSource,
        whatIf: PriceBook? = nil,
        normalises: Bool = false,
        newestBook: UInt64? = nil,
        progress: (ViewService.Progress) -> Bool = { _ in true }
    ) throws(ViewError) {
        var scope = ViewFold.Scope()
        scope.since = query.since ?? .min
        scope.until = query.until ?? .max
        scope.prunesHours = false
        scope.normalises = normalises
        scope.marks = query.marks
        if let whatIf { scope.pinned = Pricer(book: whatIf, revision: 0) }
        guard let fold = try ViewEngine.rebuilt(source, newestBook: newestBook, scope: scope, progress) else {
            return nil
        }
        var whole = query
        whole.since = nil
        whole.until = nil
        self.init(whole, fold.state, query.by.contains(.hour) ? fold.state.hours : fold.state.days, fold.markSets)
        self.query = query
    }

    private init(_ query: ReportQuery, _ state: ViewState, _ cube: Cube, _ marks: MarkSets = MarkSets()) {
        self.query = query
        bookRevision = state.bookRevision
        isRestated = state.isRestated
        total = Sums()
        rows = []
        var sorter = ReportRows(query)
        let things = Labels(state, sorter.things, marks)
        let times = Labels(state, sorter.times, marks)
        for (slot, key) in cube.keys.enumerated() {
            let (bucket, dimension) = (Cube.bucket(key), Cube.dimension(key))
            let time = sorter.time(bucket) {
                let start = bucket * cube.width
                guard start >= query.since ?? .min, start < query.until ?? .max else { return nil }
                return times.row(dimension: dimension, bucket: bucket, width: cube.width)
            }
            guard let time else { continue }
            let thing = sorter.thing(dimension) {
                things.row(dimension: dimension, bucket: bucket, width: cube.width)
            }
            guard let thing else { continue }
            sorter.add(cube.cells[slot], thing: thing, time: time)
            total += cube.cells[slot]
        }
        rows = sorter.rows
        sort()
    }

    private mutating func sort() {
        let byCost: (Row, Row) -> Bool = { lhs, rhs in
            let left = (lhs.sums.charged, lhs.sums.restated, lhs.sums.requests)
            let right = (rhs.sums.charged, rhs.sums.restated, rhs.sums.requests)
            return left == right ? lhs.key.lexicographicallyPrecedes(rhs.key) : left > right
        }
        rows.sort(by: byCost)
        if let top = query.top { rows = Array(rows.prefix(top)) }
        if query.by.first?.isTime == true { rows.sort { $0.key.lexicographicallyPrecedes($1.key) } }
    }

    /// Values of columns for the cells of a cube.
    private struct Labels {
        let state: ViewState
        let query: ReportQuery
        let marks: MarkSets

        init(_ state: ViewState, _ query: ReportQuery, _ marks: MarkSets) {
            self.state = state
            self.query = query
            self.marks = marks
        }

        func row(dimension: Int, bucket: Int64, width: Int64) -> [String]? {
            guard dimension < state.dimensions.keys.count else { return nil }
            let key = state.dimensions.keys[dimension]
            for column in Set(query.filters.map(\.column)) {
                let value = value(column, key, bucket, width)
                let stored = column == .client ? client(key) : value
                let matches = query.filters.contains {
                    $0.column == column && ($0.value == value || $0.value == stored)
                }
                guard matches else { return nil }
            }
            return query.by.map { value($0, key, bucket, width) }
        }

        private func value(_ column: ReportQuery.Column, _ key: UInt64, _ bucket: Int64, _ width: Int64) -> String {
            switch column {
            case .model: return state.labels[SeriesKey.field(key, 0)]
            case .group: return state.labels[SeriesKey.field(key, 16)]
            case .client: return query.names.shown(client(key))
            case .operation: return EventNames.operation(UInt8(truncatingIfNeeded: key >> 48))
            case .hour, .day, .month:
                let day = width == Timestamp.day ? bucket : Timestamp.floorDivide(bucket, 24)
                let text = Timestamp.dayText(day)
                if column == .day { return text }
                if column == .month { return String(text.prefix(7)) }
                let hour = width == Timestamp.day ? 0 : bucket - day * 24
                return "\(text)T\(hour < 10 ? "0" : "")\(hour):00Z"
            default: return marks.value(column, in: state.labels[SeriesKey.field(key, 32)])
            }
        }

        private func client(_ key: UInt64) -> String { marks.client(in: state.labels[SeriesKey.field(key, 32)]) }
    }
}
