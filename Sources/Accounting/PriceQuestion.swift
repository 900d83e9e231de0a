/// The question what one usage costs, as programs put it: a JSON object with provider, model, time and usage.
///
/// ```
/// {"provider": "openai", "model": "gpt-4o", "at": "2026-11-20T12:00:00Z",
///  "usage": {"input_total": 1200, "cache_read": 1000, "output_total": 300}, "context": {"service_tier": "flex"}}
/// ```
/// `row` or `book` bring the prices along; `id` is given back; `expected_cost_usd` is compared with.
package struct PriceQuestion: Sendable {
    /// What the asker calls the question, given back as it is.
    package var id: JSONValue?
    /// What selects the price; its time is 0 where ``hasTime`` is false.
    package var query: PriceQuery
    /// Whether a time was stated.
    package var hasTime: Bool
    /// What was used.
    package var usage: Usage
    /// The prices of one row, in the form of genai-prices, LiteLLM or a price book's file.
    package var row: JSONValue?
    /// A whole price book, as an object or as the text of a file.
    package var book: JSONValue?
    /// Whose form the row has, where that is stated: `genai-prices`, `litellm`.
    package var engine: String?
    /// The exact amount that the asker expects, in dollars.
    package var expected: String?

    /// A question from its object.
    ///
    /// - Throws: `PriceBookError` that says which member is not understood.
    package init(_ json: JSONValue) throws(PriceBookError) {
        guard case .object = json else { throw Self.bad("A question is a JSON object with a model and a usage") }
        id = json["id"]
        row = json["row"]
        engine = json["engine"]?.text
        book = json["book"]
        expected = json["expected_cost_usd"]?.scalar
        let model = json["model"]
        let reported = model?.text ?? model?["reported"]?.text ?? json["model_reported"]?.text
        let sent = model?["sent"]?.text ?? model?["requested"]?.text ?? json["model_requested"]?.text
        guard reported != nil || sent != nil || row != nil else { throw Self.bad("There is no model") }
        query = PriceQuery(
            provider: json["provider"]?.text ?? "*",
            modelReported: reported ?? (sent == nil ? "m" : nil),
            modelSent: sent,
            time: 0,
            group: json["group"]?.text ?? "",
            client: json["client"]?.text ?? ""
        )
        let time = json["at"]?.text ?? json["time"]?.text
        hasTime = time != nil
        if let time {
            guard let seconds = PriceDate.moment(time), abs(seconds) < 253_402_300_800 else {
                throw Self.bad("\"\(time.prefix(40))\" is not a time; write 2026-11-20T12:00:00Z")
            }
            query.time = seconds * 1_000_000
        }
        guard let used = json["usage"] else { throw Self.bad("There is no usage") }
        usage = try UsageQuestion.usage(used)
        let context = json["context"] ?? .null
        func named(_ names: String...) -> String? {
            for source in [context, json, used] {
                for name in names { if let text = source[name]?.text { return text } }
            }
            return nil
        }
        usage.serviceTier = named("processing") ?? named("service_tier", "tier")
        if json["batch"] == .bool(true) || context["batch"] == .bool(true) { usage.serviceTier = "batch" }
        usage.speed = named("speed")
        usage.region = named("region", "inference_geo", "geo")
    }

    static func bad(_ message: String) -> PriceBookError { PriceBookError(.badText, message + ".") }

    /// The rows that the question brings along in another program's form; nil when it brings none, or one in the form
    /// of a price book's file.
    package func importedBook() throws(PriceBookError) -> PriceBook? {
        guard let row else { return nil }
        let keys = row.members.map(\.name)
        var entries: [PriceImport.Entry]
        if engine == PriceImport.Source.genaiPrices.rawValue
            || keys.contains(where: { GenaiPrices.units[$0] != nil || GenaiPrices.uncounted.contains($0) })
        {
            var prices = try GenaiPrices.prices(row) ?? ImportedPrices()
            // What has no price is free in that form, not unknown.
            for unit in UsageUnit.allCases where unit != .requests && unit != .inputTool && unit.priceChain.count == 1 {
                if prices.prices[unit] == nil { prices.set(unit, .zero) }
            }
            entries = [.init(prices: prices)]
        } else if engine == PriceImport.Source.litellm.rawValue
            || keys.contains(where: { $0.contains("_cost") || $0 == "tiered_pricing" })
        {
            entries = LiteLLMPrices.entries(row)
            guard !entries.isEmpty else { throw Self.bad("The row has no price") }
            // That program charges `fast` as `priority` where it has no price of its own.
            if let place = entries.firstIndex(where: { $0.conditions.serviceTier == "priority" }),
                !entries.contains(where: { $0.conditions.serviceTier == "fast" })
            {
                var copy = entries[place]
                copy.conditions.serviceTier = "fast"
                entries.append(copy)
            }
        } else {
            return nil
        }
        var result = PriceImport()
        let name = query.modelReported ?? query.modelSent ?? "m"
        result.add(entries, names: [name], provider: query.provider.asciiLowercased)
        if result.rows.isEmpty, let note = result.notes.first { throw Self.bad(note) }
        return try result.book()
    }

    /// The answer as one line of JSON, without a line's end.
    package func answer(by pricer: Pricer) -> String {
        let quote = pricer.lines(of: usage, for: query)
        var members: [(name: String, value: JSONValue)] = []
        if let id { members.append(("id", id)) }
        members.append(("state", .string(quote.cost.state.name)))
        let isKnown = quote.cost.state != .unpriced
        members.append(("usd", isKnown ? .string(quote.cost.amount.dollars) : .null))
        if let expected { members.append(("exact", .bool(isKnown && Self.isSame(quote.cost.amount, expected)))) }
        members.append(("row", quote.cost.row.flatMap { pricer.row($0)?.summary(index: $0) } ?? .null))
        members.append(("lines", .array(quote.lines.map(\.json))))
        return JSONValue.object(members).json
    }

    private static func isSame(_ amount: Money, _ expected: String) -> Bool {
        ScientificDecimal(expected)?.scaled(by: 12).map { $0.mantissa == amount.picodollars } ?? false
    }
}

extension PriceRow {
    /// What tells the row apart, for programs.
    package func summary(index: UInt32? = nil) -> JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            ("provider", .string(provider)), ("model", .string(match.label)),
        ]
        if let index { members.insert(("index", .number(String(index))), at: 0) }
        if effectiveFrom != 0 {
            members.append(("effective_from", PriceDate.text(effectiveFrom).map(JSONValue.string) ?? .null))
        }
        if let tier = conditions.serviceTier { members.append(("service_tier", .string(tier))) }
        if let speed = conditions.speed { members.append(("speed", .string(speed))) }
        if let region = conditions.region { members.append(("region", .string(region))) }
        if let window = conditions.window { members.append(("window", .string(window.text))) }
        return .object(members)
    }
}

extension PriceRow {
    /// What tells the row apart, for people: `openai gpt-5.4 from 2026-10-12 when flex`.
    package var label: String {
        let since = effectiveFrom == 0 ? "" : " from " + (PriceDate.text(effectiveFrom) ?? "")
        let when = [conditions.serviceTier, conditions.speed, conditions.region, conditions.window?.text]
            .compactMap(\.self).joined(separator: ", ")
        return "\(provider) \(match.label)\(since)\(when.isEmpty ? "" : " when " + when)"
    }
}

extension PriceRow.ModelMatch {
    /// The name, with a `*` behind a beginning.
    package var label: String {
        if case .prefix(let text) = self { return text + "*" }
        return text
    }
}

extension PriceConditions.Window {
    /// `16:30-00:30`, with the days where they are not all: `00:00-24:00 sat,sun`.
    package var text: String {
        func time(_ minute: Int) -> String {
            "\(PriceDate.padded(Int64(minute / 60), 2)):\(PriceDate.padded(Int64(minute % 60), 2))"
        }
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        let text = "\(time(fromMinute))-\(time(untilMinute))"
        guard weekdays != Self.everyDay else { return text }
        return text + " "
            + days.indices.filter { weekdays & (1 << UInt8($0)) != 0 }.map { days[$0] }.joined(separator: ",")
    }
}

extension Quote.Line {
    /// The line as JSON.
    package var json: JSONValue {
        func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
        var members: [(name: String, value: JSONValue)] = [
            ("unit", .string(unit.priceKey)), ("count", .number(String(count))),
            ("priced_as", text(pricedAs?.priceKey)), ("price", text(rate?.text)), ("per", .string(unit.quantityText)),
            ("usd", text(amount?.dollars)),
        ]
        if let model { members.append(("model", .string(model))) }
        return .object(members)
    }
}

extension UsageUnit {
    /// What a price of the unit is for.
    package var quantityText: String {
        switch priceQuantity {
        case .perMillion: "million"
        case .perUse: "use"
        case .perHour: "hour"
        }
    }
}
