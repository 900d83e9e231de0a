import Accounting
import Testing

struct PriceQuestionTests {
    private func question(_ json: String) throws -> PriceQuestion {
        try PriceQuestion(try JSONValue(parsing: json.utf8))
    }

    private func dollars(_ json: String) throws -> String? {
        let question = try question(json)
        let pricer = Pricer(book: try #require(try question.importedBook()), revision: 0)
        let cost = pricer.cost(of: question.usage, for: question.query)
        return cost.state == .unpriced ? nil : cost.amount.dollars
    }

    static let genai =
        #""row":{"input_mtok":"2","cache_read_mtok":"0.5","output_mtok":{"base":"8","tiers":[[1000,"16"]]}}"#
    static let litellm = """
        "row":{"litellm_provider":"xai","input_cost_per_token":2.5e-06,"output_cost_per_token":1e-05,\
        "cache_read_input_token_cost":1.25e-06,"input_cost_per_token_flex":1.25e-06,\
        "input_cost_per_token_above_1k_tokens":5e-6,"input_cost_per_token_above_1k_tokens_flex":2.5e-06,\
        "output_cost_per_token_priority":0.00002}
        """

    @Test(arguments: [
        (genai, #""input_total":1000,"cache_read":400,"output_total":10"#, "", "0.00148"),
        (genai, #""input_total":1001,"cache_read":400,"output_total":10"#, "", "0.001562"),
        (genai, #""input_total":10,"output_total":1,"web_searches":3"#, "", "0.000028"),
        (litellm, #""input_total":999,"cache_read":400,"output_total":10"#, "", "0.0020975"),
        // This provider's tiers hold from exactly the threshold on.
        (litellm, #""input_total":1000,"output_total":0"#, "", "0.005"),
        (litellm, #""input_total":100,"output_total":10"#, #","context":{"service_tier":"flex"}"#, "0.000225"),
        (litellm, #""input_total":2000,"output_total":10"#, #","context":{"service_tier":"flex"}"#, "0.0051"),
        (litellm, #""input_total":100,"output_total":10"#, #","context":{"service_tier":"fast"}"#, "0.00045"),
    ])
    func pricesFromARowOfItsOwn(_ row: String, _ usage: String, _ context: String, _ expected: String) throws {
        let json =
            #"{"provider":"p","model":"m","at":"2026-11-20T12:00:00+00:00","usage":{\#(usage)}\#(context),\#(row)}"#
        #expect(try dollars(json) == expected)
    }

    @Test func countsOfPartsAreInsideTheirWholes() throws {
        let counts = try question(
            #"""
            {"model":"m","usage":{"input_tokens":100,"cache_read_tokens":40,"cache_audio_read_tokens":10,
             "input_audio_tokens":25,"cache_write":20,"cache_write_1h":5,"output_total":9,"reasoning":4}}
            """#
        ).usage.counts
        #expect(counts[.cacheReadText] == 30)
        #expect(counts[.cacheReadAudio] == 10)
        #expect(counts[.inputAudio] == 15)
        #expect(counts[.cacheWrite5m] == 15)
        #expect(counts[.cacheWrite1h] == 5)
        #expect(counts[.inputText] == 25)
        #expect(counts[.outputText] == 5)
        #expect(counts[.outputReasoning] == 4)
    }

    @Test func takesTheFormOfAnEvent() throws {
        let question = try question(
            #"""
            {"model":{"requested":"a","reported":"b"},"usage":{"input":{"total":12,"text":2,"cache_read":10},
             "output":{"total":3,"text":3},"units":{"web_searches":1},"service_tier":"flex"}}
            """#
        )
        #expect(question.query.modelReported == "b")
        #expect(question.query.modelSent == "a")
        #expect(question.usage.counts[.cacheReadText] == 10)
        #expect(question.usage.counts[.webSearches] == 1)
        #expect(question.usage.serviceTier == "flex")
    }

    @Test(arguments: [
        "[]", "{}", #"{"model":"m"}"#, #"{"model":"m","usage":{"input_total":1,"cache_read":2}}"#,
        #"{"model":"m","usage":{"input_total":-1}}"#, #"{"model":"m","usage":{"input_total":1.5}}"#,
        #"{"model":"m","usage":{"inputs":1}}"#, #"{"model":"m","at":"yesterday","usage":{"input_total":1}}"#,
        #"{"model":"m","usage":{"input_total":99999999999999999999999}}"#,
    ])
    func refusesWhatItDoesNotUnderstand(_ json: String) {
        #expect(throws: PriceBookError.self) { try question(json) }
    }

    @Test func answersWithRowLinesAndSum() throws {
        let question = try question(
            #"{"id":7,"provider":"p","model":"m","usage":{"input_total":10,"output_total":1},"expected_cost_usd":"0.000028",\#(Self.genai)}"#
        )
        let pricer = Pricer(book: try #require(try question.importedBook()), revision: 0)
        let answer = try JSONValue(parsing: question.answer(by: pricer).utf8)
        #expect(answer["id"]?.integer == 7)
        #expect(answer["state"]?.text == "priced")
        #expect(answer["usd"]?.text == "0.000028")
        #expect(answer["exact"] == .bool(true))
        #expect(answer["row"]?["provider"]?.text == "p")
        #expect(answer["lines"]?.elements?.compactMap { $0["usd"]?.text } == ["0.00002", "0.000008"])
    }
}
