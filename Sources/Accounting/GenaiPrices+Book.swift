extension GenaiPrices {
    /// A book from the package's data file: a list of providers, or an object with the list under `providers`.
    package static func book(_ json: JSONValue) throws(PriceBookError) -> PriceImport {
        guard let providers = json.elements ?? json["providers"]?.elements, providers.first?["id"]?.text != nil else {
            throw PriceBookError(.badText, "The file is no list of providers such as genai-prices has.")
        }
        var result = PriceImport()
        for provider in providers {
            guard let name = provider["id"]?.text else { continue }
            let others = provider["fallback_model_providers"]?.elements?.compactMap(\.text) ?? []
            if !others.isEmpty { result.fallbacks[name.asciiLowercased] = others.map(\.asciiLowercased) }
            for model in provider["models"]?.elements ?? [] {
                guard let id = model["id"]?.text else { continue }
                do throws(PriceBookError) {
                    let names = names(model["match"] ?? .null, result: &result, owner: "\(name) \(id)")
                    try add(model, names: [id] + names, provider: name.asciiLowercased, to: &result)
                } catch {
                    result.notes.append("\(name) \(id): \(error.message)")
                }
            }
        }
        return result
    }

    /// The names that a match rule stands for: `x` is a whole name, `x*` a beginning, anything else with `*` a pattern.
    private static func names(_ rule: JSONValue, result: inout PriceImport, owner: String) -> [String] {
        guard let (kind, value) = rule.members.first.map({ ($0.name, $0.value) }) else { return [] }
        switch (kind, value.text) {
        case ("equals", let text?): return [text]
        case ("starts_with", let text?): return [text + "*"]
        case ("ends_with", let text?): return ["*" + text]
        case ("contains", let text?): return ["*" + text + "*"]
        case ("or", nil):
            return (value.elements ?? []).flatMap { names($0, result: &result, owner: owner) }
        case ("and", nil):
            // Stands for "begins so, but is no speech model"; those have longer names of their own.
            let plain = (value.elements ?? []).filter { $0["regex"] == nil && $0["not"] == nil }
            guard plain.count < 2 else {
                result.notes.append("\(owner): a rule of several conditions was left out")
                return []
            }
            return plain.flatMap { names($0, result: &result, owner: owner) }
        case ("regex", let text?):
            let names = names(ofRegex: text)
            // Dates after a name are taken off by the matching of names itself.
            if names.isEmpty, !text.contains("\\d{8}"), !text.contains("\\d{4}") {
                result.notes.append("\(owner): the rule \(text) was left out")
            }
            return names
        default: return []
        }
    }

    /// The names of an expression that is one name (`^x\.1\[a\]$`), or one with a digit behind it (`^x\.1-\d`).
    private static func names(ofRegex text: String) -> [String] {
        guard text.hasPrefix("^") else { return [] }
        var literal = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            switch character {
            case "\\":
                guard let escaped = rest.popFirst() else { return [] }
                if escaped == "d" { return rest.isEmpty ? (0...9).map { "\(literal)\($0)*" } : [] }
                guard !escaped.isLetter, !escaped.isNumber else { return [] }
                literal.append(escaped)
            case "$": return rest.isEmpty ? [literal] : []
            case ".", "[", "]", "(", ")", "{", "}", "*", "+", "?", "|", "^": return []
            default: literal.append(character)
            }
        }
        return []
    }

    private static func add(
        _ model: JSONValue,
        names: [String],
        provider: String,
        to result: inout PriceImport
    ) throws(PriceBookError) {
        var dated: [(start: Int64, prices: ImportedPrices)] = []
        var rows: [PriceImport.Entry] = []
        let list = model["prices"]?.elements ?? [.object([("prices", model["prices"] ?? .null)])]
        for (number, conditional) in list.enumerated() {
            guard let object = conditional["prices"], let prices = try prices(object) ?? free(object) else { continue }
            let constraint = conditional["constraint"]
            if let window = try window(constraint) {
                let start = dated.last?.start ?? 0
                rows.append(.init(from: start, conditions: PriceConditions(window: window), prices: prices))
            } else {
                dated.append((number == 0 ? 0 : try start(constraint), prices))
            }
        }
        rows = dated.map { .init(from: $0.start, prices: $0.prices) } + rows
        var variants: [(conditions: PriceConditions, steps: [(start: Int64, prices: ImportedPrices)])] = []
        for variant in model["price_variants"]?.elements ?? [] {
            guard let when = variant["when"]?.members, when.count == 1, let condition = when.first,
                let wanted = condition.value.text, let object = variant["prices"],
                let prices = try prices(object, isWhole: false),
                try window(variant["constraint"]) == nil
            else { continue }
            var conditions = PriceConditions()
            switch condition.name {
            case "service_tier", "processing": conditions.serviceTier = wanted
            case "speed": conditions.speed = wanted
            case "region", "inference_geo": conditions.region = wanted
            default: continue
            }
            let step = (try start(variant["constraint"]), prices)
            if let place = variants.firstIndex(where: { $0.conditions == conditions }) {
                variants[place].steps.append(step)
            } else {
                variants.append((conditions, [step]))
            }
        }
        for (conditions, steps) in variants {
            // Whichever side changes, the variant over the dated prices is a row of its own.
            for start in Set(steps.map(\.start) + dated.map(\.start)).sorted() {
                let active = steps.filter { $0.start <= start }
                guard !active.isEmpty, var merged = dated.last(where: { $0.start <= start })?.prices else { continue }
                // Of a unit in several variants the first that has begun counts.
                for step in active.reversed() { merged = merged.overlaid(by: step.prices) }
                rows.append(.init(from: start, conditions: conditions, prices: merged))
            }
        }
        result.add(rows, names: names, provider: provider)
    }

    /// A model without any price is free there; one with none but prices that are not understood has no row.
    private static func free(_ object: JSONValue) -> ImportedPrices? {
        guard object.members.allSatisfy({ $0.value == .null }) else { return nil }
        var prices = ImportedPrices()
        prices.set(.inputText, .zero)
        prices.set(.outputText, .zero)
        return prices
    }

    private static func start(_ constraint: JSONValue?) throws(PriceBookError) -> Int64 {
        guard let text = constraint?["start_date"]?.text else { return 0 }
        guard let seconds = PriceDate.moment(text) else {
            throw PriceBookError(.badDate, "\"\(text.prefix(40))\" is not a date.")
        }
        return seconds
    }

    private static func window(_ constraint: JSONValue?) throws(PriceBookError) -> PriceConditions.Window? {
        guard let from = constraint?["start_time"]?.text, let until = constraint?["end_time"]?.text else { return nil }
        // `00:30:00Z`; the date only makes it a moment.
        guard let first = PriceDate.moment("2026-01-05T\(from)"), let last = PriceDate.moment("2026-01-05T\(until)")
        else {
            throw PriceBookError(.badDate, "\"\(from.prefix(20))\" to \"\(until.prefix(20))\" is no time of day.")
        }
        func minute(_ seconds: Int64) -> Int { Int(((seconds % 86_400) + 86_400) % 86_400 / 60) }
        return PriceConditions.Window(fromMinute: minute(first), untilMinute: minute(last))
    }
}
