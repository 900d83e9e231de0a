/// What changes from one price book to another.
public struct PriceBookDifference: Equatable, Sendable {
    /// A row that is in both books, for the same thing, with different content.
    public struct Change: Equatable, Sendable {
        /// The row as it was.
        public var old: PriceRow
        /// The row as it becomes.
        public var new: PriceRow
    }

    /// Rows that only the new book has, in its order.
    public var added: [PriceRow] = []
    /// Rows that only the old book has, in its order.
    public var removed: [PriceRow] = []
    /// Rows for the same provider, model, date and conditions that differ, in the order of the new book.
    public var changed: [Change] = []
    /// Whether the fallbacks or multipliers differ.
    public var settingsChanged: Bool

    /// Compares two books.
    public init(from old: PriceBook, to new: PriceBook) {
        settingsChanged =
            old.fallbacks != new.fallbacks || old.groupMultipliers != new.groupMultipliers
            || old.clientMultipliers != new.clientMultipliers
        var before: [PriceBook.RowKey: PriceRow] = [:]
        for row in old.rows {
            if let key = row.keys.first { before[key] = row }
        }
        for row in new.rows {
            guard let key = row.keys.first else { continue }
            guard let former = before.removeValue(forKey: key) else {
                added.append(row)
                continue
            }
            if former != row { changed.append(Change(old: former, new: row)) }
        }
        removed = old.rows.filter { row in row.keys.first.map { before[$0] != nil } ?? false }
    }

    /// What changes in one line: the numbers of rows, then the first of them by provider and model.
    ///
    /// - Parameter most: How many rows are named at the most.
    public func summary(most: Int) -> String {
        let marked = [("+", added), ("-", removed), ("~", changed.map(\.new))]
        let names = marked.flatMap { mark, rows in rows.map { "\(mark) \($0.provider) \($0.match.label)" } }
        var text = "\(added.count) rows added, \(removed.count) removed, \(changed.count) changed"
        if settingsChanged { text += ", settings changed" }
        guard !names.isEmpty else { return text }
        text += ": " + names.prefix(most).joined(separator: ", ")
        return names.count > most ? text + " and \(names.count - most) more" : text
    }

    /// True when both books have the same rows and settings, in whatever order.
    public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty && !settingsChanged }
}
