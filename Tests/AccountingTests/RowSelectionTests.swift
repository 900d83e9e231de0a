import Accounting
import Testing

struct RowSelectionTests {
    private func price(_ rows: [PriceRow], _ usage: Usage, _ query: PriceQuery) throws -> UInt32? {
        try pricer(rows).cost(of: usage, for: query).row
    }

    @Test(
        arguments: [
            ("gpt-4o", 0), ("GPT-4o", 0), ("gpt-4o-2024-08-06", 0), ("openai/gpt-4o", 0), ("gpt-4o-20240806", 0),
            ("gpt-4o-latest", 0), ("chatgpt", 0), ("gpt-4o-mini", 1), ("gpt-4o-mini-2024-07-18", 1),
            ("gpt-4o-audio", 2),
            ("gpt-4-turbo", 3), ("my-vision-model", 4), ("models/gemini-2.0-flash-001", 5),
            ("publishers/google/models/gemini-2.0-flash", 5), ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 6),
            ("claude-sonnet-4-5@20250929", 6), ("claude-sonnet-4-5-20250929", 6),
            ("arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", 6),
            ("gpt-5-2025-01-01", 7), ("gpt-5", 8), ("nothing", nil), ("", nil), ("-2024-08-06", nil), (".", nil),
            ("/", nil),
            ("@", nil), (":0", nil),
        ] as [(String, UInt32?)]
    )
    func matching(_ model: String, _ expected: UInt32?) throws {
        var rows = try ["gpt-4o", "gpt-4o-mini"].map { try row($0, [.inputText: "1"]) }
        rows[0].aliases = ["chatgpt"]
        let matches: [PriceRow.ModelMatch] = [
            .prefix("gpt-4o-"), .prefix("gpt-4"), .pattern("*-vision-*"), .exact("gemini-2.0-flash"),
            .exact("Claude-Sonnet-4-5"), .exact("gpt-5-2025-01-01"), .exact("gpt-5"),
        ]
        for match in matches {
            rows.append(PriceRow(provider: "p", match: match, prices: try prices([.inputText: "1"])))
        }
        #expect(try price(rows, usage([.inputText: 1]), query(model)) == expected)
    }

    @Test func theReportedModelDecides() throws {
        let rows = try [row("a", [.inputText: "1"]), row("b", [.inputText: "1"])]
        #expect(try price(rows, usage([.inputText: 1]), query("a", sent: "b")) == 0)
        #expect(try price(rows, usage([.inputText: 1]), query("?", sent: "b")) == 1)
        #expect(try price(rows, usage([.inputText: 1]), query(nil, sent: "b")) == 1)
        #expect(try price(rows, usage([.inputText: 1]), query(nil)) == nil)
    }

    @Test(arguments: [(99, nil), (100, 0), (199, 0), (200, 2), (299, 2), (300, 1)] as [(Int64, UInt32?)])
    func datesHoldToTheSecond(_ second: Int64, _ expected: UInt32?) throws {
        let rows = try [100, 300, 200].map { try row("m", [.inputText: "1"], from: $0) }
        var last = query(second: second)
        last.time += 999_999
        #expect(try price(rows, usage([.inputText: 1]), query(second: second)) == expected)
        #expect(try price(rows, usage([.inputText: 1]), last) == expected)
    }

    @Test(
        arguments: [
            (nil, nil, 0), ("default", nil, 0), ("flex", nil, 1), ("FLEX", nil, 1), ("ON_DEMAND_FLEX", nil, 1),
            ("flex", "fast", 2), (nil, "fast", 3), ("unheard-of", nil, 0),
        ] as [(String?, String?, UInt32)]
    )
    func conditions(_ tier: String?, _ speed: String?, _ expected: UInt32) throws {
        let rows = try [
            row("m", [.inputText: "1"], from: 500),
            row("m", [.inputText: "1"], conditions: PriceConditions(serviceTier: "flex")),
            row("m", [.inputText: "1"], conditions: PriceConditions(serviceTier: "flex", speed: "fast")),
            row("m", [.inputText: "1"], conditions: PriceConditions(speed: "fast")),
        ]
        #expect(try price(rows, usage([.inputText: 1], tier: tier, speed: speed), query()) == expected)
    }

    // 2026-11-23 was a Monday; 1795392000 is its midnight in UTC.
    @Test(
        arguments: [
            (0, 0), (16 * 60 + 29, 0), (16 * 60 + 30, 1), (23 * 60 + 59, 1), (24 * 60, 1), (24 * 60 + 29, 1),
            (24 * 60 + 30, 0), (5 * 1440 + 17 * 60, 2), (6 * 1440 + 60, 2), (7 * 1440 + 17 * 60, 1),
        ] as [(Int64, UInt32)]
    )
    func windows(_ minute: Int64, _ expected: UInt32) throws {
        let offPeak = PriceConditions.Window(fromMinute: 16 * 60 + 30, untilMinute: 30)
        let weekend = PriceConditions.Window(weekdays: 0b110_0000)
        var rows = try [row("m", [.inputText: "1"])]
        rows.append(try row("m", [.inputText: "1"], conditions: PriceConditions(window: offPeak)))
        rows.append(try row("m", [.inputText: "1"], conditions: PriceConditions(window: weekend)))
        let moment = query(second: 1_795_392_000 + minute * 60)
        let found = try price(rows, usage([.inputText: 1]), moment)
        // The first midnight is inside the window that began the day before.
        #expect(found == (minute == 0 ? 1 : expected))
    }

    @Test func providersFallBack() throws {
        var other = try row("m", [.inputText: "1"])
        other.provider = "openai"
        var anybody = try row("*", [.inputText: "1"])
        anybody.provider = "*"
        anybody.match = .pattern("open-*")
        let book = try PriceBook(rows: [other, anybody], fallbacks: ["azure": ["openai"]])
        let pricer = Pricer(book: book, revision: 1)
        #expect(pricer.cost(of: usage([.inputText: 1]), for: query(provider: "Azure")).row == 0)
        #expect(pricer.cost(of: usage([.inputText: 1]), for: query("open-x", provider: "who")).row == 1)
        #expect(pricer.cost(of: usage([.inputText: 1]), for: query(provider: "who")).state == .unpriced)
    }
}
