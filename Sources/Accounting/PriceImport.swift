/// A price book that another program's price list was turned into.
package struct PriceImport: Sendable {
    /// Prices of a model from one moment on, under some conditions.
    package struct Entry: Sendable {
        var from: Int64 = 0
        var conditions = PriceConditions()
        var prices: ImportedPrices
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
    private var taken: Set<Name> = []

    /// A name of a provider's models.
    private struct Name: Hashable {
        var provider: String
        var match: PriceRow.ModelMatch
    }

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

    /// Adds rows for each way that the names are matched in. Names that an earlier model has are left to that one.
    mutating func add(_ entries: [Entry], names: [String], provider: String) {
        var exact: [String] = []
        var others: [PriceRow.ModelMatch] = []
        for name in names.map(\.asciiLowercased) where (try? PriceBook.check(name: name, as: "model")) != nil {
            let body = name.dropLast()
            if !name.contains("*") {
                if !exact.contains(name) { exact.append(name) }
                continue
            }
            let isPrefix = name.last == "*" && !body.contains("*") && !body.isEmpty
            let match = isPrefix ? PriceRow.ModelMatch.prefix(String(body)) : .pattern(name)
            if !others.contains(match) { others.append(match) }
        }
        guard (try? PriceBook.check(provider: provider)) != nil else {
            notes.append("\(provider): not a name for a provider")
            return
        }
        let isFree = { [taken] (match: PriceRow.ModelMatch) in !taken.contains(Name(provider: provider, match: match)) }
        for name in exact where !isFree(.exact(name)) {
            notes.append("\(provider) \(name): named twice, the first counts")
        }
        exact = exact.filter { isFree(.exact($0)) }
        others = others.filter(isFree)
        taken.formUnion((exact.map(PriceRow.ModelMatch.exact) + others).map { Name(provider: provider, match: $0) })
        for entry in entries {
            var row = PriceRow(
                provider: provider,
                match: .exact(""),
                effectiveFrom: entry.from,
                conditions: entry.conditions,
                prices: entry.prices.prices,
                tiers: entry.prices.tiers,
                minimums: Self.minimums(provider, names)
            )
            if let first = exact.first {
                row.match = .exact(first)
                row.aliases = Array(exact.dropFirst().prefix(PriceBook.aliasLimit))
                keep(row)
            }
            row.aliases = []
            for match in others {
                row.match = match
                keep(row)
            }
        }
    }

    /// What no list says: Groq's transcriptions count at least ten seconds.
    private static func minimums(_ provider: String, _ names: [String]) -> [UsageUnit: Int64] {
        let isTranscription = provider == "groq" && names.contains { $0.asciiLowercased.hasPrefix("whisper-large-v3") }
        return isTranscription ? [.audioInputMilliseconds: 10_000] : [:]
    }

    private mutating func keep(_ row: PriceRow) {
        do throws(PriceBookError) {
            try row.validate()
        } catch {
            notes.append("\(row.provider) \(row.match.text): \(error.message)")
            return
        }
        rows.append(row)
    }
}
