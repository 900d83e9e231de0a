/// A price book that another program's price list was turned into.
package struct PriceImport: Sendable {
    /// Prices of a model from one moment on, under some conditions.
    package struct Entry: Sendable {
        var from: Int64 = 0
        var conditions = PriceConditions()
        var prices: ImportedPrices
        var minimums: [UsageUnit: Int64] = [:]
    }

    /// The lists that can be read.
    package enum Source: String, CaseIterable, Sendable {
        case litellm
        case genaiPrices = "genai-prices"
        case modelsDev = "models.dev"
    }

    /// The rows, in the order of the list.
    package internal(set) var rows: [PriceRow] = []
    /// Where a provider's models are looked for besides.
    package internal(set) var fallbacks: [String: [String]] = [:]
    /// What was left out, and why.
    package internal(set) var notes: [String] = []
    private var taken: Set<PriceBook.RowKey> = []

    init() {}

    /// Reads a list.
    ///
    /// - Throws: `PriceBookError` when the text is not such a list.
    package init(_ text: some Sequence<UInt8>, from source: Source) throws(PriceBookError) {
        let json: JSONValue
        do throws(JSONValue.Fault) {
            json = try JSONValue(parsing: text)
        } catch {
            throw PriceBookError(.badText, error.description)
        }
        self =
            switch source {
            case .litellm: try LiteLLMPrices.book(json)
            case .genaiPrices: try GenaiPrices.book(json)
            case .modelsDev: try ModelsDevPrices.book(json)
            }
    }

    /// The book.
    ///
    /// - Throws: `PriceBookError` when there are too many rows.
    package func book() throws(PriceBookError) -> PriceBook { try PriceBook(rows: rows, fallbacks: fallbacks) }

    /// Adds rows for each way that the names are matched in. Of names that are taken already, the first stay.
    mutating func add(_ entries: [Entry], names: [String], provider: String) {
        var exact: [String] = []
        var others: [PriceRow.ModelMatch] = []
        for name in names.map(\.asciiLowercased) where (try? PriceBook.check(name: name, as: "model")) != nil {
            let body = name.dropLast()
            if !name.contains("*") {
                if !exact.contains(name) { exact.append(name) }
            } else if name.last == "*", !body.contains("*"), !body.isEmpty {
                others.append(.prefix(String(body)))
            } else {
                others.append(.pattern(name))
            }
        }
        guard (try? PriceBook.check(provider: provider)) != nil else {
            notes.append("\(provider): not a name for a provider")
            return
        }
        for entry in entries {
            var row = PriceRow(
                provider: provider,
                match: .exact(""),
                effectiveFrom: entry.from,
                conditions: entry.conditions,
                prices: entry.prices.prices,
                tiers: entry.prices.tiers,
                minimums: entry.minimums
            )
            let free = exact.filter { isFree(.exact($0), row) }.prefix(PriceBook.aliasLimit)
            if let first = free.first {
                row.match = .exact(first)
                row.aliases = Array(free.dropFirst())
                keep(row)
            }
            row.aliases = []
            for match in others where isFree(match, row) {
                row.match = match
                keep(row)
            }
        }
    }

    private func isFree(_ match: PriceRow.ModelMatch, _ row: PriceRow) -> Bool {
        var row = row
        row.match = match
        return row.keys.allSatisfy { !taken.contains($0) }
    }

    private mutating func keep(_ row: PriceRow) {
        do throws(PriceBookError) {
            try row.validate()
        } catch {
            notes.append("\(row.provider) \(row.match.text): \(error.message)")
            return
        }
        taken.formUnion(row.keys)
        rows.append(row)
    }
}
