/// The plain text that the built-in prices are embedded as: one row a line, made by `tools/import-prices.py`.
///
/// ```
/// # a comment
/// =azure openai                       a provider, then its fallbacks
/// gpt-5|gpt-5-codex|gpt-5-mini* i=1.25 o=10 >272000 i=2.5
///  from=1785369600 tier=flex i=0.6    a blank first: the names of the line before
/// ```
/// A name that ends in `*` is a prefix, one with `*` elsewhere a pattern; each of those is a row of its own.
enum PriceText {
    private static let keys: [Substring: UsageUnit] = [
        "i": .inputText, "ia": .inputAudio, "ii": .inputImage, "iv": .inputVideo,
        "cr": .cacheReadText, "cra": .cacheReadAudio, "cri": .cacheReadImage, "crv": .cacheReadVideo,
        "cw": .cacheWrite5m, "cw1h": .cacheWrite1h, "cwo": .cacheWriteOther,
        "o": .outputText, "oa": .outputAudio, "oi": .outputImage, "ov": .outputVideo,
        "or": .outputReasoning, "oc": .outputCitation,
        "req": .requests, "web": .webSearches, "file": .fileSearches, "code": .codeSessions,
        "rerank": .rerankSearches, "img": .images, "page": .pages, "char": .characters,
        "ain": .audioInputMilliseconds, "aout": .audioOutputMilliseconds, "ses": .sessionMilliseconds,
        "vout": .videoOutputMilliseconds,
    ]

    static func parse(_ text: String) throws(PriceBookError) -> PriceBook {
        var rows: [PriceRow] = []
        var fallbacks: [String: [String]] = [:]
        var provider = ""
        var names: [Substring] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let first = line.first, first != "#" else { continue }
            var fields = line.split(separator: " ")
            if first == "=" {
                provider = String(fields.removeFirst().dropFirst())
                if !fields.isEmpty { fallbacks[provider] = fields.map(String.init) }
                continue
            }
            if first != " " { names = fields.removeFirst().split(separator: "|") }
            do throws(PriceBookError) {
                rows += try expand(try row(fields, provider: provider), names: names)
            } catch {
                throw PriceBookError(error.code, "Line \(number + 1): \(error.message)")
            }
        }
        return try PriceBook(rows: rows, fallbacks: fallbacks)
    }

    private static func expand(_ row: PriceRow, names: [Substring]) throws(PriceBookError) -> [PriceRow] {
        var rows: [PriceRow] = []
        let exact = names.filter { !$0.contains("*") }.map(String.init)
        if let name = exact.first {
            var copy = row
            copy.match = .exact(name)
            copy.aliases = Array(exact.dropFirst())
            rows.append(copy)
        }
        for name in names where name.contains("*") {
            var copy = row
            let body = name.dropLast()
            copy.match = name.last == "*" && !body.contains("*") ? .prefix(String(body)) : .pattern(String(name))
            rows.append(copy)
        }
        return rows
    }

    private static func row(_ fields: [Substring], provider: String) throws(PriceBookError) -> PriceRow {
        var row = PriceRow(provider: provider, match: .exact(""), prices: PriceTable())
        for field in fields {
            if field.first == ">" {
                let inclusive = field.hasPrefix(">=")
                guard let threshold = Int64(field.dropFirst(inclusive ? 2 : 1)) else { throw bad(field) }
                row.tiers.append(.init(above: threshold, inclusive: inclusive, prices: PriceTable()))
                continue
            }
            guard let equals = field.firstIndex(of: "=") else { throw bad(field) }
            let (key, value) = (field[..<equals], field[field.index(after: equals)...])
            switch key {
            case "from":
                guard let seconds = Int64(value) else { throw bad(field) }
                row.effectiveFrom = seconds
            case "tier": row.conditions.serviceTier = String(value)
            case "speed": row.conditions.speed = String(value)
            case "region": row.conditions.region = String(value)
            case "minutes":
                let ends = value.split(separator: "-").compactMap { Int($0) }
                guard ends.count == 2 else { throw bad(field) }
                row.conditions.window = .init(fromMinute: ends[0], untilMinute: ends[1])
            default:
                if key.hasPrefix("min:"), let unit = keys[key.dropFirst(4)], let minimum = Int64(value) {
                    row.minimums[unit] = minimum
                } else if let unit = keys[key] {
                    let rate = try Rate(value)
                    if row.tiers.isEmpty {
                        row.prices[unit] = rate
                    } else {
                        row.tiers[row.tiers.count - 1].prices[unit] = rate
                    }
                } else {
                    throw bad(field)
                }
            }
        }
        return row
    }

    private static func bad(_ field: Substring) -> PriceBookError {
        PriceBookError(.badText, "\"\(String(field.prefix(40)))\" is not understood.")
    }
}
