import Accounting
import Testing

/// The rules of pricing once more, written down as plainly as they are stated, against the arithmetic that is used.
struct RulesTests {
    /// A source of numbers that gives the same ones each time.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
        mutating func draw(_ bound: Int64) -> Int64 { Int64(next() % UInt64(bound)) }
        mutating func hits(_ percent: UInt64) -> Bool { next() % 100 < percent }
    }

    private static let units = UsageUnit.allCases.filter { $0 != .inputTool }

    private static func anyTable(_ random: inout Seeded, full: Bool) throws -> PriceTable {
        var table = PriceTable()
        for unit in units where full && [.inputText, .outputText].contains(unit) || random.hits(full ? 60 : 25) {
            // Up to twelve digits after the point, and zero now and then.
            let digits: [Int64] = [1_000_000_000, 1_000_000, 1_000, 1]
            let mantissa = random.hits(8) ? 0 : random.draw(90_000) * digits[Int(random.draw(4))]
            table[unit] = Rate(mantissa: mantissa)
        }
        if table.isEmpty { table[.inputText] = Rate.zero }
        return table
    }

    private static func anyRow(_ random: inout Seeded) throws -> PriceRow {
        var row = PriceRow(provider: "p", match: .exact("m"), prices: try anyTable(&random, full: true))
        var threshold: Int64 = 0
        for _ in 0..<random.draw(4) {
            threshold += 2 + random.draw(3_000)
            row.tiers.append(
                .init(above: threshold, inclusive: random.hits(50), prices: try anyTable(&random, full: false))
            )
        }
        for unit in units where random.hits(15) { row.minimums[unit] = 1 + random.draw(10_000) }
        return row
    }

    private static func anyCounts(_ random: inout Seeded, near row: PriceRow) -> UsageCounts {
        var counts = UsageCounts()
        for unit in UsageUnit.allCases where random.hits(35) { counts[unit] = random.draw(2_500) }
        // Often exactly at a threshold, or one token beside it.
        if let tier = row.tiers.randomElement(using: &random), random.hits(60) {
            let rest = (counts.total(.input) ?? 0) - (counts[.inputText] ?? 0)
            counts[.inputText] = max(0, tier.threshold - rest + random.draw(3) - 1)
        }
        return counts
    }

    /// Picodollars; nil where the cost is unknown.
    private static func expected(_ counts: UsageCounts, _ row: PriceRow, _ factors: [Int64]) -> Int64? {
        let input = UsageUnit.allCases.filter { $0.side == .input }.reduce(Int64(0)) { $0 + (counts[$1] ?? 0) }
        var prices = row.prices
        for tier in row.tiers where tier.inclusive ? input >= tier.threshold : input > tier.threshold {
            prices = prices.overlaid(by: tier.prices)
        }
        var used = units.compactMap { unit in counts[unit].flatMap { $0 > 0 ? (unit, $0) : nil } }
        if !used.isEmpty, counts[.requests] == nil, prices[.requests] != nil { used.append((.requests, 1)) }
        var sum = Int128(0)
        var missing: [UsageUnit] = []
        var known: [UsageUnit] = []
        for (unit, count) in used {
            guard let rate = unit.priceChain.compactMap({ prices[$0] }).first else {
                missing.append(unit)
                continue
            }
            known.append(unit)
            // In 36,000,000ths of a picodollar.
            let share: Int128 =
                switch unit.priceQuantity {
                case .perMillion: 36
                case .perHour: 10
                case .perUse: 36_000_000
                }
            let isImplied = unit == .requests && counts[.requests] == nil
            let charged = isImplied ? 1 : max(count, row.minimums[unit] ?? 0)
            sum += Int128(charged) * Int128(rate.mantissa) * share
        }
        let fees: [UsageUnit] = [.webSearches, .fileSearches, .codeSessions]
        if missing.contains(where: fees.contains) { return nil }
        // Input and output have prices, so every token has; another measure only leaves the cost unknown alone.
        if !missing.isEmpty, !known.contains(where: { !fees.contains($0) }) { return nil }
        var denominator = Int128(36_000_000)
        for factor in factors {
            sum *= Int128(factor)
            denominator *= 10_000
        }
        let (quotient, remainder) = sum.quotientAndRemainder(dividingBy: denominator)
        let isUp = remainder * 2 > denominator || (remainder * 2 == denominator && quotient % 2 == 1)
        return Int64(exactly: quotient + (isUp ? 1 : 0))
    }

    @Test func rowsForTheSameThingAreFoundHoweverTheyAreWritten() throws {
        func book(_ rows: PriceRow...) throws -> PriceBook { try PriceBook(rows: rows) }
        func batch(_ tier: String) -> PriceConditions { PriceConditions(serviceTier: tier) }
        let first = try row("gpt-x", [.inputText: "1"])
        var alias = try row("other", [.inputText: "2"])
        alias.aliases = ["GPT-X"]
        let same = [
            alias, try row("GPT-x", [.inputText: "1"]), try row("gpt-x", [.inputText: "1"], from: 0),
        ]
        for second in same {
            let error = #expect(throws: PriceBookError.self) { try book(first, second) }
            #expect(error?.code == .duplicateRow)
            #expect(error?.row == 1)
        }
        #expect(throws: PriceBookError.self) {
            try book(
                row("gpt-x", [.inputText: "1"], conditions: batch("ON_DEMAND_FLEX")),
                row("gpt-x", [.inputText: "2"], conditions: batch("flex"))
            )
        }
        alias.aliases = ["other", "another"]
        var prefix = first
        prefix.match = .prefix("gpt-x")
        var elsewhere = first
        elsewhere.provider = "q"
        let different = [
            alias, prefix, elsewhere, try row("gpt-x", [.inputText: "1"], from: 1),
            try row("gpt-x", [.inputText: "1"], conditions: batch("flex")),
        ]
        for second in different { _ = try book(first, second) }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func costsAreThoseOfTheRulesToThePicodollar(seed: UInt64) throws {
        var random = Seeded(state: seed)
        for _ in 0..<250 {
            let row = try Self.anyRow(&random)
            let factors = (0..<2).map { _ in 1 + random.draw(30_000) }
            let book = try PriceBook(
                rows: [row],
                groupMultipliers: ["g": #require(Multiplier(mantissa: factors[0]))],
                clientMultipliers: ["c": #require(Multiplier(mantissa: factors[1]))]
            )
            let pricer = Pricer(book: book, revision: 1)
            let resolved = pricer.resolve(provider: "p", modelReported: "m", modelSent: nil)
            for _ in 0..<6 {
                var usage = Usage()
                usage.counts = Self.anyCounts(&random, near: row)
                for (group, client, applied) in [
                    ("", "", []), ("g", "", [factors[0]]), ("", "c", [factors[1]]), ("g", "c", factors),
                ] as [(String, String, [Int64])] {
                    let query = PriceQuery(
                        provider: "p",
                        modelReported: "m",
                        modelSent: nil,
                        time: 0,
                        group: group,
                        client: client
                    )
                    let cost = pricer.cost(of: usage, for: query)
                    let expected = Self.expected(usage.counts, row, applied)
                    let isUsed = Self.units.contains { (usage.counts[$0] ?? 0) > 0 }
                    #expect(cost.state == .unpriced || cost.amount.picodollars == expected)
                    #expect((cost.state == .none) == !isUsed)
                    #expect(!isUsed || (cost.state == .unpriced) == (expected == nil))
                    #expect(Self.inPlace(usage.counts, pricer, resolved, group, client) == cost)
                }
            }
        }
    }

    /// The same by the way that folds take.
    private static func inPlace(
        _ counts: UsageCounts,
        _ pricer: Pricer,
        _ resolved: ResolvedPrices?,
        _ group: String,
        _ client: String
    ) -> Cost {
        // What is not counted is not looked at.
        var values = [Int64](repeating: .max, count: 32)
        counts.forEach { values[Int($0.rawValue)] = $1 }
        return values.withUnsafeBufferPointer { buffer in
            pricer.cost(
                of: CountsByUnit(mask: counts.mask, values: buffer),
                resolved: resolved,
                tier: nil,
                speed: nil,
                region: nil,
                microseconds: 0,
                multipliers: pricer.multipliers(group: group, client: client)
            )
        }
    }
}
