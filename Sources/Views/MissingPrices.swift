import Events

/// The models that requests were made of and that no price is known for, from the views.
///
/// Counts and days are of the days on which a request of the model had no price; a day is the smallest step that views
/// keep for ever.
public struct MissingPrices: Equatable, Sendable {
    /// One model of one group.
    public struct Row: Equatable, Sendable {
        /// The model as it was asked of the provider.
        public var model: String
        /// The group that the requests went through; its provider is the one that the book needs a row for.
        public var group: String
        /// The sums of the days on which a request had no price.
        public var sums: Sums
        /// The first of those days, counted from 1970-01-01 (UTC).
        public var firstDay: Int64
        /// The last of them.
        public var lastDay: Int64
    }

    /// The models that the newest book has no price for either, the most such requests first.
    public var rows: [Row]
    /// Models whose requests had no price when they were made and have one in the newest book.
    public var pricedSince: [Row]
    /// The revision of the newest book; 0 when there is none.
    public var bookRevision: UInt32
    /// False while history is being priced again; then every model that once had no price stands in ``rows``.
    public var isRestated: Bool

    /// What a state holds, in one pass over its days.
    public init(_ state: ViewState) {
        bookRevision = state.bookRevision
        isRestated = state.isRestated
        var found: [UInt64: Row] = [:]
        for (slot, key) in state.days.keys.enumerated() {
            let sums = state.days.cells[slot]
            guard sums.unpriced > 0 || sums.restatedUnpriced > 0 else { continue }
            let dimension = Cube.dimension(key)
            guard dimension < state.dimensions.keys.count else { continue }
            let series = state.dimensions.keys[dimension] & 0xffff_ffff
            let day = Cube.bucket(key)
            var row =
                found[series]
                ?? Row(
                    model: state.labels[SeriesKey.field(series, 0)],
                    group: state.labels[SeriesKey.field(series, 16)],
                    sums: Sums(),
                    firstDay: day,
                    lastDay: day
                )
            row.sums += sums
            row.firstDay = min(row.firstDay, day)
            row.lastDay = max(row.lastDay, day)
            found[series] = row
        }
        // Without a book nothing is restated, and nothing has a price.
        let hasPrices = isRestated && bookRevision > 0
        let isKnown: (Row) -> Bool = { hasPrices && $0.sums.restatedUnpriced == 0 }
        rows = Self.sorted(found.values.filter { !isKnown($0) })
        pricedSince = Self.sorted(found.values.filter(isKnown))
    }

    private static func sorted(_ rows: [Row]) -> [Row] {
        rows.sorted {
            let left = ($0.sums.restatedUnpriced, $0.sums.unpriced)
            let right = ($1.sums.restatedUnpriced, $1.sums.unpriced)
            return left == right ? ($0.model, $0.group) < ($1.model, $1.group) : left > right
        }
    }

    /// The figures as JSON.
    public func render() -> [UInt8] {
        var json = JSONText()
        json.object { json in
            json.key("price_book")
            json.number(ifPresent: bookRevision == 0 ? nil : bookRevision)
            json.key("models")
            json.array { json in for row in rows { write(row, &json) } }
            json.key("priced_since")
            json.array { json in for row in pricedSince { write(row, &json) } }
        }
        json.append(0x0a)
        return json.bytes
    }

    private func write(_ row: Row, _ json: inout JSONText) {
        json.object { json in
            json.key("model")
            json.string(row.model)
            json.key("group")
            json.string(row.group)
            json.key("first_day")
            json.string(Timestamp.dayText(row.firstDay))
            json.key("last_day")
            json.string(Timestamp.dayText(row.lastDay))
            row.sums.write(&json, isRestated: isRestated)
        }
    }
}
