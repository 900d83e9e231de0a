import Accounting
import Testing

/// Random rows and usages against the rules worked out here again, in whole numbers over one denominator.
struct PricingPropertyTests {
    private struct Random {
        var state: UInt64
        mutating func next(_ limit: Int64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64((state >> 33) % UInt64(limit))
        }
    }

    /// Where the rules look for a price, told in words: cached audio is cached, then audio, then input; and so on.
    private static let chains: [UsageUnit: [UsageUnit]] = [
        .inputText: [.inputText], .inputAudio: [.inputAudio, .inputText], .inputImage: [.inputImage, .inputText],
        .inputVideo: [.inputVideo, .inputText], .cacheReadText: [.cacheReadText, .inputText],
        .cacheReadAudio: [.cacheReadAudio, .cacheReadText, .inputAudio, .inputText],
        .cacheReadImage: [.cacheReadImage, .cacheReadText, .inputImage, .inputText],
        .cacheReadVideo: [.cacheReadVideo, .cacheReadText, .inputVideo, .inputText],
        .cacheWrite5m: [.cacheWrite5m, .cacheWriteOther, .inputText],
        .cacheWrite1h: [.cacheWrite1h, .cacheWrite5m, .cacheWriteOther, .inputText],
        .cacheWriteOther: [.cacheWriteOther, .cacheWrite5m, .inputText], .outputText: [.outputText],
        .outputAudio: [.outputAudio, .outputText], .outputImage: [.outputImage, .outputText],
        .outputVideo: [.outputVideo, .outputText], .outputReasoning: [.outputReasoning, .outputText],
        .outputCitation: [.outputCitation, .outputText],
    ]
    private static let uses: Set<UsageUnit> = [
        .requests, .webSearches, .fileSearches, .codeSessions, .rerankSearches, .images, .pages,
    ]
    private static let hours: Set<UsageUnit> = [
        .audioInputMilliseconds, .audioOutputMilliseconds, .sessionMilliseconds, .videoOutputMilliseconds,
    ]
    private static let input: Set<UsageUnit> = Set(chains.keys.filter { $0.rawValue <= 10 })

    private func rate(_ random: inout Random) throws -> Rate {
        let digits = ["", "5", "25", "000001", "123456789012"]
        return try Rate("\(random.next(40)).\(digits[Int(random.next(5))])0")
    }

    private func row(_ random: inout Random) throws -> PriceRow {
        var table = PriceTable()
        let all = UsageUnit.allCases.filter { $0 != .inputTool }
        for unit in all where random.next(3) == 0 { table[unit] = try rate(&random) }
        // Nothing that is used may be without a price: that is another rule.
        let roots = all.filter { Self.chains[$0] == nil && $0 != .requests } + [.inputText, .outputText]
        for unit in roots { table[unit] = try rate(&random) }
        var row = PriceRow(provider: "p", match: .exact("m"), prices: table)
        var threshold: Int64 = 0
        for _ in 0..<random.next(4) {
            threshold += 1 + random.next(60)
            var step = PriceTable()
            for unit in all where unit != .requests && random.next(4) == 0 { step[unit] = try rate(&random) }
            step[.outputText] = try rate(&random)
            row.tiers.append(.init(above: threshold, inclusive: random.next(2) == 0, prices: step))
            threshold += 1
        }
        for unit in all where unit != .requests && random.next(6) == 0 { row.minimums[unit] = 1 + random.next(20) }
        return row
    }

    private func usage(_ random: inout Random) -> UsageCounts {
        var counts = UsageCounts()
        for unit in UsageUnit.allCases where unit != .inputTool && random.next(3) == 0 {
            counts[unit] = random.next(random.next(5) == 0 ? 1_000_000 : 40)
        }
        return counts
    }

    /// What the rules say, in picodollars.
    private func expected(_ row: PriceRow, _ counts: UsageCounts, _ factors: [Multiplier]) -> Int128 {
        let whole = Self.input.reduce(Int64(0)) { $0 + counts.sum(of: $1) }
        var prices: [UsageUnit: Int64] = [:]
        func put(_ table: PriceTable) {
            for unit in UsageUnit.allCases { if let rate = table[unit] { prices[unit] = rate.mantissa } }
        }
        put(row.prices)
        for tier in row.tiers where whole > tier.threshold || (tier.inclusive && whole == tier.threshold) {
            put(tier.prices)
        }
        var sum: Int128 = 0
        var isUsed = false
        for unit in UsageUnit.allCases where unit != .inputTool {
            let count = counts.sum(of: unit)
            guard count > 0 else { continue }
            isUsed = true
            guard let price = (Self.chains[unit] ?? [unit]).lazy.compactMap({ prices[$0] }).first else { continue }
            let charged = Int128(max(count, row.minimums[unit] ?? 0))
            let share: Int128 = Self.uses.contains(unit) ? 36_000_000 : Self.hours.contains(unit) ? 10 : 36
            sum += charged * Int128(price) * share
        }
        // A fee per request is due once where the provider does not count requests.
        if isUsed, counts[.requests] == nil, let fee = prices[.requests] { sum += Int128(fee) * 36_000_000 }
        var denominator: Int128 = 36_000_000
        for factor in factors {
            sum *= Int128(factor.mantissa)
            denominator *= 10_000
        }
        let (quotient, rest) = sum.quotientAndRemainder(dividingBy: denominator)
        let isUp = rest * 2 > denominator || (rest * 2 == denominator && quotient % 2 == 1)
        return quotient + (isUp ? 1 : 0)
    }

    @Test(arguments: 1...40) func everyCombinationIsExact(seed: UInt64) throws {
        var random = Random(state: seed &* 0x9e37_79b9)
        for _ in 0..<50 {
            let row = try row(&random)
            let factors = try [Multiplier("1.1"), Multiplier("0.0003"), Multiplier("2"), Multiplier("1")]
            let (group, client) = (factors[Int(random.next(4))], factors[Int(random.next(4))])
            let book = try PriceBook(rows: [row], groupMultipliers: ["g": group], clientMultipliers: ["c": client])
            let pricer = Pricer(book: book, revision: 1)
            for _ in 0..<10 {
                var usage = Usage()
                usage.counts = self.usage(&random)
                var query = query()
                var applied: [Multiplier] = []
                if random.next(2) == 0 {
                    query.group = "g"
                    applied.append(group)
                }
                if random.next(2) == 0 {
                    query.client = "c"
                    applied.append(client)
                }
                let cost = pricer.cost(of: usage, for: query)
                let expected = expected(row, usage.counts, applied)
                guard usage.counts[.requests] == nil || row.prices[.requests] != nil else { continue }
                // What no event can hold has no price.
                guard expected <= Int128(Int64.max) else {
                    #expect(cost.state == .unpriced)
                    continue
                }
                #expect(Int128(cost.amount.picodollars) == expected, "\(row) \(usage.counts) \(applied)")
                #expect(cost.state != .unpriced)
            }
        }
    }
}
