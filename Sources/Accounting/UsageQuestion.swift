/// Reads a usage from the ways in which programs write one down.
///
/// Flat, with totals that hold their parts: `{"input_total": 1200, "cache_read": 1000, "output_total": 300}`; or in the
/// form of an event: `{"input": {"text": 200, "cache_read": 1000}, "output": {"text": 300}, "units": {}}`.
enum UsageQuestion {
    static func usage(_ json: JSONValue) throws(PriceBookError) -> Usage {
        guard case .object = json else { throw PriceQuestion.bad("The usage is no JSON object") }
        var usage = Usage()
        usage.source = .body
        usage.complete = true
        if json["input"]?.members.isEmpty == false || json["output"]?.members.isEmpty == false || json["units"] != nil {
            usage.counts = try nested(json)
        } else {
            usage.counts = try flat(json)
        }
        return usage
    }

    /// Words that are no counts and may stand beside them.
    private static let words: Set<String> = [
        "service_tier", "tier", "speed", "region", "geo", "inference_geo", "processing", "source", "complete", "raw",
        "reported_total", "provider_cost_usd",
    ]

    private static func nested(_ json: JSONValue) throws(PriceBookError) -> UsageCounts {
        var counts = UsageCounts()
        for (side, name) in [(UsageUnit.Side.input, "input"), (.output, "output"), (.other, "units")] {
            for (key, value) in json[name]?.members ?? [] where key != "total" && value != .null {
                guard let unit = UsageUnit.allCases.first(where: { isOn(side, $0) && $0.name == key }) else {
                    throw PriceQuestion.bad("\"\(key.prefix(40))\" is not a unit of \(name)")
                }
                counts[unit] = try count(value, key)
            }
            guard let total = json[name]?["total"], side != .other, counts.total(side) == nil else { continue }
            counts[side == .input ? .inputText : .outputText] = try count(total, "total")
        }
        return counts
    }

    private static func isOn(_ side: UsageUnit.Side, _ unit: UsageUnit) -> Bool {
        unit.side == side && unit != .inputTool || unit == .inputTool && side == .input
    }

    private static let names: [String: UsageUnit] = {
        var names: [String: UsageUnit] = [
            "cache_audio_read": .cacheReadAudio, "cache_image_read": .cacheReadImage,
            "cache_video_read": .cacheReadVideo, "output_reasoning": .outputReasoning,
            "output_citation": .outputCitation, "citations": .outputCitation, "document_pages": .pages,
            "code_executions": .codeSessions, "storage_searches": .fileSearches, "input_document_pages": .pages,
            "input_characters": .characters,
        ]
        for unit in UsageUnit.allCases where unit != .inputText && unit != .outputText && unit != .inputTool {
            names[unit.priceKey] = unit
            names[unit.minimumKey] = unit
            if unit.side == .other { names[unit.name] = unit }
        }
        return names
    }()
    private static let seconds: [String: UsageUnit] = [
        "audio_seconds": .audioInputMilliseconds, "audio_seconds_in": .audioInputMilliseconds,
        "input_audio_seconds": .audioInputMilliseconds, "audio_seconds_out": .audioOutputMilliseconds,
        "output_audio_seconds": .audioOutputMilliseconds, "session_seconds": .sessionMilliseconds,
        "video_seconds": .videoOutputMilliseconds, "output_video_seconds": .videoOutputMilliseconds,
    ]

    private static func flat(_ json: JSONValue) throws(PriceBookError) -> UsageCounts {
        var given = UsageCounts()
        var input: Int64?
        var output: Int64?
        var written: Int64?
        for (name, value) in json.members where value != .null && !words.contains(name) {
            let key = name.hasSuffix("_tokens") ? String(name.dropLast(7)) : name
            switch key {
            case "input_total", "input": input = try count(value, name)
            case "output_total", "output": output = try count(value, name)
            case "cache_write", "cache_creation": written = try count(value, name)
            case "input_text", "output_text": continue
            default:
                if let unit = names[key] {
                    given[unit] = try count(value, name)
                } else if let unit = seconds[name] {
                    given[unit] = try milliseconds(value, name)
                } else {
                    throw PriceQuestion.bad("\"\(name.prefix(40))\" is not a count of a usage")
                }
            }
        }
        try separate(&given, written: written)
        try rest(of: input, .input, .inputText, &given)
        try rest(of: output, .output, .outputText, &given)
        return given
    }

    /// Takes parts out of the parts they are in: cached audio is in the cached and in the audio input, writes of a
    /// stated lifetime are in the writes.
    private static func separate(_ given: inout UsageCounts, written: Int64?) throws(PriceBookError) {
        for (cached, whole) in [
            (UsageUnit.cacheReadAudio, UsageUnit.inputAudio), (.cacheReadImage, .inputImage),
            (.cacheReadVideo, .inputVideo),
        ] {
            guard let part = given[cached] else { continue }
            for owner in [whole, .cacheReadText] {
                guard let count = given[owner] else { continue }
                guard count >= part else { throw PriceQuestion.bad("\(cached.name) is more than \(owner.priceKey)") }
                given[owner] = count - part
            }
        }
        guard let written else { return }
        let stated = saturated(given, [.cacheWrite5m, .cacheWrite1h, .cacheWriteOther])
        guard written >= stated else { throw PriceQuestion.bad("The parts of cache_write are more than cache_write") }
        given.add(written - stated, to: .cacheWrite5m)
    }

    private static func saturated(_ counts: UsageCounts, _ units: [UsageUnit]) -> Int64 {
        var total = UsageCounts()
        for unit in units { total.add(counts.sum(of: unit), to: .requests) }
        return total.sum(of: .requests)
    }

    private static func rest(
        of total: Int64?,
        _ side: UsageUnit.Side,
        _ unit: UsageUnit,
        _ given: inout UsageCounts
    ) throws(PriceBookError) {
        guard let total else { return }
        let parts = given.total(side) ?? 0
        guard total >= parts else {
            throw PriceQuestion.bad(
                "The \(unit.priceKey) of \(total) is less than its parts, \(parts); the total holds cached and written ones"
            )
        }
        given[unit] = total - parts
    }

    private static func count(_ value: JSONValue, _ name: String) throws(PriceBookError) -> Int64 {
        guard let count = value.integer else {
            throw PriceQuestion.bad("\"\(name.prefix(40))\" is not a whole number from zero on")
        }
        return count
    }

    private static func milliseconds(_ value: JSONValue, _ name: String) throws(PriceBookError) -> Int64 {
        guard let text = value.scalar, let scaled = ScientificDecimal(text)?.scaled(by: 3) else {
            throw PriceQuestion.bad("\"\(name.prefix(40))\" is not a number of seconds")
        }
        return scaled.mantissa
    }
}
