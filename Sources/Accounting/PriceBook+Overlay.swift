extension PriceBook {
    /// This book with the rows of another laid over it: what an operator's own book that extends the built-in one is.
    ///
    /// A row of the other takes the place of this book's rows for the same provider, name and conditions from its date
    /// on; of a row with several names the others stay. Fallbacks and multipliers of the other go before those here.
    ///
    /// - Throws: `PriceBookError` when there are too many rows; its row is an index into those of the other.
    public func overlaid(by other: PriceBook) throws(PriceBookError) -> PriceBook {
        var since: [Place: Int64] = [:]
        for row in other.rows {
            for key in row.keys {
                let place = Place(key)
                since[place] = min(since[place] ?? .max, key.effectiveFrom)
            }
        }
        let kept = rows.compactMap { row in
            row.keeping { key in since[Place(key)].map { key.effectiveFrom < $0 } ?? true }
        }
        do throws(PriceBookError) {
            return try PriceBook(
                rows: kept + other.rows,
                fallbacks: fallbacks.merging(other.fallbacks) { $1 },
                groupMultipliers: groupMultipliers.merging(other.groupMultipliers) { $1 },
                clientMultipliers: clientMultipliers.merging(other.clientMultipliers) { $1 }
            )
        } catch {
            let row = error.row.flatMap { $0 >= kept.count ? $0 - kept.count : nil }
            throw PriceBookError(error.code, error.message, row: row)
        }
    }

    /// What a row is for, whatever its date.
    private struct Place: Hashable {
        var provider: String
        var kind: UInt8
        var text: String
        var conditions: PriceConditions

        init(_ key: RowKey) {
            provider = key.provider
            kind = key.kind
            text = key.text
            conditions = key.conditions
        }
    }
}

extension PriceRow {
    /// The row for those of its names that a condition holds of; nil when there are none.
    fileprivate func keeping(_ isKept: (PriceBook.RowKey) -> Bool) -> PriceRow? {
        let kept = keys.map(isKept)
        if kept.allSatisfy(\.self) { return self }
        var row = self
        row.aliases = zip(aliases, kept.dropFirst()).filter(\.1).map(\.0)
        if kept.first == true { return row }
        guard !row.aliases.isEmpty else { return nil }
        row.match = .exact(row.aliases.removeFirst())
        return row
    }
}
