/// The shape of the genai-prices package (MIT): providers with models, prices per million tokens or thousand uses.
///
/// Its rules: equal names, beginnings and parts of names; dated prices and prices for a time of day, of which the last
/// that holds is taken; variants by one condition over them. A unit without a price is free there.
package enum GenaiPrices {
    /// The units by the package's price keys, and how the price is scaled: times ten to `power`, times `factor`.
    static let units: [String: (unit: UsageUnit, power: Int)] = [
        "input_mtok": (.inputText, 0), "output_mtok": (.outputText, 0), "cache_read_mtok": (.cacheReadText, 0),
        "cache_write_mtok": (.cacheWrite5m, 0), "cache_write_5m_mtok": (.cacheWrite5m, 0),
        "cache_write_1h_mtok": (.cacheWrite1h, 0), "input_text_mtok": (.inputText, 0),
        "input_audio_mtok": (.inputAudio, 0), "input_image_mtok": (.inputImage, 0),
        "input_video_mtok": (.inputVideo, 0), "cache_audio_read_mtok": (.cacheReadAudio, 0),
        "cache_image_read_mtok": (.cacheReadImage, 0), "cache_video_read_mtok": (.cacheReadVideo, 0),
        "output_text_mtok": (.outputText, 0), "output_audio_mtok": (.outputAudio, 0),
        "output_image_mtok": (.outputImage, 0), "output_video_mtok": (.outputVideo, 0),
        "output_reasoning_mtok": (.outputReasoning, 0), "output_citation_mtok": (.outputCitation, 0),
        "input_mchars": (.characters, 0), "audio_hours": (.audioInputMilliseconds, 0),
        "input_audio_hours": (.audioInputMilliseconds, 0), "output_audio_hours": (.audioOutputMilliseconds, 0),
        "input_document_kpages": (.pages, -3), "rerank_searches_kcount": (.rerankSearches, -3),
        "web_searches_kcount": (.webSearches, -3), "storage_searches_kcount": (.fileSearches, -3),
        "code_executions_kcount": (.codeSessions, -3), "requests_kcount": (.requests, -3),
    ]

    /// Units that usages here do not tell apart from others; their prices are left out.
    static let uncounted: Set<String> = [
        "input_text_messages_kcount", "input_annotated_document_kpages", "social_searches_kcount", "input_gpixels",
    ]

    /// The prices and tiers of one price object; nil when it has none that is understood.
    ///
    /// - Parameter isWhole: Whether the object stands alone, so that a price of tokens in without one of tokens out says
    ///   that those are free; a variant only states what it changes.
    package static func prices(_ object: JSONValue, isWhole: Bool = true) throws(PriceBookError) -> ImportedPrices? {
        var result = ImportedPrices()
        for (key, value) in object.members where !uncounted.contains(key) {
            guard value != .null else { continue }
            guard let (unit, power) = units[key] else {
                throw PriceBookError(.badUnit, "\"\(key)\" is not a price key of genai-prices.")
            }
            if let scalar = value.scalar {
                result.set(unit, try rate(scalar, power, key))
                continue
            }
            guard let base = value["base"]?.scalar else {
                throw PriceBookError(.badDecimal, "\"\(key)\" has neither a price nor a base.")
            }
            result.set(unit, try rate(base, power, key))
            for step in value["tiers"]?.elements ?? [] {
                // `{"start": 200000, "price": 6}`, or `[200000, "6"]`.
                let pair = step.elements ?? [step["start"] ?? .null, step["price"] ?? .null]
                guard pair.count == 2, let start = pair[0].integer, let price = pair[1].scalar else {
                    throw PriceBookError(.badText, "\"\(key)\" has a tier without start and price.")
                }
                result.set(unit, try rate(price, power, key), above: start)
            }
        }
        guard !result.prices.isEmpty else { return nil }
        if isWhole, result.prices[.inputText] != nil, result.prices[.outputText] == nil {
            result.set(.outputText, .zero)
        }
        return result
    }

    private static func rate(_ text: String, _ power: Int, _ key: String) throws(PriceBookError) -> Rate {
        guard let rate = Rate(number: text, timesTenTo: power) else {
            throw PriceBookError(.badDecimal, "\"\(text.prefix(40))\" is not a price of \(key).")
        }
        return rate
    }
}

/// Prices and their context tiers while a row is put together.
package struct ImportedPrices: Equatable, Sendable {
    /// The prices of a short input.
    package private(set) var prices = PriceTable()
    private var steps: [Int64: PriceTable] = [:]
    /// Whether an input of exactly a threshold is in its tier.
    package var isInclusive = false

    /// No prices.
    package init() {}

    /// Sets the price of a unit, for inputs above a threshold where there is one.
    package mutating func set(_ unit: UsageUnit, _ rate: Rate, above threshold: Int64? = nil) {
        if let threshold {
            steps[threshold, default: PriceTable()][unit] = rate
        } else {
            prices[unit] = rate
        }
    }

    /// The tiers by ascending threshold.
    package var tiers: [PriceRow.ContextTier] {
        steps.sorted { $0.key < $1.key }.map {
            PriceRow.ContextTier(above: $0.key, inclusive: isInclusive, prices: $0.value)
        }
    }

    /// These prices with those of another over them, tier by tier.
    package func overlaid(by other: ImportedPrices) -> ImportedPrices {
        var result = self
        result.prices = prices.overlaid(by: other.prices)
        for (threshold, table) in other.steps {
            result.steps[threshold] = (steps[threshold] ?? PriceTable()).overlaid(by: table)
        }
        for unit in other.prices.units {
            // A unit that is stated anew has only the steps that are stated with it.
            for threshold in steps.keys where other.steps[threshold]?[unit] == nil {
                result.steps[threshold]?[unit] = nil
            }
        }
        result.steps = result.steps.filter { !$0.value.isEmpty }
        return result
    }
}
