/// What changes from one price book to another.
public struct PriceBookDifference: Equatable, Sendable {
    /// A row that is in both books, for the same thing, with different content.
    public struct Change: Equatable, Sendable {
        /// The row as it was.
        public var old: PriceRow
        /// The row as it becomes.
        public var new: PriceRow
    }

    /// Rows that only the new book has.
    public var added: [PriceRow] = []
    /// Rows that only the old book has.
    public var removed: [PriceRow] = []
    /// Rows for the same provider, model, date and conditions that differ.
    public var changed: [Change] = []
    /// Whether the fallbacks or multipliers differ.
    public var settingsChanged = false

    /// Compares two books.
    public init(from old: PriceBook, to new: PriceBook) {
        settingsChanged = old != new
    }

    /// True when both books price everything alike, row by row.
    public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty && !settingsChanged }
}
