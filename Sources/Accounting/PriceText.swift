/// The plain text that the built-in prices are embedded as: one row a line, made by `tools/import-prices`.
///
/// ```
/// # a comment
/// =azure openai                       a provider, then its fallbacks
/// gpt-5|gpt-5-codex|gpt-5-mini* i=1.25 o=10 >272000 i=2.5
///  from=1785369600 tier=flex i=0.6    a blank first: the names of the line before
/// ```
/// A name that ends in `*` is a prefix, one with `*` elsewhere a pattern; each of those is a row of its own. The text is
/// read as bytes, since it is read at every start.
struct PriceText {
    private typealias Bytes = ArraySlice<UInt8>

    private static let keys: [String: UsageUnit] = [
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
    /// The same by the letters of a key, packed into a number.
    private static let units: [UInt64: UsageUnit] =
        Dictionary(uniqueKeysWithValues: keys.map { (packed(Array($0.key.utf8)[...]), $0.value) })

    private var rows: [PriceRow] = []
    private var fallbacks: [String: [String]] = [:]
    private var provider = ""
    private var names: [Bytes] = []

    static func parse(_ text: String) throws(PriceBookError) -> PriceBook {
        var parser = PriceText()
        parser.rows.reserveCapacity(text.utf8.count / 40)
        var number = 0
        for line in Array(text.utf8).split(separator: 0x0a, omittingEmptySubsequences: false) {
            number += 1
            do throws(PriceBookError) {
                try parser.add(line)
            } catch {
                throw PriceBookError(error.code, "Line \(number): \(error.message)")
            }
        }
        return try PriceBook(rows: parser.rows, fallbacks: parser.fallbacks)
    }

    private mutating func add(_ line: Bytes) throws(PriceBookError) {
        guard let first = line.first, first != UInt8(ascii: "#") else { return }
        var fields = line.split(separator: 0x20)[...]
        if first == UInt8(ascii: "=") {
            provider = Self.text(fields.removeFirst().dropFirst())
            if !fields.isEmpty { fallbacks[provider] = fields.map(Self.text) }
            return
        }
        if first != 0x20 { names = fields.removeFirst().split(separator: UInt8(ascii: "|")) }
        var row = PriceRow(provider: provider, match: .exact(""), prices: PriceTable())
        for field in fields { try Self.add(field, to: &row) }
        expand(row)
    }

    private mutating func expand(_ row: PriceRow) {
        let star = UInt8(ascii: "*")
        var exact = row
        var hasExact = false
        for name in names where !name.contains(star) {
            if hasExact {
                exact.aliases.append(Self.text(name))
            } else {
                exact.match = .exact(Self.text(name))
                hasExact = true
            }
        }
        if hasExact { rows.append(exact) }
        for name in names where name.contains(star) {
            var copy = row
            let body = name.dropLast()
            copy.match =
                name.last == star && !body.contains(star) ? .prefix(Self.text(body)) : .pattern(Self.text(name))
            rows.append(copy)
        }
    }

    private static func add(_ field: Bytes, to row: inout PriceRow) throws(PriceBookError) {
        if field.first == UInt8(ascii: ">") {
            let inclusive = field.dropFirst().first == UInt8(ascii: "=")
            guard let threshold = Int64(text(field.dropFirst(inclusive ? 2 : 1))) else { throw bad(field) }
            row.tiers.append(.init(above: threshold, inclusive: inclusive, prices: PriceTable()))
            return
        }
        guard let equals = field.firstIndex(of: UInt8(ascii: "=")) else { throw bad(field) }
        let key = field[..<equals]
        let value = field[(equals + 1)...]
        if let unit = units[packed(key)] {
            let rate = try Rate(text(value))
            if row.tiers.isEmpty {
                row.prices[unit] = rate
            } else {
                row.tiers[row.tiers.count - 1].prices[unit] = rate
            }
        } else {
            try addWord(text(key), text(value), to: &row, field)
        }
    }

    private static func addWord(
        _ key: String,
        _ value: String,
        to row: inout PriceRow,
        _ field: Bytes
    ) throws(PriceBookError) {
        switch key {
        case "from":
            guard let seconds = Int64(value) else { throw bad(field) }
            row.effectiveFrom = seconds
        case "tier": row.conditions.serviceTier = value
        case "speed": row.conditions.speed = value
        case "region": row.conditions.region = value
        case "minutes":
            let ends = value.split(separator: "-").compactMap { Int($0) }
            guard ends.count == 2 else { throw bad(field) }
            row.conditions.window = .init(fromMinute: ends[0], untilMinute: ends[1])
        default:
            guard key.hasPrefix("min:"), let unit = keys[String(key.dropFirst(4))], let minimum = Int64(value) else {
                throw bad(field)
            }
            row.minimums[unit] = minimum
        }
    }

    /// Up to eight letters as a number; zero for longer keys.
    private static func packed(_ key: Bytes) -> UInt64 {
        key.count > 8 ? 0 : key.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func bad(_ field: Bytes) -> PriceBookError {
        PriceBookError(.badText, "\"\(text(field.prefix(40)))\" is not understood.")
    }
}
