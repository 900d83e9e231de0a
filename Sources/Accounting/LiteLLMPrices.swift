/// The shape of LiteLLM's list (MIT): models by name, dollars for one token, second, image, page or query; suffixes for
/// long inputs (`_above_200k_tokens`) and service tiers (`_batches`, `_flex`, ...).
package enum LiteLLMPrices {
    /// The units by key, and the factor from the list's quantity to the book's.
    private static let units: [String: (unit: UsageUnit, power: Int, factor: Int64)] = [
        "input_cost_per_token": (.inputText, 6, 1), "output_cost_per_token": (.outputText, 6, 1),
        "cache_read_input_token_cost": (.cacheReadText, 6, 1),
        "cache_creation_input_token_cost": (.cacheWrite5m, 6, 1),
        "cache_creation_input_token_cost_above_1hr": (.cacheWrite1h, 6, 1),
        "input_cost_per_audio_token": (.inputAudio, 6, 1), "output_cost_per_audio_token": (.outputAudio, 6, 1),
        "cache_read_input_audio_token_cost": (.cacheReadAudio, 6, 1),
        "cache_read_input_image_token_cost": (.cacheReadImage, 6, 1),
        "input_cost_per_image_token": (.inputImage, 6, 1), "output_cost_per_image_token": (.outputImage, 6, 1),
        "input_cost_per_video_token": (.inputVideo, 6, 1), "output_cost_per_video_token": (.outputVideo, 6, 1),
        "output_cost_per_reasoning_token": (.outputReasoning, 6, 1), "citation_cost_per_token": (.outputCitation, 6, 1),
        "input_cost_per_character": (.characters, 6, 1), "ocr_cost_per_page": (.pages, 0, 1),
        "output_cost_per_image": (.images, 0, 1), "input_cost_per_request": (.requests, 0, 1),
        "code_interpreter_cost_per_session": (.codeSessions, 0, 1),
        "file_search_cost_per_1k_calls": (.fileSearches, -3, 1),
        "input_cost_per_second": (.audioInputMilliseconds, 0, 3600),
        "input_cost_per_audio_per_second": (.audioInputMilliseconds, 0, 3600),
    ]
    private static let serviceTiers = [
        "_batches": "batch", "_flex": "flex", "_priority": "priority", "_balanced": "balanced",
        "_ultrafast": "ultrafast", "_fast": "fast", "_decisions": "decisions",
    ]
    /// Providers that count from exactly the threshold on.
    private static let inclusiveProviders: Set<String> = ["xai"]

    /// The rows of one model; none when nothing in it is a price that is understood.
    package static func entries(_ model: JSONValue) -> [PriceImport.Entry] {
        var base = ImportedPrices()
        base.isInclusive = inclusiveProviders.contains(model["litellm_provider"]?.text ?? "")
        // The list states the tiers of a step under the steps of a tier, too, so each tier is collected apart.
        var tiers: [String: ImportedPrices] = [:]
        for (key, value) in model.members {
            guard let place = place(key, mode: model["mode"]?.text ?? ""), let text = value.scalar,
                let rate = rate(text, place.power, place.factor),
                key != "input_cost_per_image" || model["output_cost_per_image"]?.scalar == nil
            else { continue }
            if let tier = place.tier {
                tiers[tier, default: ImportedPrices()].set(place.unit, rate, above: place.threshold)
            } else {
                base.set(place.unit, rate, above: place.threshold)
            }
        }
        addSteps(model, to: &base)
        if base.prices[.webSearches] == nil,
            let search = model["search_context_cost_per_query"]?["search_context_size_medium"]?.scalar,
            let rate = Rate(number: search)
        {
            base.set(.webSearches, rate)
        }
        guard !base.prices.isEmpty else { return [] }
        var entries = [PriceImport.Entry(prices: base)]
        for (tier, prices) in tiers.sorted(by: { $0.key < $1.key }) {
            let refined = base.refined(by: prices.followed(from: base))
            entries.append(.init(conditions: PriceConditions(serviceTier: tier), prices: refined))
        }
        entries += windows(model, base)
        return entries + uplifts(model, entries)
    }

    /// `provider_specific_entry`: factors on the tokens for a region and a speed of the provider's own.
    private static func uplifts(_ model: JSONValue, _ entries: [PriceImport.Entry]) -> [PriceImport.Entry] {
        var all = entries
        for (key, value) in model["provider_specific_entry"]?.members ?? [] {
            guard let text = value.scalar, let factor = try? Multiplier(text) else { continue }
            for entry in all {
                var copy = entry
                switch key {
                case "us", "eu": copy.conditions.region = key
                case "fast": copy.conditions.speed = key
                default: continue
                }
                copy.prices = entry.prices.scaled(by: factor)
                all.append(copy)
            }
        }
        return Array(all.dropFirst(entries.count))
    }

    private static func rate(_ text: String, _ power: Int, _ factor: Int64) -> Rate? {
        Rate(number: text, timesTenTo: power)?.times(factor)
    }

    private static func place(
        _ key: String,
        mode: String
    ) -> (unit: UsageUnit, power: Int, factor: Int64, threshold: Int64?, tier: String?)? {
        var name = key[...]
        var tier: String?
        for (suffix, meant) in serviceTiers where name.hasSuffix(suffix) && name.contains("_cost") {
            name = name.dropLast(suffix.count)
            tier = meant
            break
        }
        var threshold: Int64?
        if name.hasSuffix("_tokens"), let above = name.lastRange(of: "_above_") {
            var digits = name[above.upperBound...].dropLast("_tokens".count)
            let thousands = digits.last == "k"
            if thousands { digits = digits.dropLast() }
            guard let number = Int64(digits), number > 0, number < 1_000_000_000 else { return nil }
            threshold = thousands ? number * 1000 : number
            name = name[..<above.lowerBound]
        }
        let found: (unit: UsageUnit, power: Int, factor: Int64)? =
            switch name {
            case "output_cost_per_second" where mode == "video_generation": (.videoOutputMilliseconds, 0, 3600)
            case "output_cost_per_second" where mode == "audio_speech": (.audioOutputMilliseconds, 0, 3600)
            case "output_cost_per_video_per_second": (.videoOutputMilliseconds, 0, 3600)
            // What an image costs that is made; a price for the output goes before it.
            case "input_cost_per_image" where mode == "image_generation": (.images, 0, 1)
            case "input_cost_per_query" where mode == "rerank": (.rerankSearches, 0, 1)
            case "input_cost_per_query" where mode == "search": (.webSearches, 0, 1)
            default: units[String(name)]
            }
        return found.map { ($0.unit, $0.power, $0.factor, threshold, tier) }
    }

    /// `tiered_pricing`: the first range is the base, a later one begins above its lower end.
    private static func addSteps(_ model: JSONValue, to base: inout ImportedPrices) {
        for step in model["tiered_pricing"]?.elements ?? [] {
            guard let start = step["range"]?.elements?.first?.integer else { continue }
            for (key, value) in step.members {
                guard let place = place(key, mode: ""), place.tier == nil, place.threshold == nil,
                    let text = value.scalar, let rate = rate(text, place.power, place.factor)
                else { continue }
                base.set(place.unit, rate, above: start > 0 ? start : nil)
            }
        }
    }

    /// `off_peak_pricing`: other prices in some hours of some days (UTC, 1 is Monday).
    private static func windows(_ model: JSONValue, _ base: ImportedPrices) -> [PriceImport.Entry] {
        guard let cheap = model["off_peak_pricing"] else { return [] }
        var prices = ImportedPrices()
        for (key, value) in cheap.members {
            guard let place = place(key, mode: ""), place.tier == nil, let text = value.scalar,
                let rate = rate(text, place.power, place.factor)
            else { continue }
            prices.set(place.unit, rate, above: place.threshold)
        }
        guard !prices.prices.isEmpty else { return [] }
        let merged = base.refined(by: prices)
        var entries: [PriceImport.Entry] = []
        for window in cheap["windows"]?.elements ?? [] {
            var days: UInt8 = 0
            for day in window["weekdays"]?.elements ?? [] {
                if let number = day.integer, (1...7).contains(number) { days |= 1 << UInt8(number - 1) }
            }
            let hours = window["hours_utc"]?.elements ?? [window["hours_utc"] ?? .null]
            for span in hours.compactMap(\.text) {
                let ends = span.split(separator: "-").compactMap { PriceDate.moment("2026-01-05T\($0):00Z") }
                guard ends.count == 2 else { continue }
                let from = Int(ends[0] % 86_400 / 60)
                let until = Int(ends[1] % 86_400 / 60)
                let part = PriceConditions.Window(
                    fromMinute: from,
                    untilMinute: until == 0 ? 1440 : until,
                    weekdays: days == 0 ? PriceConditions.Window.everyDay : days
                )
                entries.append(.init(conditions: PriceConditions(window: part), prices: merged))
            }
        }
        return entries
    }
}

extension ImportedPrices {
    /// These prices with those of tokens times a factor, rounded half to even to the twelfth digit.
    func scaled(by factor: Multiplier) -> ImportedPrices {
        var result = ImportedPrices()
        result.isInclusive = isInclusive
        func add(_ table: PriceTable, above threshold: Int64?) {
            for unit in table.units {
                guard let rate = table[unit] else { continue }
                let isToken = UnitSet.tokens & UnitSet.bit(unit) != 0
                result.set(unit, isToken ? rate.times(factor) ?? rate : rate, above: threshold)
            }
        }
        add(prices, above: nil)
        for tier in tiers { add(tier.prices, above: tier.threshold) }
        return result
    }

    /// The prices of a tier with those that it does not state and that change as another one does: reasoning as the
    /// output, the long cache write as the short one.
    func followed(from base: ImportedPrices) -> ImportedPrices {
        var result = self
        for (unit, leader) in [(UsageUnit.outputReasoning, UsageUnit.outputText), (.cacheWrite1h, .cacheWrite5m)] {
            guard prices[unit] == nil, let was = base.prices[unit], let changed = prices[leader],
                let before = base.prices[leader], let rate = was.times(changed, over: before)
            else { continue }
            result.set(unit, rate)
        }
        return result
    }

    /// These prices with those of another over them; a step that the other does not state stays.
    func refined(by other: ImportedPrices) -> ImportedPrices {
        var result = self
        for unit in other.prices.units {
            if let rate = other.prices[unit] { result.set(unit, rate) }
        }
        for tier in other.tiers {
            for unit in tier.prices.units {
                if let rate = tier.prices[unit] { result.set(unit, rate, above: tier.threshold) }
            }
        }
        return result
    }
}

extension Substring {
    /// Where a text stands for the last time.
    fileprivate func lastRange(of text: String) -> Range<Index>? {
        var end = endIndex
        while end > startIndex {
            let head = self[..<end]
            if head.hasSuffix(text) { return head.index(head.endIndex, offsetBy: -text.count)..<head.endIndex }
            end = index(before: end)
        }
        return nil
    }
}
