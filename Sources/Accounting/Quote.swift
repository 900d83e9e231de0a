/// A cost with the lines that make it up.
public struct Quote: Equatable, Sendable {
    /// One product of a count and a price.
    public struct Line: Equatable, Sendable {
        /// What was counted.
        public var unit: UsageUnit
        /// The model, where the work was billed on another than the request's.
        public var model: String?
        /// The count charged, raised to the row's minimum where there is one.
        public var count: Int64
        /// The unit whose price was taken: this one, or the one that stands in for it.
        public var pricedAs: UsageUnit?
        /// The price; nil when none is known.
        public var rate: Rate?
        /// Count × price before any multiplier, rounded for display; nil when no price is known or it overflows.
        public var amount: Money?
        /// The index of the row in the book.
        public var row: UInt32?
    }

    /// The sum, rounded once; it need not be the sum of the rounded lines.
    public var cost: Cost
    /// The lines, the request's own model first.
    public var lines: [Line]
}

extension Quote.Line {
    /// The lines of counts for which there is no row.
    static func unpriced(_ counts: UsageCounts, model: String?) -> [Quote.Line] {
        var lines: [Quote.Line] = []
        counts.forEach { unit, count in
            guard count > 0, unit != .inputTool else { return }
            lines.append(Quote.Line(unit: unit, model: model, count: count))
        }
        return lines
    }
}
