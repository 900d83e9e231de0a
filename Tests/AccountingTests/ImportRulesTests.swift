import Accounting
import Testing

/// What the lists of other programs say between the lines.
struct ImportRulesTests {
    private func pricer(_ json: String, _ source: PriceImport.Source) throws -> Pricer {
        Pricer(book: try PriceImport(json.utf8, from: source).book(), revision: 1)
    }

    private func cost(_ pricer: Pricer, _ question: String) throws -> String {
        let question = try PriceQuestion(JSONValue(parsing: question.utf8))
        let quote = pricer.lines(of: question.usage, for: question.query)
        return quote.cost.state == .unpriced ? "unpriced" : quote.cost.amount.dollars
    }

    /// Reasoning changes with the output, the long cache write with the short one, where a tier states only those.
    @Test(arguments: [
        ("batch", #"{"input_total": 1000000, "cache_write": 1000000, "cache_write_1h": 1000000}"#, "1"),
        ("batch", #"{"input_total": 1000000, "cache_write": 1000000}"#, "0.625"),
        ("flex", #"{"input_total": 0, "output_total": 1000000, "reasoning": 1000000}"#, "1.5"),
        ("priority", #"{"input_total": 0, "output_total": 1000000, "reasoning": 1000000}"#, "7"),
        ("default", #"{"input_total": 0, "output_total": 1000000, "reasoning": 1000000}"#, "3"),
    ])
    func tiersChangeWhatFollows(tier: String, usage: String, expected: String) throws {
        let pricer = try pricer(
            #"""
            {"m": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 1e-06,
               "output_cost_per_token": 5e-06, "output_cost_per_token_flex": 2.5e-06,
               "output_cost_per_token_priority": 1e-05, "output_cost_per_reasoning_token": 3e-06,
               "output_cost_per_reasoning_token_priority": 7e-06, "cache_creation_input_token_cost": 1.25e-06,
               "cache_creation_input_token_cost_above_1hr": 2e-06, "cache_creation_input_token_cost_batches": 6.25e-07}}
            """#,
            .litellm
        )
        let question =
            #"{"provider": "anthropic", "model": "m", "context": {"service_tier": "\#(tier)"}, "usage": \#(usage)}"#
        #expect(try cost(pricer, question) == expected)
    }

    /// Of two entries with one name all prices come from one of them, and the provider's own place goes first.
    @Test func aNameBelongsToOneEntry() throws {
        let list = try PriceImport(
            #"""
            {"codestral/x": {"litellm_provider": "codestral", "mode": "chat", "input_cost_per_token": 0.0},
             "mistral/x": {"litellm_provider": "mistral", "mode": "chat", "input_cost_per_token": 3e-07},
             "azure_ai/y": {"litellm_provider": "azure_ai", "mode": "chat", "input_cost_per_token": 9e-06,
               "input_cost_per_token_priority": 9e-06},
             "azure/y": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 1e-06}}
            """#.utf8,
            from: .litellm
        )
        #expect(list.notes == ["mistral x: named twice, the first counts", "azure y: named twice, the first counts"])
        let pricer = Pricer(book: try list.book(), revision: 1)
        let usage = #""usage": {"input_total": 1000000, "output_total": 0}"#
        #expect(try cost(pricer, #"{"provider": "mistral", "model": "x", \#(usage)}"#) == "0.3")
        #expect(try cost(pricer, #"{"provider": "azure", "model": "y", "tier": "priority", \#(usage)}"#) == "1")
    }

    @Test(arguments: [
        (#"{"mode": "image_generation", "input_cost_per_image": 0.04}"#, "0.12"),
        (#"{"mode": "image_generation", "input_cost_per_image": 0.04, "output_cost_per_image": 0.05}"#, "0.15"),
        (#"{"mode": "image_generation", "output_cost_per_image": 0.05, "input_cost_per_image": 0.04}"#, "0.15"),
    ])
    func imagesThatAreMade(row: String, expected: String) throws {
        let question = try PriceQuestion(
            JSONValue(
                parsing: #"{"provider": "xai", "engine": "litellm", "row": \#(row), "usage": {"images": 3}}"#.utf8
            )
        )
        let book = try #require(try question.importedBook())
        let quote = Pricer(book: book, revision: 1).lines(of: question.usage, for: question.query)
        #expect(quote.cost.amount.dollars == expected)
    }

    /// Groq counts ten seconds at least, which no list says.
    @Test(arguments: [(1, "0.000308333333"), (20, "0.000616666667")])
    func groqsMinimum(seconds: Int, expected: String) throws {
        let pricer = try pricer(
            #"""
            [{"id": "groq", "models": [{"id": "whisper-large-v3", "match": {"equals": "whisper-large-v3"},
               "prices": {"input_audio_hours": 0.111}}]}]
            """#,
            .genaiPrices
        )
        let usage = #"{"provider": "groq", "model": "whisper-large-v3", "usage": {"audio_seconds": \#(seconds)}}"#
        #expect(try cost(pricer, usage) == expected)
    }

    /// In genai-prices a model without prices is free, and so is one until its first price.
    @Test(arguments: [
        ("free", "2026-01-01", "0"), ("later", "2026-01-01", "0"), ("later", "2026-07-01", "1"),
        ("unknown", "2026-01-01", "unpriced"),
    ])
    func emptyPricesAreFree(model: String, at: String, expected: String) throws {
        let pricer = try pricer(
            #"""
            [{"id": "p", "models": [
              {"id": "free", "match": {"equals": "free"}, "prices": {}},
              {"id": "unknown", "match": {"equals": "unknown"}, "prices": {"input_gpixels": 3}},
              {"id": "later", "match": {"equals": "later"}, "prices": [{"prices": {}},
                {"constraint": {"type": "start_date", "start_date": "2026-06-01"}, "prices": {"input_mtok": 1}}]}]}]
            """#,
            .genaiPrices
        )
        let usage = #""usage": {"input_total": 1000000, "output_total": 0}"#
        #expect(
            try cost(pricer, #"{"provider": "p", "model": "\#(model)", "at": "\#(at)T00:00:00Z", \#(usage)}"#)
                == expected
        )
    }

    /// Expressions that are names become names; the others, and rules of several conditions, are told.
    @Test func rulesOfNames() throws {
        let list = try PriceImport(
            #"""
            [{"id": "p", "models": [
              {"id": "a", "match": {"regex": "^a\\.5\\[fast=true\\]$"}, "prices": {"input_mtok": 1}},
              {"id": "b", "match": {"regex": "^b\\.5-\\d"}, "prices": {"input_mtok": 2}},
              {"id": "bb", "match": {"or": [{"contains": "bb"}, {"contains": "bb"}]}, "prices": {"input_mtok": 2}},
              {"id": "c", "match": {"regex": "^c-\\d{8}$"}, "prices": {"input_mtok": 3}},
              {"id": "d", "match": {"regex": "^(x|y)d$"}, "prices": {"input_mtok": 4}},
              {"id": "e", "match": {"and": [{"starts_with": "e"}, {"contains": "z"}]}, "prices": {"input_mtok": 5}}]}]
            """#.utf8,
            from: .genaiPrices
        )
        #expect(
            list.notes == ["p d: the rule ^(x|y)d$ was left out", "p e: a rule of several conditions was left out"]
        )
        let pricer = Pricer(book: try list.book(), revision: 1)
        for (name, expected) in [
            ("a.5[fast=true]", "1"), ("b.5-0528", "2"), ("b.5-x", "unpriced"), ("c-20260101", "3"), ("e", "5"),
            ("exz", "unpriced"), ("xd", "unpriced"),
        ] {
            let usage = #""usage": {"input_total": 1000000, "output_total": 0}"#
            #expect(try cost(pricer, #"{"provider": "p", "model": "\#(name)", \#(usage)}"#) == expected, "\(name)")
        }
    }

    @Test func aRowThatCannotBeSaysWhy() throws {
        let row = #"{"input_mtok": {"base": "1", "tiers": [[0, "2"]]}}"#
        let question = try PriceQuestion(
            JSONValue(parsing: #"{"provider": "p", "model": "m", "row": \#(row), "usage": {"input_total": 1}}"#.utf8)
        )
        #expect(throws: PriceBookError.self) { try question.importedBook() }
    }

    /// The price of a region goes before that of all regions, whichever way either is matched.
    @Test(arguments: [
        ("global.anthropic.claude-opus-4-7", "5"), ("us.anthropic.claude-opus-4-7", "5.5"),
        ("anthropic.claude-opus-4-7", "5.5"), ("global.anthropic.claude-opus-4-7-v1:0", "5"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-opus-4-7", "5"),
        ("us.amazon.nova-2-lite-v1:0", "0.33"), ("eu.amazon.nova-2-lite-v1:0", "0.33"),
        ("global.amazon.nova-2-lite-v1:0", "0.3"),
    ])
    func regionsOfTheBuiltInBook(model: String, expected: String) throws {
        let question = #"""
            {"provider": "aws", "model": "\#(model)", "at": "2026-11-20T12:00:00Z",
             "usage": {"input_total": 1000000, "output_total": 0}}
            """#
        #expect(try cost(Pricer(book: .builtIn, revision: 1), question) == expected)
    }

    @Test(arguments: [(199_999, "0.399998"), (200_000, "0.8")])
    func xAICountsFromTheThresholdOn(input: Int, expected: String) throws {
        let question = #"""
            {"provider": "x-ai", "model": "grok-build-latest", "at": "2026-11-20T12:00:00Z",
             "usage": {"input_total": \#(input), "output_total": 0}}
            """#
        #expect(try cost(Pricer(book: .builtIn, revision: 1), question) == expected)
    }
}
