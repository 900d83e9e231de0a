/// The shape of models.dev's list (MIT): providers with models, dollars per million tokens.
package enum ModelsDevPrices {
    private static let providers = [
        "amazon-bedrock": "aws", "google-vertex": "google", "google-vertex-anthropic": "google", "xai": "x-ai",
        "togetherai": "together", "fireworks-ai": "fireworks", "llama": "meta", "novita-ai": "novita",
    ]
    private static let units: [String: UsageUnit] = [
        "input": .inputText, "output": .outputText, "reasoning": .outputReasoning, "cache_read": .cacheReadText,
        "cache_write": .cacheWrite5m, "input_audio": .inputAudio, "output_audio": .outputAudio,
    ]

    /// The prices of one model.
    package static func prices(_ cost: JSONValue) -> ImportedPrices? {
        var result = ImportedPrices()
        add(cost, above: nil, to: &result)
        let steps = cost["tiers"]?.elements ?? []
        for step in steps where step["tier"]?["type"]?.text ?? "context" == "context" {
            guard let size = step["tier"]?["size"]?.integer, size > 0 else { continue }
            add(step, above: size, to: &result)
        }
        if steps.isEmpty, let over = cost["context_over_200k"] { add(over, above: 200_000, to: &result) }
        return result.prices.isEmpty ? nil : result
    }

    private static func add(_ table: JSONValue, above: Int64?, to result: inout ImportedPrices) {
        for (key, value) in table.members {
            guard let unit = units[key], let text = value.scalar, let rate = Rate(number: text) else { continue }
            result.set(unit, rate, above: above)
        }
    }

    /// A book from the list, an object of providers.
    package static func book(_ json: JSONValue) throws(PriceBookError) -> PriceImport {
        guard json.members.contains(where: { $0.value["models"] != nil }) else {
            throw PriceBookError(.badText, "The file is no list of providers such as models.dev has.")
        }
        var result = PriceImport()
        for (id, provider) in json.members {
            for (name, model) in provider["models"]?.members ?? [] {
                guard let cost = model["cost"], let prices = prices(cost) else {
                    result.notes.append("\(id) \(name): no price")
                    continue
                }
                result.add([.init(prices: prices)], names: [name], provider: providers[id] ?? id.asciiLowercased)
            }
        }
        return result
    }
}
