public import Accounting

extension Report {
    /// What the lines of a report would cost by a book that nobody adopted.
    public struct WhatIf: Equatable, Sendable {
        private let rows: [[String]: Sums]
        /// The sums over all lines; money and requests without a price stand where the restated ones do.
        public let total: Sums

        init(_ report: Report) {
            rows = Dictionary(report.rows.map { ($0.key, $0.sums) }, uniquingKeysWith: { first, _ in first })
            total = report.total
        }

        /// The sums of a line; zero when no request is in it.
        public subscript(key: [String]) -> Sums { rows[key] ?? Sums() }
    }

    /// Adds what the lines would cost by a book, in one pass over the ledger on the calling thread; nothing is written.
    ///
    /// - Returns: False when `progress` ended it.
    public mutating func add(
        whatIf book: PriceBook,
        scanning source: any RecordSource,
        normalises: Bool = false,
        progress: (ViewService.Progress) -> Bool = { _ in true }
    ) throws(ViewError) -> Bool {
        var whole = query
        whole.top = nil
        let report = try Report(
            whole,
            scanning: source,
            whatIf: book,
            normalises: normalises,
            progress: progress
        )
        guard let report else { return false }
        whatIf = WhatIf(report)
        return true
    }
}
