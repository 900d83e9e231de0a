import Accounting
import Foundation
import Testing

/// Usages with their price row and exact cost, worked out by another engine.
struct WorkedCase: Sendable, CustomTestStringConvertible {
    var id: String
    var provider: String
    var model: String
    var second: Int64
    var tier: String?
    var row: PriceRow
    var usage: Usage
    var expected: String

    var testDescription: String { id }

    static let all: [WorkedCase] = {
        var root = URL(filePath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let file = root.appending(path: "../shared/pricing/cases.jsonl")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { try? WorkedCase(line: Data($0.utf8)) }
    }()

    struct Unreadable: Error {}

    init(line: Data) throws {
        guard let object = try JSONSerialization.jsonObject(with: line) as? [String: Any],
            let id = object["id"] as? String, let provider = object["provider"] as? String,
            let model = object["model"] as? String, let at = object["at"] as? String,
            let date = ISO8601DateFormatter().date(from: at), let row = object["row"] as? [String: Any],
            let used = object["usage"] as? [String: Int64], let expected = object["expected_cost_usd"] as? String
        else { throw Unreadable() }
        (self.id, self.provider, self.model, self.expected) = (id, provider, model, expected)
        second = Int64(date.timeIntervalSince1970)
        let context = object["context"] as? [String: String] ?? [:]
        tier = context["service_tier"] ?? context["processing"]
        self.row = try Self.row(row)
        usage = Self.usage(used, tier: tier)
    }

    /// Totals with parts inside them, as the cases state them, to disjoint lines.
    private static func usage(_ used: [String: Int64], tier: String?) -> Usage {
        var usage = Usage()
        usage.serviceTier = tier
        let parts: [(String, UsageUnit, String)] = [
            ("cache_read", .cacheReadText, "input_total"), ("cache_write", .cacheWrite5m, "input_total"),
            ("cache_write_1h", .cacheWrite1h, "input_total"), ("input_audio", .inputAudio, "input_total"),
            ("input_image", .inputImage, "input_total"), ("reasoning", .outputReasoning, "output_total"),
            ("output_audio", .outputAudio, "output_total"), ("output_image", .outputImage, "output_total"),
        ]
        var totals = used
        for (name, unit, whole) in parts {
            guard let count = used[name] else { continue }
            usage.counts[unit] = count
            totals[whole, default: 0] -= count
        }
        if let input = totals["input_total"] { usage.counts[.inputText] = input }
        if let output = totals["output_total"] { usage.counts[.outputText] = output }
        if let searches = used["web_searches"] { usage.counts[.webSearches] = searches }
        if let searches = used["file_searches"] { usage.counts[.fileSearches] = searches }
        return usage
    }

    private static let units: [String: (UsageUnit, Bool)] = [
        "input_mtok": (.inputText, false), "output_mtok": (.outputText, false),
        "cache_read_mtok": (.cacheReadText, false), "cache_write_mtok": (.cacheWrite5m, false),
        "cache_write_1h_mtok": (.cacheWrite1h, false), "input_audio_mtok": (.inputAudio, false),
        "cache_audio_read_mtok": (.cacheReadAudio, false), "input_image_mtok": (.inputImage, false),
        "output_audio_mtok": (.outputAudio, false), "output_image_mtok": (.outputImage, false),
        "output_reasoning_mtok": (.outputReasoning, false), "web_searches_kcount": (.webSearches, true),
        "storage_searches_kcount": (.fileSearches, true),
    ]

    private static func row(_ object: [String: Any]) throws -> PriceRow {
        var row = PriceRow(provider: "p", match: .exact("m"), prices: PriceTable())
        var tiers: [Int64: PriceTable] = [:]
        func rate(_ text: String, perThousand: Bool) throws -> Rate {
            let rate = try Rate(text)
            return try #require(Rate(mantissa: perThousand ? rate.mantissa / 1000 : rate.mantissa))
        }
        for (key, value) in object {
            let (unit, perThousand) = try #require(units[key])
            if let text = value as? String {
                row.prices[unit] = try rate(text, perThousand: perThousand)
                continue
            }
            let steps = try #require(value as? [String: Any])
            row.prices[unit] = try rate(try #require(steps["base"] as? String), perThousand: perThousand)
            for step in try #require(steps["tiers"] as? [[Any]]) {
                let start = try #require(step.first as? Int64)
                tiers[start, default: PriceTable()][unit] =
                    try rate(try #require(step.last as? String), perThousand: perThousand)
            }
        }
        // The other engine charges nothing for tokens out of a model that has a price for tokens in only.
        if row.prices[.outputText] == nil { row.prices[.outputText] = .zero }
        row.tiers = tiers.sorted { $0.key < $1.key }.map { .init(above: $0.key, prices: $0.value) }
        return row
    }
}

struct WorkedCasesTests {
    @Test(.enabled(if: !WorkedCase.all.isEmpty, "../shared/pricing/cases.jsonl is absent"), arguments: WorkedCase.all)
    func pricesFromItsOwnRow(_ example: WorkedCase) throws {
        let pricer = Pricer(book: try PriceBook(rows: [example.row]), revision: 1)
        let quote = pricer.lines(of: example.usage, for: query(second: example.second))
        #expect(quote.cost.state == .priced)
        #expect(quote.cost.amount.dollars == example.expected)
        #expect(quote.lines.reduce(0) { $0 + ($1.amount?.picodollars ?? 0) } == quote.cost.amount.picodollars)
    }

    @Test(.enabled(if: !WorkedCase.all.isEmpty, "../shared/pricing/cases.jsonl is absent"), arguments: WorkedCase.all)
    func pricesFromTheBuiltInBook(_ example: WorkedCase) {
        let pricer = Pricer(book: .builtIn, revision: 1)
        let cost = pricer.cost(
            of: example.usage,
            for: query(example.model, provider: example.provider, second: example.second)
        )
        #expect(cost.amount.dollars == example.expected)
    }
}
