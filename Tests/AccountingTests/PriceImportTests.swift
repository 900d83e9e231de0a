import Accounting
import Testing

struct PriceImportTests {
    @Test(arguments: [
        ("2.5e-06", 6, "2.5"), ("1E-7", 6, "0.1"), ("0.00000125", 6, "1.25"), ("3", 0, "3"), ("10", -3, "0.01"),
        ("1.7999999999999998e-07", 6, "0.18"), ("1.8e-07", 6, "0.18"), ("0.0000000000005", 0, "0"),
        ("0.0000000000015", 0, "0.000000000002"), ("0e0", 6, "0"), ("1e3", 0, "1000"), ("4e-19", 6, "0"),
    ])
    func readsDecimalsFromTheirText(_ text: String, _ power: Int, _ expected: String) {
        #expect(Rate(number: text, timesTenTo: power)?.text == expected)
    }

    @Test(arguments: ["", "-1", "1e", "e5", "1.2.3", "NaN", "1e999", "99999999", "0x1"])
    func refusesWhatIsNoPrice(_ text: String) {
        #expect(Rate(number: text, timesTenTo: 0) == nil)
    }

    private func rows(_ json: String, _ source: PriceImport.Source) throws -> [PriceRow] {
        let book = try PriceImport(json.utf8, from: source).book()
        #expect(try book.encode().withUnsafeBytes { bytes throws in try PriceBook(decoding: bytes) } == book)
        return book.rows
    }

    @Test func liteLLMsFactorsForRegionsAndSpeedsBecomeRows() throws {
        let rows = try rows(
            #"""
            {"claude-x": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 3e-06,
               "cache_read_input_token_cost": 5e-08, "output_cost_per_token": 1.5e-05,
               "input_cost_per_token_above_200k_tokens": 6e-06, "input_cost_per_token_batches": 1.5e-06,
               "search_context_cost_per_query": {"search_context_size_medium": 0.01},
               "provider_specific_entry": {"us": 1.1, "fast": 2.0, "other": 3}}}
            """#,
            .litellm
        )
        func row(tier: String? = nil, speed: String? = nil, region: String? = nil) -> PriceRow? {
            rows.first { $0.conditions == PriceConditions(serviceTier: tier, speed: speed, region: region) }
        }
        #expect(rows.count == 8)
        #expect(row(region: "us")?.prices[.inputText]?.text == "3.3")
        #expect(row(region: "us")?.prices[.cacheReadText]?.text == "0.055")
        #expect(row(region: "us")?.tiers.first?.prices[.inputText]?.text == "6.6")
        #expect(row(region: "us")?.prices[.webSearches]?.text == "0.01", "a fee is no token")
        #expect(row(speed: "fast")?.prices[.outputText]?.text == "30")
        #expect(row(tier: "batch", speed: "fast", region: "us")?.prices[.inputText]?.text == "3.3")
    }

    @Test(arguments: [(3, "1.1", "3.3"), (0, "2", "0"), (1_000_000, "2", nil)] as [(Int, String, String?)])
    func aPriceTimesAFactor(price: Int, factor: String, expected: String?) throws {
        #expect(try Rate(String(price)).times(Multiplier(factor))?.text == expected)
    }

    @Test func liteLLM() throws {
        let rows = try rows(
            #"""
            {"sample_spec": {"litellm_provider": "one of", "input_cost_per_token": 0.0},
             "gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06,
               "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-06,
               "input_cost_per_token_batches": 1.25e-06, "output_cost_per_token_batches": 5e-06},
             "vertex_ai/claude-x": {"litellm_provider": "vertex_ai-anthropic_models", "mode": "chat",
               "input_cost_per_token": 3e-06, "input_cost_per_token_above_200k_tokens": 6e-06,
               "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
               "search_context_cost_per_query": {"search_context_size_medium": 0.01}},
             "dashscope/qwen": {"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
               {"range": [0, 256000.0], "input_cost_per_token": 5e-08},
               {"range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-07}]},
             "deepseek/off": {"litellm_provider": "deepseek", "mode": "chat", "input_cost_per_token": 3e-07,
               "off_peak_pricing": {"input_cost_per_token": 1.5e-07, "windows": [
                 {"hours_utc": ["10:00-00:00"], "weekdays": [1, 5]}, {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}]}},
             "whisper-1": {"litellm_provider": "openai", "mode": "audio_transcription", "input_cost_per_second": 0.0001,
               "output_cost_per_second": 0.0001},
             "nothing": {"litellm_provider": "openai", "mode": "chat"}}
            """#,
            .litellm
        )
        let gpt = rows.filter { $0.match == .exact("gpt-4o") }
        #expect(gpt.count == 2)
        #expect(gpt[0].prices[.inputText]?.text == "2.5")
        #expect(gpt[1].conditions.serviceTier == "batch")
        #expect(gpt[1].prices[.cacheReadText]?.text == "1.25")
        let claude = try #require(rows.first { $0.match == .exact("claude-x") })
        #expect(claude.provider == "google")
        #expect(claude.tiers.map(\.threshold) == [200_000])
        #expect(claude.tiers.first?.prices[.cacheWrite1h]?.text == "12")
        #expect(claude.prices[.webSearches]?.text == "0.01")
        let qwen = try #require(rows.first { $0.match == .exact("qwen") })
        #expect(qwen.prices[.inputText]?.text == "0.05")
        #expect(qwen.tiers.first?.prices[.inputText]?.text == "0.25")
        let windows = rows.filter { $0.match == .exact("off") }.compactMap(\.conditions.window)
        #expect(windows.map(\.fromMinute) == [600, 0])
        #expect(windows.map(\.untilMinute) == [1440, 1440])
        #expect(windows.map(\.weekdays) == [0b1_0001, 0b110_0000])
        #expect(rows.first { $0.match == .exact("whisper-1") }?.prices[.audioInputMilliseconds]?.text == "0.36")
        #expect(!rows.contains { $0.match == .exact("sample_spec") || $0.match == .exact("nothing") })
    }

    @Test func genaiPrices() throws {
        let rows = try rows(
            #"""
            [{"id": "p", "fallback_model_providers": ["q"], "models": [
              {"id": "m-1", "match": {"or": [{"starts_with": "m-1"}, {"contains": "x.m1"}]}, "prices": [
                {"prices": {"input_mtok": {"base": 3, "tiers": [{"start": 200000, "price": 6}]}, "output_mtok": 15}},
                {"constraint": {"start_date": "2026-03-13"}, "prices": {"input_mtok": 2.5, "output_mtok": 15}},
                {"constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z"}, "prices": {"input_mtok": 1}}],
               "price_variants": [{"when": {"processing": "batch"}, "prices": {"input_mtok": 1.5}}]}]}]
            """#,
            .genaiPrices
        )
        let exact = rows.filter { $0.match == .exact("m-1") }
        #expect(exact.map(\.effectiveFrom) == [0, 1_773_360_000, 1_773_360_000, 0, 1_773_360_000])
        #expect(exact[0].tiers.first?.prices[.inputText]?.text == "6")
        #expect(exact[2].conditions.window?.untilMinute == 990)
        #expect(exact[3].conditions.serviceTier == "batch")
        #expect(exact[3].prices[.inputText]?.text == "1.5")
        #expect(exact[3].prices[.outputText]?.text == "15")
        #expect(exact[3].tiers.isEmpty, "a variant states a unit with all its steps")
        #expect(rows.contains { $0.match == .prefix("m-1") })
        #expect(rows.contains { $0.match == .pattern("*x.m1*") })
    }

    @Test func modelsDev() throws {
        let rows = try rows(
            #"""
            {"xai": {"id": "xai", "models": {"grok": {"cost": {"input": 2.2, "output": 10, "reasoning": 12,
               "tiers": [{"tier": {"type": "context", "size": 128000}, "input": 4}]}}, "free": {}}},
             "old": {"models": {"m": {"cost": {"input": 1, "output": 2, "context_over_200k": {"input": 2}}}}}}
            """#,
            .modelsDev
        )
        #expect(rows.count == 2)
        #expect(rows[0].provider == "x-ai")
        #expect(rows[0].prices[.outputReasoning]?.text == "12")
        #expect(rows[0].tiers.first?.threshold == 128_000)
        #expect(rows[1].tiers.first?.prices[.inputText]?.text == "2")
    }

    @Test(arguments: PriceImport.Source.allCases)
    func refusesOtherFiles(_ source: PriceImport.Source) {
        for text in ["", "[]", "{}", "{\"a\": 1}", "[1, 2]", "nonsense", "[{\"id\": 3}]"] {
            #expect(throws: PriceBookError.self) { try PriceImport(text.utf8, from: source) }
        }
    }

    @Test(arguments: [
        "{", "[1,]", "{\"a\"}", "\"\\u12\"", "\"\\ud800\"", "01", "1.", "tru", "\"a", "{\"a\":1}x", "\u{1}",
        String(repeating: "[", count: 100_000),
    ])
    func refusesWhatIsNoJSON(_ text: String) {
        #expect(throws: JSONValue.Fault.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test func keepsNumbersAsTheyAreWritten() throws {
        let text = #"{"a":[1e-07,2.50,-0],"b":"\u00e9\ud83d\ude00\n","c":null,"d":true}"#
        let value = try JSONValue(parsing: text.utf8)
        #expect(value["a"]?.elements?.map(\.scalar) == ["1e-07", "2.50", "-0"])
        #expect(value["b"]?.text == "é😀\n")
        #expect(value.json == #"{"a":[1e-07,2.50,-0],"b":"é😀\n","c":null,"d":true}"#)
    }
}
