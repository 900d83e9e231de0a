import Accounting
import Testing

struct PricerTests {
    @Test(
        arguments: [
            ([.inputText: 1000], "0.002"),
            ([.cacheReadText: 1000], "0.002"),
            ([.cacheWrite5m: 1000], "0.002"),
            ([.cacheWrite1h: 1000], "0.002"),
            ([.cacheWriteOther: 1000], "0.002"),
            ([.inputAudio: 1000], "0.006"),
            ([.inputImage: 1000], "0.002"),
            ([.cacheReadAudio: 1000], "0.006"),
            ([.outputReasoning: 1000], "0.01"),
            ([.outputText: 1000, .outputReasoning: 500], "0.015"),
            ([.inputText: 1000, .inputTool: 700], "0.002"),
        ] as [([UsageUnit: Int64], String)]
    )
    func aMissingPriceIsItsParents(_ values: [UsageUnit: Int64], _ expected: String) throws {
        let pricer = try pricer([row("m", [.inputText: "2", .inputAudio: "6", .outputText: "10"])])
        #expect(pricer.cost(of: usage(values), for: query()).amount.dollars == expected)
    }

    @Test(
        arguments: [
            (.cacheReadAudio, "0.0005"), (.cacheReadText, "0.0005"), (.cacheWrite1h, "0.0025"),
            (.cacheWrite5m, "0.0025"),
            (.cacheWriteOther, "0.0025"), (.outputReasoning, "0.003"),
        ] as [(UsageUnit, String)]
    )
    func theMostSpecificPriceWins(_ unit: UsageUnit, _ expected: String) throws {
        let pricer = try pricer([
            row(
                "m",
                [
                    .inputText: "2", .inputAudio: "6", .cacheReadText: "0.5", .cacheWrite5m: "2.5", .outputText: "8",
                    .outputReasoning: "3",
                ]
            )
        ])
        #expect(pricer.cost(of: usage([unit: 1000]), for: query()).amount.dollars == expected)
    }

    @Test(
        arguments: [
            (200_000, false, "0.2"), (200_001, false, "0.400002"), (199_999, true, "0.199999"), (200_000, true, "0.4"),
            (500_001, false, "1.500003"),
        ] as [(Int64, Bool, String)]
    )
    func tiersAreCliffsOnTheWholeInput(_ input: Int64, _ inclusive: Bool, _ expected: String) throws {
        var tiered = try row("m", [.inputText: "1"])
        tiered.tiers = [
            .init(above: 200_000, inclusive: inclusive, prices: try prices([.inputText: "2"])),
            .init(above: 500_000, prices: try prices([.inputText: "3"])),
        ]
        let split = usage([.inputText: input - 100_000, .cacheReadText: 60_000, .cacheWrite5m: 40_000])
        #expect(try pricer([tiered]).cost(of: split, for: query()).amount.dollars == expected)
    }

    @Test func aTierPricesOutputTooAndKeepsWhatItDoesNotName() throws {
        var tiered = try row("m", [.inputText: "1", .cacheReadText: "0.1", .outputText: "5"])
        tiered.tiers = [.init(above: 10, prices: try prices([.inputText: "2", .outputText: "8"]))]
        let cost = try pricer([tiered]).cost(
            of: usage([.inputText: 11, .cacheReadText: 1, .outputText: 1]),
            for: query()
        )
        #expect(cost.amount.dollars == "0.0000301")
    }

    @Test(
        arguments: [
            ("0.0000005", 1, 0), ("0.0000005", 3, 2), ("0.0000005", 5, 2), ("0.0000005", 7, 4), ("0.00000051", 1, 1),
            ("0.00000049", 1, 0), ("0.000001", 1, 1),
        ] as [(String, Int64, Int64)]
    )
    func roundsHalfToEvenOnce(_ price: String, _ count: Int64, _ expected: Int64) throws {
        let pricer = try pricer([row("m", [.inputText: price, .outputText: price])])
        #expect(pricer.cost(of: usage([.inputText: count]), for: query()).amount.picodollars == expected)
        // Two halves are a whole: the parts are not rounded before they are added.
        let both = pricer.cost(of: usage([.inputText: 1, .outputText: 1]), for: query())
        #expect(both.amount.picodollars == (price == "0.000001" ? 2 : 1))
    }

    @Test(
        arguments: [
            ([:], Cost.State.none), ([.inputText: 0, .outputText: 0], .none), ([.inputTool: 5], .none),
            ([.cacheReadText: 5], .free), ([.outputText: 5], .unpriced), ([.inputText: 5], .priced),
            ([.inputText: 5, .webSearches: 1], .unpriced), ([.inputText: 5, .webSearches: 0], .priced),
            ([.inputText: 5, .requests: 1, .images: 1], .priced), ([.images: 1], .unpriced),
        ] as [([UsageUnit: Int64], Cost.State)]
    )
    func states(_ values: [UsageUnit: Int64], _ expected: Cost.State) throws {
        let pricer = try pricer([row("m", [.inputText: "1", .cacheReadText: "0"])])
        let cost = pricer.cost(of: usage(values), for: query())
        #expect(cost.state == expected)
        #expect(cost.priceBook == 7)
        #expect(expected == .priced || cost.amount == .zero)
        let unknown = pricer.cost(of: usage(values), for: query("other"))
        #expect(unknown.state == (expected == .none ? .none : .unpriced))
        #expect(unknown.row == nil)
    }

    @Test func tokensBesideAChargedMeasureAreNotMissing() throws {
        var speech = try row("m", [.audioInputMilliseconds: "0.111"])
        speech.minimums = [.audioInputMilliseconds: 10_000]
        let pricer = try pricer([speech])
        let long = pricer.cost(of: usage([.audioInputMilliseconds: 3_600_000, .outputText: 10]), for: query())
        #expect(long.amount.dollars == "0.111")
        let short = pricer.cost(of: usage([.audioInputMilliseconds: 1]), for: query())
        #expect(short.amount.picodollars == 308_333_333)
        #expect(pricer.cost(of: usage([.outputText: 10]), for: query()).state == .unpriced)
    }

    @Test func aFeePerRequestIsChargedOnce() throws {
        let pricer = try pricer([row("m", [.inputText: "1", .requests: "0.005"])])
        var sample = usage([.inputText: 1])
        sample.additional = [.init(model: nil, counts: counts([.inputText: 1]))]
        let quote = pricer.lines(of: sample, for: query())
        #expect(quote.cost.amount.dollars == "0.005002")
        #expect(quote.lines.map(\.unit) == [.inputText, .requests, .inputText])
        #expect(pricer.cost(of: usage([.inputText: 1, .requests: 0]), for: query()).amount.dollars == "0.000001")
        #expect(pricer.cost(of: usage([.requests: 2]), for: query()).amount.dollars == "0.01")
        #expect(pricer.cost(of: usage([:]), for: query()).state == .none)
    }

    @Test func overflowIsUnpriced() throws {
        let pricer = try pricer([row("m", [.inputText: "1000000", .webSearches: "1000000", .outputText: "1"])])
        for values in [[.inputText: Int64.max], [.webSearches: .max, .inputText: .max], [.webSearches: 10]]
            as [[UsageUnit: Int64]]
        {
            #expect(pricer.cost(of: usage(values), for: query()).state == .unpriced)
        }
        #expect(pricer.cost(of: usage([.webSearches: 9]), for: query()).amount.dollars == "9000000")
        #expect(
            pricer.cost(of: usage([.outputText: 9_223_372_036_854]), for: query()).amount.dollars == "9223372.036854"
        )
        for time in [Int64.min, -1, 0, .max] {
            var extreme = query()
            extreme.time = time
            _ = pricer.cost(of: usage([.inputText: 1]), for: extreme)
        }
    }

    @Test func additionalWorkIsPricedOnItsOwnModel() throws {
        let pricer = try pricer([row("m", [.inputText: "1"]), row("advisor", [.inputText: "10"])])
        var both = usage([.inputText: 100])
        both.additional = [
            .init(model: "advisor", counts: counts([.inputText: 10])),
            .init(model: nil, counts: counts([.inputText: 1])),
        ]
        let quote = pricer.lines(of: both, for: query())
        #expect(quote.cost.amount.dollars == "0.000201")
        #expect(quote.cost.row == 0)
        #expect(quote.lines.map(\.row) == [0, 1, 0])
        both.additional.append(.init(model: "nobody", counts: counts([.inputText: 1])))
        #expect(pricer.cost(of: both, for: query()).state == .unpriced)
    }

    @Test func multipliersApplyBeforeTheRounding() throws {
        let book = try PriceBook(
            rows: [row("m", [.inputText: "0.000001"])],
            groupMultipliers: ["eu": Multiplier("1.1"), "gift": Multiplier("0")],
            clientMultipliers: ["alice": Multiplier("0.5")]
        )
        let pricer = Pricer(book: book, revision: 1)
        var eu = query()
        eu.group = "eu"
        #expect(pricer.cost(of: usage([.inputText: 100]), for: eu).amount.picodollars == 110)
        eu.client = "alice"
        #expect(pricer.cost(of: usage([.inputText: 100]), for: eu).amount.picodollars == 55)
        #expect(pricer.cost(of: usage([.inputText: 3]), for: eu).amount.picodollars == 2)
        eu.group = "gift"
        #expect(pricer.cost(of: usage([.inputText: 100]), for: eu).state == .free)
    }
}
